"""How a session ends: its status, its files, its exit code."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildpacks.view import FolderView
from gate import Denied, apply
from planners.state import Batch, State
from rfsn.events import Observed, Proposed, SessionEnded
from rfsn.session import Session
from rfsn.source import render_diff

__all__ = ["EXIT_CODES", "conclude", "write_results"]

EXIT_CODES: Mapping[str, int] = {
    "repaired": 0,
    "nothing_to_repair": 0,
    "not_repaired": 1,
    "denied": 1,
    "flaky": 1,
    "usage_error": 2,
    "infra_error": 3,
    "interrupted": 130,
}
"""Each status, and the exit code of a command that ends with it."""

_LETTERS = {
    "p": "plausible",
    "f": "failed",
    "t": "timeout",
    "i": "invalid",
    "x": "crashed",
    "c": "unconfirmed",
    "d": "denied",
}


def conclude(state: State, problem: str | None) -> SessionEnded:
    """The end of a session whose planner has ended, or whose budget has (`problem` says how)."""
    return SessionEnded(status=_status(state), reason=problem or (state.ended.reason if state.ended else ""))


def _status(state: State) -> str:
    baseline = state.baseline
    if state.ended and state.verdict is not None and state.verdict.accepted:
        return "repaired"
    if baseline is not None and baseline.problem:
        return "infra_error"
    if baseline is not None and not baseline.failing_total:
        return "nothing_to_repair"
    if state.denials:
        return "denied"
    return "flaky" if state.ended and state.repeat is not None and state.spectrum is None else "not_repaired"


def write_results(session: Session) -> dict[str, Any]:
    """Write `report.json` and, where a patch was verified, `patch.diff` into the session's folder; return the report.

    Both are made from the journal and the snapshot alone: writing them again gives the same.
    """
    progress = session.progress
    diff = ""
    if progress.ended and progress.ended.status == "repaired" and progress.state.applied is not None:
        change = apply(progress.state.applied, FolderView(session.base).read)
        diff = render_diff(session.base, change, session.folder / "patch.index")
        _write(session.folder / "patch.diff", diff)
    result = _report(session, diff)
    _write(session.folder / "report.json", json.dumps(result, indent=2) + "\n")
    return result


def _report(session: Session, diff: str) -> dict[str, Any]:
    progress, state = session.progress, session.progress.state
    outcomes: Counter[str] = Counter()
    denials: list[dict[str, str]] = []
    for entry in session.journal.entries:
        match entry.event:
            case Observed(observation=Batch(outcomes=letters)):
                outcomes.update(_LETTERS[letter] for letter in letters)
            case Proposed(proposal=proposal, decision=Denied() as denied):
                denials.append({"proposal": proposal.id, "rule": denied.rule, "reason": denied.reason})
    ended = progress.ended
    verdict = state.verdict
    return {
        "session": session.name,
        "folder": str(session.folder),
        "source": progress.source.origin if progress.source else None,
        "status": ended.status if ended else "interrupted",
        "reason": ended.reason if ended else f"stopped by the user; go on with: rfsn resume {session.name}",
        "patch": diff or None,
        "tests": {
            "command": list(progress.environment.test) if progress.environment else None,
            "total": state.baseline.total if state.baseline else None,
            "passed": state.baseline.passed if state.baseline else None,
            "failing": list(state.baseline.failing) if state.baseline else [],
            "fixed": list(verdict.fixed) if verdict and verdict.accepted else [],
        },
        "verdict": {"accepted": verdict.accepted, "reasons": list(verdict.reasons), "evidence": verdict.evidence}
        if verdict
        else None,
        "environment": progress.environment.description if progress.environment else None,
        "sandbox": progress.environment.backend if progress.environment else None,
        "steps": state.steps,
        "candidates": state.tried,
        "outcomes": dict(sorted(outcomes.items())),
        "denials": denials,
        "seconds": round(session.journal.entries[-1].clock, 3),
        "cpu_seconds": round(progress.cpu_s, 3),
        "seed": session.config.seed,
    }


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8", errors="surrogateescape")
    partial.rename(path)
