"""Wiring: the only place that puts a session, its planner, its gate and its sandboxes together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pathspec
import structlog

from buildpacks import Buildpack, BuildpackError, BuildPlan, PlanOptions
from buildpacks.view import FolderView
from gate import BasePaths, Context, Gate
from planners.api import Planner, PlannerContext
from planners.meta import MetaPlanner
from planners.search.planner import CandidateSearch
from rfsn.budget import Budget
from rfsn.controller import Controller
from rfsn.environment import prepare_environment
from rfsn.errors import InfraError, RfsnError, UsageError
from rfsn.events import EnvironmentReady, Interrupted, SessionEnded, SourceTaken
from rfsn.execution import Executor
from rfsn.outcome import write_results
from rfsn.plugins import detect_buildpack
from rfsn.runs import Bench
from rfsn.session import Progress, Session
from rfsn.source import Snapshot, take_source
from sandbox import SandboxError, SandboxProvider, choose, remove_tree

_log = structlog.get_logger("rfsn")

__all__ = ["Project", "default_planner", "run_session"]


def default_planner() -> Planner:
    """The planner that needs no model: the search planner in its six phases."""
    return MetaPlanner(CandidateSearch())


class Project:
    """A taken source as gate and planner see it: pure data, the same whenever it is made again from the session."""

    def __init__(self, session: Session) -> None:
        config = session.config
        self.view = FolderView(session.base)
        self.pack: Buildpack = detect_buildpack(self.view)
        try:
            self.plan: BuildPlan = self.pack.plan(self.view, _plan_options(session))
        except BuildpackError as error:
            raise UsageError(str(error)) from error
        patterns = (*self.pack.protected(self.view), *config.protect)
        self._protected = pathspec.GitIgnoreSpec.from_lines(patterns)
        self._paths = BasePaths(self.view.files(), self.view.links())
        self._session = session

    def protected(self, path: str) -> bool:
        """Whether a path belongs to tests, configuration or dependencies."""
        return self._protected.match_file(path)

    def gate_context(self, progress: Progress) -> Context:
        """What rules may look at, where the session stands."""
        state = progress.state
        return Context(
            base=self._paths,
            read=self.view.read,
            protected=self.protected,
            commands=(self.plan.test,),
            phase=state.phase,
            used_ids=progress.used_ids,
            applied=state.applied is not None,
            verified=state.verdict is not None and state.verdict.accepted,
        )

    def planner_context(self) -> PlannerContext:
        """What planners may look at."""
        seed = self._session.config.seed
        return PlannerContext(
            view=self.view,
            evidence=self._session.blobs,
            is_source=lambda path: path.endswith(".py") and not self.protected(path),
            generator=lambda label: Random(f"{seed}:{label}"),  # noqa: S311  # reproducible, not secret
            wanted=self._session.config.target,
        )


def run_session(
    session: Session,
    *,
    planner: Planner | None = None,
    take: Callable[[Path], Snapshot] | None = None,
) -> dict[str, Any]:
    """Carry a new or resumed session to its end and return its report.

    `take` makes the snapshot where the source is no path or URL. An infrastructure failure ends the session as
    `infra_error`; `KeyboardInterrupt` is journaled and passed on, and the session can be resumed.
    """
    with structlog.contextvars.bound_contextvars(session=session.name):
        try:
            if session.progress.ended is None:
                _run(session, planner or default_planner(), take)
        except KeyboardInterrupt:
            session.record(Interrupted())
            write_results(session)
            raise
        except (InfraError, SandboxError) as error:
            session.record(SessionEnded(status="infra_error", reason=str(error)))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            session.record(SessionEnded(status="infra_error", reason=f"{where}{error.strerror or error}"))
        except UsageError as error:
            session.record(SessionEnded(status="usage_error", reason=str(error)))
        except RfsnError:
            raise  # the journal itself cannot be written: there is nowhere to record it
        except Exception as error:  # noqa: BLE001  # the outermost edge: no session ends without saying so
            _log.exception("a defect in rfsn")
            session.record(
                SessionEnded(status="infra_error", reason=f"a defect in rfsn: {type(error).__name__}: {error}")
            )
        finally:
            remove_tree(session.scratch)
        return write_results(session)


def _run(session: Session, planner: Planner, take: Callable[[Path], Snapshot] | None) -> None:
    config, progress = session.config, session.progress
    assert progress.started is not None
    remove_tree(session.scratch)
    session.scratch.mkdir()
    if progress.source is None:
        remove_tree(session.base)
        source = progress.started.source
        snapshot = take(session.base) if take else take_source(source, config.ref, session.base)
        session.record(SourceTaken(**asdict(snapshot)))
    project = Project(session)
    with _provider(config.sandbox) as provider:
        environment = prepare_environment(project.plan, session.base, provider, offline=config.offline)
        if session.progress.environment is None:
            session.record(_ready(project, provider))
        plan = project.plan
        bench = Bench(session.base, project.view, environment, project.pack, plan, provider, session.scratch)
        budget = Budget(config.time_limit, config.max_steps, lambda: session.journal.clock)
        gate = Gate()
        executor = Executor(bench, gate, session.blobs, budget, workers=config.workers, wanted=config.target)
        try:
            Controller(session, planner, gate, executor, budget, project.planner_context(), project.gate_context).run()
        finally:
            executor.close()


def _plan_options(session: Session) -> PlanOptions:
    config, source = session.config, session.progress.source
    return PlanOptions(config.test, config.env, config.packages, source.version if source else "")


def _ready(project: Project, provider: SandboxProvider) -> EnvironmentReady:
    plan = project.plan
    return EnvironmentReady(
        pack=plan.pack,
        description=plan.description,
        cache_key=plan.cache_key,
        backend=provider.name,
        test=plan.test,
    )


@contextmanager
def _provider(name: str) -> Iterator[SandboxProvider]:
    provider = choose(name)
    try:
        yield provider
    finally:
        provider.close()
