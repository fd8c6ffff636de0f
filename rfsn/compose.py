"""Wiring: the only place that puts a session, its planner, its gate and its sandboxes together."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from buildpacks import BuildPlan, Choice
from gate import Gate, forget
from planners.api import Planner
from planners.given import GivenPatchPlanner
from planners.meta import OWN_MAKERS, MetaPlanner
from planners.search.experience import Experience
from planners.search.planner import CandidateSearch
from rfsn.config import Config
from rfsn.errors import InfraError, JournalError, RfsnError, StorageError, UsageError
from rfsn.loop.controller import Controller
from rfsn.loop.executor import Executor
from rfsn.machine.files import storing
from rfsn.machine.home import resume_command
from rfsn.machine.log import bound, log
from rfsn.models.cards import Cards, cards_of, check_models, models_of
from rfsn.models.opening import opened_desk
from rfsn.models.purse import Purse
from rfsn.models.request import Wire
from rfsn.plugins import load_operators, load_planner, load_rules
from rfsn.project.diffs import MAX_DIFF_BYTES, patch_of, read_diff
from rfsn.project.downloads import silent
from rfsn.project.environment import prepared_environment
from rfsn.project.layout import Layout, check_buildpacks
from rfsn.project.parts import Part
from rfsn.project.project import Project
from rfsn.reporting.results import write_results
from rfsn.sessions.events import (
    EnvironmentReady,
    Interrupted,
    ModelsReady,
    PartReady,
    Recalled,
    SessionEnded,
    SourceTaken,
)
from rfsn.sessions.leftovers import remove_scratch
from rfsn.sessions.memory import recall, remember
from rfsn.sessions.meter import Meter
from rfsn.sessions.record import Record
from rfsn.sessions.session import Session
from rfsn.sessions.signing import check_key
from rfsn.source.remote import Remote
from rfsn.source.snapshot import Snapshot
from rfsn.source.source import take_source
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.fitting import Fitting
from rfsn.trials.suite import Suite
from sandbox import (
    MARK,
    NotMarked,
    SandboxError,
    SandboxProvider,
    UnsafePath,
    choose,
    discard,
    is_marked,
    make_marked,
    read_beneath,
    remove_marked,
    remove_tree,
    remove_unfinished,
)

__all__ = ["GIVEN", "check_config", "check_resumable", "opened_suite", "planner_of", "run_session"]

GIVEN = "given.diff"
"""The file in a session's folder with the patch from elsewhere that it judges."""

_SALT_BYTES = 16


def check_config(config: Config, *, asks: bool = True) -> Cards:
    """Check a configuration before a session is created, whatever the source, and give the models that it may ask.

    Raises `UsageError` for whatever is wrong. A session that only verifies asks none, whatever is configured.
    """
    check_key(config.sign_key)
    check_buildpacks(config)
    load_rules(config.gate_rules)
    load_operators(config.operators)
    if not asks:
        return Cards()
    cards = check_models(config)
    load_planner(config.planner, cards.models)
    return cards


def check_resumable(record: Record) -> Cards:
    """Check whether a session can go on here and now, and give the models that it may still ask.

    Raises `UsageError` if a key or a plugin is missing: it can be resumed when that is there.
    """
    config = record.config
    load_rules(config.gate_rules)
    if config.given is not None:
        return Cards()
    load_operators(config.operators)
    cards = models_of(record)
    load_planner(config.planner, cards.models)
    return cards


def planner_of(record: Record) -> Planner:
    """The planner of a session, once its source is taken: for a given patch, else who makes patches.

    Raises `JournalError` if the given diff is not the one that the journal names, and `UsageError` for an edit
    operator or a planner that cannot be loaded.
    """
    wanted = record.config.given
    if wanted is None:
        recalled = record.projection.recalled
        experience = record.blobs.experience(recalled.experience) if recalled else Experience()
        further = load_operators(record.config.operators)
        search = CandidateSearch(further=further, experience=experience)
        models = record.projection.models.models if record.projection.models else ()
        return MetaPlanner(search, load_planner(record.config.planner, models), models, experience)
    path = record.folder / GIVEN
    try:
        diff = read_beneath(record.folder, GIVEN, MAX_DIFF_BYTES + 1)
    except (OSError, UnsafePath):
        diff = b""
    if hashlib.sha256(diff).hexdigest() != wanted:
        raise JournalError(f"{path} is not the diff that the journal names")
    return GivenPatchPlanner(patch_of(read_diff(diff, record.base)))


def run_session(
    session: Session,
    *,
    planner: Planner | None = None,
    take: Callable[[Path], Snapshot] | None = None,
    remote: Remote | None = None,
    purse: Purse | None = None,
    sessions: int = 1,
    wire: Wire | None = None,
) -> dict[str, Any]:
    """Run a new or resumed session to its end and return its report.

    `take` makes the snapshot if the source is neither a path nor a URL; `remote` is the source if it is a URL, with the
    credentials, which the journal does not have. `purse` is what models may cost in all of so many `sessions` that run
    at a time, besides the session's own cap; `wire` takes the place of the network on which they are asked.

    An infrastructure failure ends the session as `infra_error`. It can be resumed after `KeyboardInterrupt`, which is
    journaled and passed on, and after a full disk (`StorageError`).
    """
    with bound(session=session.name):
        try:
            with storing(session.folder, f"continue with: {resume_command(session.folder)}"):
                remove_scratch()
                if session.projection.ended is None:
                    _run(session, planner, take, remote, purse, sessions, wire)
        except KeyboardInterrupt:
            session.recollect()
            session.record(Interrupted())
            write_results(session)
            raise
        except (StorageError, NotMarked):
            raise  # not an end: space can be freed, and what is in the way can be moved
        except (InfraError, SandboxError) as error:
            session.record(SessionEnded(status="infra_error", reason=str(error)))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            session.record(SessionEnded(status="infra_error", reason=f"{where}{error.strerror or error}"))
        except UsageError as error:
            session.record(SessionEnded(status="usage_error", reason=str(error)))
        except RfsnError:
            raise  # the journal itself cannot be written, so nothing can be recorded
        except Exception as error:  # noqa: BLE001  # the outermost edge: every session ends with a reason
            log.exception("a defect in rfsn")
            session.record(
                SessionEnded(status="infra_error", reason=f"a defect in rfsn: {type(error).__name__}: {error}")
            )
        finally:
            forget()
            if not discard(session.scratch):
                log.warning("left behind: remove it, or run: rfsn sandbox prune", folder=str(session.scratch))
        return write_results(session)


def _run(
    session: Session,
    planner: Planner | None,
    take: Callable[[Path], Snapshot] | None,
    remote: Remote | None,
    purse: Purse | None,
    sessions: int,
    wire: Wire | None,
) -> None:
    config, projection = session.config, session.projection
    assert projection.started is not None
    check_key(config.sign_key)
    remove_unfinished(session.folder)
    remove_marked(session.scratch)
    make_marked(session.scratch)
    if projection.source is None:
        if not is_marked(session.folder):
            raise UsageError(
                f"{session.folder} has no {MARK}: rfsn did not make this folder, so it removes nothing in it"
            )
        remove_tree(session.base)
        source = projection.started.source
        if take is None:
            snapshot = take_source(remote or source, config.ref, session.base, sandbox=config.sandbox)
        else:
            snapshot = take(session.base)
        session.record(SourceTaken(**asdict(snapshot)))
    if projection.models is None and (cards := cards_of(config)).all:
        session.record(ModelsReady(models=cards.models, judge=cards.judge, salt=secrets.token_hex(_SALT_BYTES)))
    # What an installed planner tries says nothing of rfsn's own strategies.
    learns = config.memory and config.given is None and config.planner in OWN_MAKERS
    if learns and projection.recalled is None and projection.environment is None and (experience := recall()).overall:
        session.record(Recalled(experience=session.blobs.put_experience(experience)))
    planner = planner or planner_of(session)
    project = Project(session)
    with ExitStack() as held:
        opener = _Opener(project, session.scratch, held, session.tell)
        workers = config.workers_of(sessions)
        suite = opener.suite(workers)
        desk = held.enter_context(opened_desk(session, purse, sessions, wire))
        if session.projection.environment is None:
            session.record(_ready(suite))
        journal, limits = session.journal, (config.time_limit, config.max_steps)
        budget = Budget(*limits, lambda: journal.clock, side_by_side=suite.side_by_side)
        gate = Gate(further=load_rules(config.gate_rules))
        fitting = Fitting(suite, budget, opener.bench, lambda: session.record(_ready(suite)))
        executor = Executor(
            suite,
            gate,
            session.blobs,
            budget,
            workers=workers,
            wanted=config.target,
            desk=desk,
            fitting=fitting,
            strict=config.strict,
            partial=config.test is not None,
        )
        try:
            ended = Controller(session, planner, gate, executor, budget, project).run()
        finally:
            executor.close()
    if learns and ended.status in {"repaired", "partly_repaired", "not_repaired"}:
        remember(session)


@contextmanager
def opened_suite(layout: Layout, scratch: Path) -> Iterator[Suite]:
    """A sandbox and an environment for each part of a tree, kept during the block. Raises their errors."""
    with ExitStack() as held:
        yield _Opener(layout, scratch, held).suite(layout.config.workers_of(1))


class _Opener:
    """Makes benches, each with a sandbox and an environment that `held` keeps."""

    def __init__(self, layout: Layout, scratch: Path, held: ExitStack, tell: Callable[[str], None] = silent) -> None:
        self._layout = layout
        self._tell = tell
        self._scratch = scratch
        self._held = held
        self._meter = Meter()

    def suite(self, workers: int) -> Suite:
        """The benches of all parts, whose runs go on in up to `workers` sandboxes at a time."""
        layout = self._layout
        benches = [self._bench(part, plan) for part, plan in zip(layout.parts, layout.plans, strict=True)]
        return Suite(benches, workers=workers)

    def bench(self, part: Part, choice: Choice) -> Bench:
        """The bench of a part with another environment."""
        return replace(self._bench(part, self._layout.plan(part, choice)), choice=choice)

    def _bench(self, part: Part, plan: BuildPlan) -> Bench:
        layout, config = self._layout, self._layout.config
        cache_bytes = round(config.cache_gib * (1 << 30))
        provider = self._held.enter_context(_provider(config.sandbox, layout.image(part)))
        making = prepared_environment(
            part.pack, plan, layout.base, provider, offline=config.offline, cache_bytes=cache_bytes, tell=self._tell
        )
        environment = self._held.enter_context(making)
        return Bench(layout.base, layout.view, environment, part, plan, provider, self._scratch, self._meter)


def _ready(suite: Suite) -> EnvironmentReady:
    parts = [_part_ready(bench) for bench in suite.benches.values()]
    return EnvironmentReady(backend=next(iter(suite.benches.values())).provider.name, parts=tuple(parts))


def _part_ready(bench: Bench) -> PartReady:
    plan, why = bench.plan, bench.environment.not_built
    note = f" (the project did not build and is only on the path; see {why})" if why else ""
    return PartReady(
        root=bench.part.root,
        pack=plan.pack,
        description=plan.description + note,
        cache_key=bench.environment.key,
        test=plan.test,
        python=bench.choice.python,
        as_of=bench.choice.as_of,
        why=bench.why,
    )


@contextmanager
def _provider(name: str, image: str) -> Iterator[SandboxProvider]:
    provider = choose(name, image)
    try:
        yield provider
    finally:
        provider.close()
