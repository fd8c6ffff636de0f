"""How a session ends: its status, its files, its exit code."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from buildpacks.view import FolderView
from gate import Denied, Patch, PatchError, apply
from planners.state import Batch, State
from rfsn.errors import JournalError
from rfsn.events import Interrupted, Observed, Proposed, SessionEnded
from rfsn.record import Record
from rfsn.session import Session
from rfsn.source import render_diff

__all__ = ["EXIT_CODES", "LETTERS", "conclude", "diff_of", "regenerate", "report_of", "write_results"]

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

LETTERS: Mapping[str, str] = {
    "p": "plausible",
    "f": "failed",
    "t": "timeout",
    "i": "invalid",
    "x": "crashed",
    "c": "unconfirmed",
    "d": "denied",
}
"""What each letter in the outcomes of a batch means."""


def conclude(state: State, problem: str | None) -> SessionEnded:
    """The end of a session whose planner has ended, or whose budget has (`problem` says how)."""
    status = _status(state)
    broken = state.baseline.problem if state.baseline and status == "infra_error" else ""
    return SessionEnded(status=status, reason=broken or problem or (state.ended.reason if state.ended else ""))


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
    """Write `report.json`, `report.html` and, where a patch was verified, `patch.diff`; return the report.

    All are made from the journal, its blobs and the snapshot alone: writing them again gives the same.
    """
    return _write_results(Record.of(session))


def regenerate(folder: Path) -> dict[str, Any]:
    """Write the results of the session in `folder` again, also while a controller is at work on it."""
    return _write_results(Record.read(folder))


def _write_results(record: Record) -> dict[str, Any]:
    from rfsn.page import page_of  # noqa: PLC0415  # only the end of a session needs it, and it needs this module

    report = report_of(record)
    if report["patch"]:
        _write(record.folder / "patch.diff", report["patch"])
    _write(record.folder / "report.json", json.dumps(report, indent=2) + "\n")
    _write(record.folder / "report.html", page_of(record, report))
    return report


def diff_of(record: Record, patch: Patch) -> str:
    """A patch on a session's snapshot, as a diff that `git apply` takes."""
    try:
        change = apply(patch, FolderView(record.base).read)
    except PatchError as error:
        raise JournalError(f"{record.base} is no longer what the journal says: {error}") from error
    with TemporaryDirectory(prefix="rfsn-") as scratch:
        return render_diff(record.base, change, Path(scratch) / "index")


def report_of(record: Record) -> dict[str, Any]:
    """The report of a session: what `report.json` holds."""
    progress, state = record.progress, record.progress.state
    ended, verdict = progress.ended, state.verdict
    diff = diff_of(record, state.applied) if ended and ended.status == "repaired" and state.applied else ""
    outcomes: Counter[str] = Counter()
    denials: list[dict[str, str]] = []
    for entry in record.entries:
        match entry.event:
            case Observed(observation=Batch(outcomes=letters)):
                outcomes.update(LETTERS[letter] for letter in letters)
            case Proposed(proposal=proposal, decision=Denied() as denied):
                denials.append({"proposal": proposal.id, "rule": denied.rule, "reason": denied.reason})
    return {
        "session": record.folder.name,
        "folder": str(record.folder),
        "source": progress.source.origin if progress.source else None,
        "status": ended.status if ended else "interrupted",
        "reason": ended.reason if ended else _unfinished(record),
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
        "seconds": round(record.seconds, 3),
        "cpu_seconds": round(progress.cpu_s, 3),
        "seed": record.config.seed,
    }


def _unfinished(record: Record) -> str:
    """Why a session has no end: it was stopped, or killed, or goes on."""
    resume = f"go on with: rfsn resume {record.folder.name}"
    if isinstance(record.entries[-1].event, Interrupted):
        return f"stopped by the user; {resume}"
    return f"not finished; unless a controller is still at work on it, {resume}"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8", errors="surrogateescape")
    partial.rename(path)
