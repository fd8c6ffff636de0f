"""The report of a session: what its journal says, in one object."""

from __future__ import annotations

from collections import Counter
from typing import Any

from buildpacks.view import FolderView
from gate import Change, Denied, Patch, PatchError, apply
from planners.observations import MAX_LISTED, Batch
from planners.search.localize import Suspect, rank
from planners.targets import targets_of
from planners.trial import TrialOutcome
from rfsn.errors import JournalError, RfsnError
from rfsn.machine.home import resume_command
from rfsn.project.message import name_of_source, place_of_fault
from rfsn.project.project import Project
from rfsn.reporting.ambiguity import ambiguities, chosen_and_others
from rfsn.reporting.calls import models_report
from rfsn.reporting.diagnosis import findings_of
from rfsn.sessions.events import Interrupted, Observed, Proposed
from rfsn.sessions.record import Record
from rfsn.source.snapshot import render_diff

__all__ = ["diff_of", "ranked_suspects", "report_of"]

_SUSPECTS = 10


def diff_of(record: Record, patch: Patch) -> str:
    """A patch on a session's snapshot, as a diff that `git apply` accepts."""
    return render_diff(record.base, _change(record, patch))


def _change(record: Record, patch: Patch) -> Change:
    try:
        return apply(patch, FolderView(record.base).read)
    except PatchError as error:
        raise JournalError(f"{record.base} no longer matches the journal: {error}") from error


def report_of(record: Record) -> dict[str, Any]:
    """The report of a session: the content of `report.json`."""
    projection, state = record.projection, record.projection.state
    ended, verdict = projection.ended, state.last_verdict
    outcomes: Counter[str] = Counter()
    denials: list[dict[str, str]] = []
    for entry in record.entries():
        match entry.event:
            case Observed(observation=Batch(outcomes=letters)):
                outcomes.update(TrialOutcome(letter).label for letter in letters)
            case Proposed(proposal=proposal, decision=Denied() as denied):
                denials.append({"proposal": proposal.id, "rule": denied.rule, "reason": denied.reason})
    return {
        "session": record.folder.name,
        "title": _title(record),
        "folder": str(record.folder),
        "source": projection.source.origin if projection.source else None,
        "not_fetched": {
            "submodules": list(projection.source.submodules) if projection.source else [],
            "lfs_pointers": list(projection.source.pointers) if projection.source else [],
        },
        "status": ended.status if ended else "interrupted",
        "reason": ended.reason if ended else _unfinished(record),
        "diagnosis": _diagnosis(record),
        "patch": diff_of(record, state.verified[0]) if state.verified else None,
        "best": _best(record),
        "confidence": ended.confidence if ended else None,
        "withdrawn": bool(ended and ended.withdrawn),
        "because": list(ended.because) if ended else [],
        "ambiguities": _ambiguities(record),
        "alternatives": _alternatives(record),
        "tests": {
            "command": list(projection.environment.parts[0].test) if projection.environment else None,
            "total": state.baseline.total if state.baseline else None,
            "passed": state.baseline.passed if state.baseline else None,
            "failing": list(state.baseline.failing) if state.baseline else [],
            "skipped": _skipped(record),
            "note": state.baseline.note if state.baseline else "",
            "fixed": list(verdict.fixed) if verdict and state.verified else [],
        },
        "oracle": state.oracle,
        "generated_test": {"path": state.scratch.path, "content": state.scratch.content.decode("utf-8", "replace")}
        if state.scratch
        else None,
        "verdict": {"accepted": verdict.accepted, "reasons": list(verdict.reasons), "basis": verdict.basis}
        if verdict
        else None,
        "narrow": verdict.narrow if verdict else None,
        "narrow_because": verdict.narrow_because if verdict else "",
        "environment": projection.environment.description if projection.environment else None,
        "instead_of": (projection.environment.why or None) if projection.environment else None,
        "sandbox": projection.environment.backend if projection.environment else None,
        "suspects": _named_suspects(record),
        "steps": state.steps,
        "candidates": state.tried,
        "outcomes": dict(sorted(outcomes.items())),
        "denials": denials,
        "models": models_report(record),
        "seconds": round(record.seconds, 3),
        "cpu_seconds": round(projection.cpu_s, 3),
        "seed": record.config.seed,
    }


def _title(record: Record) -> str:
    """The project and the fault, to tell several open reports apart."""
    state, ended = record.projection.state, record.projection.ended
    name = name_of_source(record.started.source)
    if not state.verified:
        return f"{name}: {ended.status.replace('_', ' ') if ended else 'interrupted'}"
    return f"{name}: {place_of_fault(_change(record, state.verified[0]))}"


def _best(record: Record) -> dict[str, Any] | None:
    """The patch that was withdrawn, or that there was no time to verify; `fixed` is what it is known to fix."""
    state, ended = record.projection.state, record.projection.ended
    if state.verified:
        return None
    if ended is not None and ended.withdrawn:
        patch, fixed = state.plausible[0].patch, state.last_verdict.fixed if state.last_verdict else ()
    elif state.unfinished:
        patch, fixed = state.unfinished.patch, state.unfinished.verdict.fixed
    elif state.applied:
        patch, fixed = state.applied, ()
    elif state.plausible:
        patch, fixed = state.plausible[0].patch, targets_of(state, record.blobs, record.config.target).all
    elif state.partial:
        patch, fixed = state.partial[0].patch, state.partial[0].fixed
    else:
        return None
    location = ", ".join(dict.fromkeys(operation.path for operation in patch))
    return {"patch": diff_of(record, patch), "fixed": list(fixed), "location": location}


def _alternatives(record: Record) -> list[dict[str, str]]:
    """The other patches that pass every test, if one was verified or withdrawn."""
    chosen, others = chosen_and_others(record)
    return [
        {"operator": other.operator, "location": other.location, "patch": diff_of(record, other.patch)}
        for other in (others if chosen else ())
    ]


def _ambiguities(record: Record) -> list[dict[str, Any]]:
    try:
        return ambiguities(record)
    except RfsnError:  # a blob is damaged: the rest of the report is still worth having
        return []


def _named_suspects(record: Record) -> list[str]:
    try:
        return [f"{suspect.path}:{suspect.line}" for suspect in ranked_suspects(record)[:_SUSPECTS]]
    except RfsnError:  # a blob or the snapshot is damaged: the rest of the report is still worth having
        return []


def _skipped(record: Record) -> int | None:
    baseline = record.projection.state.baseline
    try:
        return record.blobs.report(baseline.report).skipped if baseline else None
    except RfsnError:  # a blob is damaged
        return None


def _diagnosis(record: Record) -> list[dict[str, Any]]:
    try:
        findings = findings_of(record)
    except (RfsnError, OSError):  # the same
        return []
    return [
        {"kind": found.kind, "seems": found.seems, "advice": found.advice, "tests": list(found.tests[:MAX_LISTED])}
        for found in findings
    ]


def ranked_suspects(record: Record) -> list[Suspect]:
    """The suspicious lines, most suspicious first; empty if the session did not trace its tests."""
    spectrum = record.projection.state.spectrum
    if spectrum is None:
        return []
    targets = targets_of(record.projection.state, record.blobs, record.config.target).all
    return rank(record.blobs.spectrum(spectrum.spectrum), targets, Project(record).is_source)


def _unfinished(record: Record) -> str:
    """Why a session has not ended: it was stopped or killed, or is still running."""
    resume = f"continue with: {resume_command(record.folder)}"
    if isinstance(record.last.event, Interrupted):
        return f"stopped by the user; {resume}"
    return f"not finished; unless it is still running, {resume}"
