"""The audit of a session that has ended: its journal, its evidence, its base, and its verdict, reached again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gate import Denied, Gate, Patch, Verdict, change_of
from planners.targets import targets_of
from rfsn.compose import opened_suite
from rfsn.errors import UsageError
from rfsn.machine.home import resume_command, temporary_folder
from rfsn.machine.text import to_json
from rfsn.plugins import load_rules
from rfsn.project.project import Project
from rfsn.reporting.evidence import EVIDENCE, evidence_of, verdict_patch
from rfsn.sessions.projection import Projection
from rfsn.sessions.record import Record
from rfsn.sessions.signing import Signer, signature_problem
from rfsn.source.objects import tree_of_files
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.stability import Stability
from rfsn.trials.verdict import reach_verdict
from sandbox import UnsafePath, read_beneath

__all__ = ["Audit", "audit_session"]

_MAX_EVIDENCE = 64 << 20


@dataclass(frozen=True, slots=True)
class Audit:
    """Every disagreement, and the verdict reached now; None if there was no patch to verify."""

    problems: tuple[str, ...]
    verdict: Verdict | None
    signed: bool


def audit_session(folder: Path, signer: Signer | None = None) -> Audit:
    """Audit a session that has ended and reach its verdict again, with the same rules, environment and sandbox.

    Raises `JournalError` if the journal or a blob is damaged, and `UsageError` if the session has not ended or ran
    without a sandbox.
    """
    record = Record.read(folder)
    if record.projection.ended is None:
        raise UsageError(f"{folder.name} has not ended: continue with: {resume_command(folder)}")
    if record.config.sandbox == "local":
        # The session may come from somebody else, and so may this setting: its tests would run on this very machine.
        raise UsageError(
            f"{folder.name} ran without a sandbox: its verdict is not reached again; use rfsn judge on its patch"
        )
    problems = [*_evidence(record), *_base(record)]
    if signer is not None and (problem := signature_problem(record.folder / EVIDENCE, signer)):
        problems.append(problem)
    verdict, patch, told = None, verdict_patch(record), record.projection.state.last_verdict
    if patch is not None and told is not None and not problems:
        again = _reached_again(record, patch)
        if isinstance(again, Denied):
            problems.append(f"the gate denies the patch now: {again.rule}: {again.reason}")
            return Audit(tuple(problems), None, signer is not None)
        verdict = again
        if not told.unfinished and (verdict.accepted, verdict.fixed, verdict.broken) != (
            told.accepted,
            told.fixed,
            told.broken,
        ):
            problems.append(f"the verdict is different now: {'; '.join(verdict.reasons) or 'accepted'}")
    return Audit(tuple(problems), verdict, signer is not None)


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
        budget = Budget(record.config.time_limit, record.config.max_steps, lambda: 0.0)
        return reach_verdict(suite, budget, Stability(suite, budget), Beyond(suite, budget), known, change, context)


def _evidence(record: Record) -> list[str]:
    path = record.folder / EVIDENCE
    try:
        written = json.loads(read_beneath(record.folder, EVIDENCE, _MAX_EVIDENCE))
    except (OSError, UnsafePath):
        return [f"{path} is missing"]
    except (ValueError, RecursionError) as error:
        return [f"{path} cannot be read: {error}"]
    if not isinstance(written, dict):
        return [f"{path} is not evidence of a session"]
    now = json.loads(to_json(evidence_of(record)))
    keys = [key for key in {**now, **written} if key != "rfsn" and written.get(key) != now.get(key)]
    return [f"{path}: {key} does not match the journal" for key in keys]


def _base(record: Record) -> list[str]:
    source = record.projection.source
    if source is None:
        return []
    try:
        tree = tree_of_files(record.base)
    except (OSError, UsageError) as error:
        return [f"{record.base} is not the tree {source.tree} that the verdict is about: {error}"]
    return [] if tree == source.tree else [f"{record.base} is not the tree {source.tree} that the verdict is about"]
