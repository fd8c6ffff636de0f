"""The tests of every part of a repository, run and traced as one suite."""

from __future__ import annotations

import os
import shlex
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress
from contextvars import copy_context
from dataclasses import replace

from buildpacks import Basis, CaseResult, CaseTrace, RepoView, RunRequest, Spectrum, SuiteReport, Touched
from gate import Change, CreateFile, FileChange
from rfsn.errors import InfraError
from rfsn.sessions.meter import Meter
from rfsn.trials.bench import Bench
from rfsn.trials.rewriting import Kept
from rfsn.trials.worker import TestLimits, WarmWorker
from sandbox import CommandResult

__all__ = ["Suite"]

_ALONE_S = 1.5
"""How long one worker traces alone: a further one has to load the tests first."""


class Suite:
    """The benches of all parts, of which there is at least one, by the prefix of their test ids."""

    def __init__(self, benches: Sequence[Bench], *, workers: int = 1) -> None:
        """What does not depend on each other runs in up to `workers` sandboxes at a time."""
        self.benches = {bench.part.id(""): bench for bench in benches}
        self._workers = workers

    @property
    def side_by_side(self) -> bool:
        """Whether runs of the suite may go on at the same time: without a sandbox they would be in each other's way."""
        return self._workers > 1 and self._first.provider.name != "local"

    @property
    def _first(self) -> Bench:
        return next(iter(self.benches.values()))

    def put(self, bench: Bench) -> None:
        """Have a bench take the place of that of the same part."""
        self.benches[bench.part.id("")] = bench

    @property
    def view(self) -> RepoView:
        """The whole tree."""
        return self._first.view

    @property
    def meter(self) -> Meter:
        """The meter of the sandboxes of all parts."""
        return self._first.meter

    @property
    def command(self) -> str:
        """The test commands of all parts, as typed in a shell."""
        commands = ((shlex.join(bench.plan.test), bench.part.root) for bench in self.benches.values())
        return ", ".join(f"{command} (in {root})" if root else command for command, root in commands)

    def add(self, scratch: CreateFile | None) -> None:
        """Have a test that is not part of the source in every tree from now on, or none."""
        for bench in self.benches.values():
            bench.added.clear()
            if scratch is not None:
                bench.added[scratch.path] = FileChange(None, scratch.content)

    def bench_of(self, id: str) -> Bench:
        """The bench of the part that a test belongs to: the one with the longest prefix of its id, else the first."""
        fitting = (prefix for prefix in self.benches if id.startswith(prefix))
        return self.benches.get(max(fitting, key=len, default=""), self._first)

    def run_tests(
        self,
        request: RunRequest,
        timeout_s: float,
        change: Change | None = None,
        *,
        singly: float = 0.0,
        kept: Kept | None = None,
    ) -> SuiteReport:
        """Run the tests of each part cold, one part after another. Raises `InfraError` if a sandbox broke.

        If `singly` is not 0 and a run of all tests of a part crashes, each runs in a process of its own, with that
        limit (CPU seconds). What is `kept` is read-only in the run.
        """
        began = time.monotonic()
        reports: dict[str, SuiteReport] = {}
        for part, asked in self._requests(request):
            left_s = timeout_s - (time.monotonic() - began) if reports else timeout_s
            if left_s <= 0:
                reports[part] = SuiteReport((), None, 0.0, problem="there was no time to run its tests")
                continue
            bench = self.benches[part]
            report = bench.run_tests(asked, left_s, change, kept)
            if report.crashed and singly:
                report = _one_by_one(bench, singly) or report
            reports[part] = report
        if len(self.benches) == 1:
            return reports[next(iter(self.benches))]
        names = {part: bench.part.name for part, bench in self.benches.items()}
        return _merged(reports, names, time.monotonic() - began)

    def run_each(
        self, requests: Sequence[RunRequest], left_s: Callable[[], float], change: Change | None, kept: Kept | None
    ) -> Iterator[tuple[SuiteReport, float]]:
        """`run_tests` for each request, `side_by_side` if possible, with the time (s) that was left for the run."""
        if not self.side_by_side:
            for request in requests:
                limit_s = left_s()
                yield self.run_tests(request, limit_s, change, kept=kept), limit_s
            return
        limit_s = left_s()

        def run(request: RunRequest) -> SuiteReport:
            return self.run_tests(request, limit_s, change, kept=kept)

        first, *others = requests
        with ThreadPoolExecutor(max(1, len(others)), "runs") as pool, ExitStack() as held:
            held.callback(self._close)  # if this fails or is interrupted, what runs beside it ends
            running = [pool.submit(copy_context().run, run, request) for request in others]
            reports = [run(first), *(one.result() for one in running)]
            held.pop_all()
        yield from ((report, limit_s) for report in reports)

    def _close(self) -> None:
        for bench in self.benches.values():
            bench.provider.close()

    def run_command(self, argv: Sequence[str], timeout_s: float, change: Change | None = None) -> CommandResult:
        """Run one command in a fresh workspace: in the part whose test command it is, else in the first."""
        bench = next((bench for bench in self.benches.values() if bench.plan.test == tuple(argv)), self._first)
        return bench.run_command(argv, timeout_s, change)

    def trace(
        self, tests: TestLimits, kinds: frozenset[str], deadline: float, change: Change | None = None
    ) -> Spectrum:
        """What these tests execute on the base with a change, each with its CPU limit; nothing without a warm runner.

        Those in `kinds` also tell what kinds of values the variables have. None is begun after the `deadline` (on the
        monotonic clock).
        """
        spectrum = Spectrum(())
        limits = dict(tests)
        for part, ids in self._split(limits).items():
            bench = self.benches[part]
            if not bench.answers("trace"):
                continue
            with closing(WarmWorker(bench, change)) as worker:
                traces = self._traced(worker, bench, change, [(id, limits[id]) for id in ids], kinds, deadline)
                spectrum = Spectrum((*spectrum.cases, *traces), {**spectrum.imported, **worker.ready().imported})
        return spectrum

    def _traced(
        self,
        worker: WarmWorker,
        bench: Bench,
        change: Change | None,
        tests: TestLimits,
        kinds: Collection[str],
        deadline: float,
    ) -> Iterator[CaseTrace]:
        """The traces of tests in their order, by one worker and, if that takes long, by others beside it."""
        if self._workers == 1:
            return worker.trace(tests, kinds, deadline)
        left, found = deque(tests), dict[str, CaseTrace]()

        def handed_out() -> Iterator[tuple[str, float]]:
            with suppress(IndexError):  # none is left
                while True:
                    yield left.popleft()

        def trace(tracing: WarmWorker) -> None:
            found.update((traced.id, traced) for traced in tracing.trace(handed_out(), kinds, deadline))

        def trace_beside() -> None:
            with closing(WarmWorker(bench, change)) as further:
                trace(further)

        with ThreadPoolExecutor(self._workers, "traces") as pool, ExitStack() as held:
            held.callback(left.clear)
            try:
                working = [pool.submit(copy_context().run, trace, worker)]
                if not wait(working, _ALONE_S).done:
                    working += [pool.submit(copy_context().run, trace_beside) for _ in range(1, self._workers)]
                for done in working:
                    done.result()
            except KeyboardInterrupt:
                left.clear()
                self._close()
                raise
        return (found[id] for id, _ in tests if id in found)

    def _requests(self, request: RunRequest) -> Iterator[tuple[str, RunRequest]]:
        """The request for each bench, with a key of its own."""
        if len(self.benches) == 1:
            yield next(iter(self.benches)), request
            return
        limits, ids, watched = (self._split(of) for of in (request.limits, request.ids, request.watched))
        for part in self.benches:
            if not request.ids or part in ids:
                own = {id: request.limits[id] for id in limits.get(part, ())}
                asked = {id: request.watched[id] for id in watched.get(part, ())}
                key = os.urandom(32)
                yield part, replace(request, ids=tuple(ids.get(part, ())), limits=own, watched=asked, key=key)

    def _split(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """The ids by the prefix of their part."""
        split: dict[str, list[str]] = {}
        for id in ids:
            split.setdefault(self.bench_of(id).part.id(""), []).append(id)
        return split


def _one_by_one(bench: Bench, limit_s: float) -> SuiteReport | None:
    """Run every test in a process of its own, for a suite in which one test takes the whole run down."""
    if not bench.answers("trace"):
        return None
    began = time.monotonic()
    worker = WarmWorker(bench)
    try:
        cases = [
            CaseResult(trace.id, trace.outcome, trace.cpu_s, trace.message, trace.frames, trace.parsed)
            for trace in worker.trace([(id, limit_s) for id in sorted(worker.ready().ids)])
        ]
    except InfraError:
        return None
    finally:
        worker.close()
    return SuiteReport(tuple(cases), exit_code=None, duration_s=time.monotonic() - began) if cases else None


def _merged(reports: Mapping[str, SuiteReport], names: Mapping[str, str], duration_s: float) -> SuiteReport:
    """One report for several parts, by their prefixes, with their `names`.

    A part without tests is no problem, unless there are no tests at all.
    """
    telling = {part: report for part, report in reports.items() if not report.empty} or reports
    codes = [report.exit_code for report in telling.values()]
    parts = (replace(report.part_runs[0], part=part) for part, report in reports.items())
    return SuiteReport(
        tuple(case for report in reports.values() for case in report.cases),
        None if None in codes else max(code for code in codes if code is not None),
        duration_s,
        Basis.IDS if all(report.basis is Basis.IDS for report in telling.values()) else Basis.EXIT_CODE,
        "; ".join(f"{names[part]}: {report.problem}" for part, report in telling.items() if report.problem),
        any(report.crashed for report in reports.values()),
        tuple(canary for report in reports.values() for canary in report.canaries),
        any(report.forged for report in reports.values()),
        all(report.empty for report in reports.values()),
        tuple(parts),
        "; ".join(report.unbuilt for report in reports.values() if report.unbuilt),
        findings=tuple(finding for report in reports.values() for finding in report.findings),
        touched=_all_touched([report.touched for report in reports.values()]),
        rewritten=tuple(dict.fromkeys(what for report in reports.values() for what in report.rewritten)),
    )


def _all_touched(parts: Sequence[Touched]) -> Touched:
    return Touched(
        tuple(path for part in parts for path in part.collected),
        tuple(path for part in parts for path in part.plugins),
        tuple(pair for part in parts for pair in part.imported),
        tuple(pair for part in parts for pair in part.opened),
        tuple(path for part in parts for path in part.written),
    )
