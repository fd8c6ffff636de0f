"""The audit of a session that has ended: its journal, its files, its base, and its verdict, reached again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate import Denied, Gate, Patch, Verdict, change_of
from planners.targets import targets_of
from rfsn import __version__
from rfsn.compose import GIVEN, opened_suite
from rfsn.errors import UsageError
from rfsn.machine.home import resume_command, temporary_folder
from rfsn.machine.text import to_json
from rfsn.plugins import load_rules
from rfsn.project.delivery import delivery_problem
from rfsn.project.diffs import MAX_DIFF_BYTES, patch_of, read_diff
from rfsn.project.downloads import silent
from rfsn.project.issue import ISSUE
from rfsn.project.project import Project
from rfsn.reporting.evidence import EVIDENCE, evidence_of, verdict_patch
from rfsn.reporting.report import report_of
from rfsn.reporting.results import RESULTS, results_of
from rfsn.sessions.outcome import status_problem
from rfsn.sessions.projection import Projection
from rfsn.sessions.record import Record
from rfsn.sessions.signing import Signer, seal_problem, signature_problem
from rfsn.source.objects import tree_of_files
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.generality import Generality
from rfsn.trials.stability import Stability
from rfsn.trials.verdict import reach_verdict
from sandbox import UnsafePath, read_beneath

__all__ = ["Audit", "audit_session", "differences"]

_MAX_FILE = 64 << 20


@dataclass(frozen=True, slots=True)
class Audit:
    """Every disagreement, and the verdict reached now; None if there was no patch to verify.

    `facts` say what was audited: the session, its status, and the hashes of base, patch, journal and evidence; and the
    `settings` that bear on the verdict. `signed` is whether a signature by somebody named was asked for.
    """

    problems: tuple[str, ...]
    verdict: Verdict | None
    signed: bool
    facts: Mapping[str, str | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def audit_session(folder: Path, signer: Signer | None = None, tell: Callable[[str], None] = silent) -> Audit:
    """Audit a session that has ended and reach its verdict again, with the same rules, environment and sandbox.

    `tell` is told what is done. Raises `JournalError` if the journal or a blob is damaged, and `UsageError` if the
    session has not ended or ran without a sandbox.
    """
    tell(f"session {folder.name}: its journal, its files and its base are compared")
    record = Record.read(folder)
    if record.projection.ended is None:
        raise UsageError(f"{folder.name} has not ended: continue with: {resume_command(folder)}")
    if record.config.sandbox == "local":
        # The session may come from somebody else, and so may this setting: its tests would run on this very machine.
        raise UsageError(
            f"{folder.name} ran without a sandbox: its verdict is not reached again; use rfsn judge on its patch"
        )
    problems, evidence = [*_base(record)], dict[str, Any]()
    if not problems:  # nothing else can be made again without it
        evidence = evidence_of(record, results_of(record, report_of(record)))
        problems = [*_files(record, evidence), *_settled(record)]
    if signer is not None and (problem := signature_problem(record.folder / EVIDENCE, signer)):
        problems.append(problem)
    verdict, patch, told = None, verdict_patch(record), record.projection.state.last_verdict
    if patch is not None and told is not None and not problems:
        baseline = record.projection.state.baseline
        took = f"; a run took {baseline.duration_s:.1f} s" if baseline else ""
        tell(f"the verdict is reached again: the tests are run at least twice with the patch{took}")
        again = _reached_again(record, patch)
        verdict = None if isinstance(again, Denied) else again
        problems += differences(again, told)
    facts = _facts(record, evidence)
    return Audit(tuple(problems), verdict, signer is not None, facts, evidence.get("settings", {}))


def differences(again: Verdict | Denied, told: Verdict) -> Iterator[str]:
    """How what gate and verdict say now differs from what the journal told."""
    if isinstance(again, Denied):
        yield f"the gate denies the patch now: {again.rule}: {again.reason}"
    elif (told.accepted or not told.unfinished) and (again.accepted, again.fixed, again.broken) != (
        told.accepted,
        told.fixed,
        told.broken,
    ):
        yield f"the verdict is different now: {'; '.join(again.reasons) or 'accepted'}"
    elif told.accepted and told.unfinished:
        yield "the verdict is accepted and unfinished, which cannot be"
    elif again.narrow and told.narrow is False:
        yield f"the patch is narrow now: {again.narrow_because}"


def _facts(record: Record, evidence: Mapping[str, Any]) -> dict[str, str | None]:
    """What identifies the session, and everything in it, to somebody who has only this output."""
    ended, source = record.projection.ended, record.projection.source
    written = _content(record, EVIDENCE)
    return {
        "session": record.started.session,
        "ended": ended.status if ended else None,
        "base": source.tree if source else None,
        "patch": (evidence.get("patch") or {}).get("sha256"),
        "journal": evidence.get("journal", {}).get("sha256"),
        "evidence": None if written is None else hashlib.sha256(written).hexdigest(),
    }


def _reached_again(record: Record, patch: Patch) -> Verdict | Denied:
    project = Project(record)
    context = project.gate_context(Projection())
    change = change_of(patch, context)
    if isinstance(change, Denied):
        return change
    decision = Gate(further=load_rules(record.config.gate_rules)).check(change, context)
    if isinstance(decision, Denied):
        return decision
    known = targets_of(record.projection.state, record.blobs, record.config.target)
    with temporary_folder() as scratch, opened_suite(project, Path(scratch)) as suite:
        suite.add(record.projection.state.scratch)
        limits = record.config.time_limit, record.config.max_steps
        budget = Budget(*limits, lambda: 0.0, side_by_side=suite.side_by_side)
        verdict = reach_verdict(suite, budget, Stability(suite, budget), Beyond(suite, budget), known, change, context)
        return Generality(suite, budget, strict=record.config.strict).weighed(verdict, known, change)


def _content(record: Record, name: str) -> bytes | None:
    """A file of the session; None if there is none that can be read without leaving the folder."""
    try:
        return read_beneath(record.folder, name, _MAX_FILE)
    except (OSError, UnsafePath):
        return None


def _files(record: Record, evidence: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the files that the session leaves: its evidence, its results, and what it was given."""
    content = _content(record, EVIDENCE)
    if content is None:
        yield f"{record.folder / EVIDENCE} is missing"
        return
    written, unreadable = _parsed(content)
    if unreadable:
        yield f"{record.folder / EVIDENCE} {unreadable}"
        return
    now = json.loads(to_json(evidence))
    ours = written.get("rfsn") == __version__
    if not ours and written.get("rfsn") != record.started.version:
        yield f"{record.folder / EVIDENCE}: rfsn is neither this version nor the one that the journal names"
        return
    # What another version writes looks otherwise: there is only its own hash to compare with.
    exempt = {"rfsn"} if ours else {"rfsn", "files"}
    differing = [key for key in {**now, **written} if key not in exempt and written.get(key) != now.get(key)]
    yield from (f"{record.folder / EVIDENCE}: {key} does not match the journal" for key in differing)
    if ours and not differing and content != (to_json(evidence, indent=2) + "\n").encode():
        yield f"{record.folder / EVIDENCE} is not spelled as it was written"
    hashes = now["files"] if ours else {**_strings(written.get("files")), **_diffs(now["files"])}
    yield from (problem for name in RESULTS if (problem := _result_problem(record, name, hashes.get(name))))
    if record.config.sign_key and (problem := seal_problem(record.folder / EVIDENCE)):
        yield problem


def _parsed(content: bytes) -> tuple[dict[str, Any], str]:
    try:
        written = json.loads(content)
    except (ValueError, RecursionError) as error:
        return {}, f"cannot be read: {error}"
    return (written, "") if isinstance(written, dict) else ({}, "is not evidence of a session")


def _strings(value: object) -> dict[str, str]:
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _diffs(hashes: Mapping[str, str]) -> dict[str, str]:
    """Those of the patches, which every version writes alike."""
    return {name: hash for name, hash in hashes.items() if name.endswith(".diff")}


def _result_problem(record: Record, name: str, expected: str | None) -> str | None:
    content, path = _content(record, name), record.folder / name
    if expected is None:
        return f"{path} does not belong to this session" if path.exists() else None
    if content is None:
        return f"{path} is missing"
    return None if hashlib.sha256(content).hexdigest() == expected else f"{path} is not what the journal leads to"


def _settled(record: Record) -> Iterator[str]:
    """What does not agree within the session: its status, what it was given, and what was done with its patch."""
    yield from filter(None, [status_problem(record.projection, record.config), delivery_problem(record)])
    given = {GIVEN: record.config.given, ISSUE: record.config.issue}
    for name, hash in given.items():
        content = _content(record, name)
        if hash is not None and (content is None or hashlib.sha256(content).hexdigest() != hash):
            yield f"{record.folder / name} is {'missing' if content is None else 'not what the journal names'}"
        elif content is not None and name == GIVEN and len(content) <= MAX_DIFF_BYTES:
            applied = verdict_patch(record)
            if applied is not None and applied != patch_of(read_diff(content, record.base)):
                yield f"{record.folder / name} is not the patch that the verdict is about"


def _base(record: Record) -> list[str]:
    source = record.projection.source
    if source is None:
        return []
    try:
        tree = tree_of_files(record.base)
    except (OSError, UsageError) as error:
        return [f"{record.base} is not the tree {source.tree} that the verdict is about: {error}"]
    return [] if tree == source.tree else [f"{record.base} is not the tree {source.tree} that the verdict is about"]
