"""One instance of a data set as a session, and its session as one row of results."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from buildpacks import Outcome
from planners.naming import Names
from rfsn.compose import run_session
from rfsn.errors import RfsnError, StorageError
from rfsn.evaluation.channel import Channel, RemotePurse
from rfsn.evaluation.clones import clone_of
from rfsn.evaluation.formats import InlineInstance, RepositoryInstance
from rfsn.evaluation.jobs import Job
from rfsn.models.cards import cards_of
from rfsn.models.purse import Purse
from rfsn.project.issue import ISSUE
from rfsn.sessions.events import Event, Started
from rfsn.sessions.projection import Projection
from rfsn.sessions.session import Session
from rfsn.source.snapshot import Snapshot, paths_of, take_files
from rfsn.source.source import take_source
from sandbox import SandboxError, discard, remove_marked

__all__ = ["run_instance", "run_job"]


class Follower(Protocol):
    """What is told of the steps of a session."""

    def tell(self, **message: Any) -> None:
        """Say what is done now."""


def run_job(job: Job, channel: Channel) -> dict[str, Any]:
    """Repair the instance of a job and return its row. The evaluation behind `channel` pays, and is told each step.

    A row that cannot even start (no clone, a test patch that does not apply) ends as `infra_error`.
    """
    purse = RemotePurse(channel, job.config.max_cost) if cards_of(job.config).all else None
    return run_instance(job, purse, channel)


def run_instance(job: Job, purse: Purse | None, follower: Follower) -> dict[str, Any]:
    """The same with what it needs in this process: `purse` is what models may cost in all sessions together."""
    if not job.resumed and not discard(job.folder):
        remove_marked(job.folder)  # raises with the reason
    cpu = time.process_time()
    try:
        report = _run(job, purse, follower)
    except StorageError:
        raise
    except (RfsnError, OSError) as error:
        report = {"status": "infra_error", "reason": str(error), "seconds": 0.0}
    row = {
        "instance_id": job.id,
        "status": report["status"],
        "seconds": report["seconds"],
        "cpu_seconds": round(time.process_time() - cpu + report.get("cpu_seconds", 0.0), 3),
        "candidates": report.get("candidates", 0),
        "patch": report.get("patch"),
        "reason": report["reason"],
        "session": str(job.folder),
        "seed": job.config.seed,
    }
    if asked := report.get("models"):
        row |= {"models": [each["model"] for each in asked["each"]], "cost_usd": asked["cost_usd"]}
    if isinstance(job.instance, RepositoryInstance):
        if job.hidden:
            return row | {"mode": "hidden"} | _graded(job, job.instance, report)
        row |= {"mode": "given", "baseline": report.get("baseline")}
    return row


def _graded(job: Job, instance: RepositoryInstance, report: dict[str, Any]) -> dict[str, Any]:
    """What the tests that were hidden say of a patch. They are run now: the session is over."""
    if not report.get("patch"):
        return {"resolved": False}
    from rfsn.evaluation.grading.grader import opened_grader  # noqa: PLC0415  # only where tests are hidden
    from rfsn.evaluation.grading.rows import hidden_row  # noqa: PLC0415  # the same

    try:
        with opened_grader(hidden_row(instance), job.config, job.repos) as grader:
            grade = grader.grade(report["patch"])
    except StorageError:
        raise
    except (RfsnError, SandboxError, OSError) as error:
        return {"resolved": False, "grade": f"infra_failure: {error}"}
    return {"resolved": grade.status == "resolved", "grade": f"{grade.status}: {grade.reason}".removesuffix(": ")}


def _run(job: Job, purse: Purse | None, follower: Follower) -> dict[str, Any]:
    instance = job.instance
    clone = clone_of(instance, job.repos) if isinstance(instance, RepositoryInstance) else None
    session = Session.resume(job.folder) if job.resumed else _new_session(job)

    def take(into: Path) -> Snapshot:
        if isinstance(instance, InlineInstance):
            return take_files(instance.files, f"instance {instance.instance_id}", into)
        shown = "" if job.hidden else instance.test_patch
        return take_source(str(clone), instance.base_commit, into, shown, sandbox=job.config.sandbox)

    try:
        session.listeners.append(_told(follower))
        report = run_session(session, take=take, purse=purse, sessions=job.sessions)
        if isinstance(instance, RepositoryInstance) and not job.hidden:
            report["baseline"] = _agreement(instance, session)
        return report
    finally:
        session.close()


def _new_session(job: Job) -> Session:
    """A session with the settings of the row. What solves it, and what is hidden, is in none of them."""
    instance = job.instance
    config = job.config
    update: dict[str, Any] = {}
    if isinstance(instance, InlineInstance):
        update = {"test": instance.test_command, "protect": (*config.protect, *instance.test_files)}
    else:
        update = {"packages": instance.packages, "python": instance.python or config.python}
        if not job.hidden:
            variables, command = instance.bare_command
            update |= {"test": command or config.test, "env": {**config.env, **variables}}
            update |= {"target": instance.fail_to_pass}
            update |= {"protect": (*config.protect, *paths_of(instance.test_patch))}
    issue = instance.problem_statement.encode(errors="replace")
    files = {ISSUE: issue} if issue.strip() and cards_of(config).all else {}
    if files:
        update["issue"] = hashlib.sha256(issue).hexdigest()
    return Session.create(job.source, config.model_copy(update=update), job.folder, files)


def _told(follower: Follower) -> Callable[[Event, Projection], None]:
    """A listener that tells each step of a session."""

    def listen(event: Event, projection: Projection) -> None:
        if isinstance(event, Started) and projection.pending is not None:
            follower.tell(step=f"{projection.pending.phase}: {projection.pending.intent}")

    return listen


def _agreement(instance: RepositoryInstance, session: Session) -> dict[str, int] | None:
    """How far the run of the base agrees with the row: the numbers of ids, and of those with the stated outcome."""
    baseline = session.projection.state.baseline
    if baseline is None:
        return None
    cases = session.blobs.report(baseline.report).cases
    outcomes = {case.id: case.outcome for case in cases}
    names = Names(cases)

    def passes(id: str) -> bool:
        matching = [outcomes[case] for case in names.of(id)]
        return bool(matching) and all(outcome is Outcome.PASSED for outcome in matching)

    failing = [id for id in instance.fail_to_pass if not passes(id)]
    passing = [id for id in instance.pass_to_pass if passes(id)]
    return {
        "fail_to_pass": len(instance.fail_to_pass),
        "failing": len(failing),
        "pass_to_pass": len(instance.pass_to_pass),
        "passing": len(passing),
    }
