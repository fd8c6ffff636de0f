"""The tests of every part of a repository, run and traced as one suite."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from buildpacks import Basis, CaseResult, RepoView, RunRequest, Spectrum, SuiteReport
from gate import Change
from rfsn.errors import InfraError
from rfsn.sessions.meter import Meter
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TestLimits, WarmWorker
from sandbox import CommandResult

__all__ = ["Suite"]


class Suite:
    """The benches of all parts, of which there is at least one, by the prefix of their test ids."""

    def __init__(self, benches: Sequence[Bench]) -> None:
        self.benches = {bench.part.id(""): bench for bench in benches}
        self._first = benches[0]

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

    def bench_of(self, id: str) -> Bench:
        """The bench of the part that a test belongs to: the one with the longest prefix of its id."""
        return self.benches[max((prefix for prefix in self.benches if id.startswith(prefix)), key=len)]

    def run_tests(
        self, request: RunRequest, timeout_s: float, change: Change | None = None, *, singly: float = 0.0
    ) -> SuiteReport:
        """Run the tests of each part cold, one part after another. Raises `InfraError` if a sandbox broke.

        If `singly` is not 0 and a run of all tests of a part crashes, each runs in a process of its own, with that
        limit (CPU seconds).
        """
        began = time.monotonic()
        reports: list[tuple[Bench, SuiteReport]] = []
        for bench, asked in self._requests(request):
            left_s = max(timeout_s - (time.monotonic() - began), 0.001)
            report = bench.run_tests(asked, left_s, change)
            if report.crashed and singly:
                report = _one_by_one(bench, singly) or report
            reports.append((bench, report))
        return _merged(reports) if len(reports) > 1 else reports[0][1]

    def run_command(self, argv: Sequence[str], timeout_s: float, change: Change | None = None) -> CommandResult:
        """Run one command in a fresh workspace: in the part whose test command it is, else in the first."""
        bench = next((bench for bench in self.benches.values() if bench.plan.test == tuple(argv)), self._first)
        return bench.run_command(argv, timeout_s, change)

    def trace(self, tests: TestLimits, kinds: frozenset[str], change: Change | None = None) -> Spectrum:
        """What these tests execute on the base with a change, each with its CPU limit; nothing without a warm runner.

        Those in `kinds` also tell what kinds of values the variables have.
        """
        spectrum = Spectrum(())
        limits = dict(tests)
        for part, ids in self._split(limits).items():
            bench = self.benches[part]
            if not bench.answers("trace"):
                continue
            worker = WarmWorker(bench, change)
            try:
                traces = tuple(worker.trace([(id, limits[id]) for id in ids], kinds))
                spectrum = Spectrum((*spectrum.cases, *traces), {**spectrum.imported, **worker.ready().imported})
            finally:
                worker.close()
        return spectrum

    def _requests(self, request: RunRequest) -> Iterator[tuple[Bench, RunRequest]]:
        """The request for each bench, with a key of its own."""
        if len(self.benches) == 1:
            yield self._first, request
            return
        limits, ids = self._split(request.limits), self._split(request.ids)
        for part, bench in self.benches.items():
            if not request.ids or part in ids:
                own = {id: request.limits[id] for id in limits.get(part, ())}
                yield bench, replace(request, ids=tuple(ids.get(part, ())), limits=own, key=os.urandom(32))

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
            CaseResult(trace.id, trace.outcome, trace.cpu_s, trace.message, trace.frames, trace.parts)
            for trace in worker.trace([(id, limit_s) for id in sorted(worker.ready().ids)])
        ]
    except InfraError:
        return None
    finally:
        worker.close()
    return SuiteReport(tuple(cases), exit_code=None, duration_s=time.monotonic() - began) if cases else None


def _merged(reports: Sequence[tuple[Bench, SuiteReport]]) -> SuiteReport:
    """One report for several parts. A part without tests is left out, unless there are no tests at all."""
    parts = [(bench, report) for bench, report in reports if not report.empty] or list(reports)
    codes = [report.exit_code for _, report in parts]
    return SuiteReport(
        tuple(case for _, report in parts for case in report.cases),
        None if None in codes else max(code for code in codes if code is not None),
        sum(report.duration_s for _, report in reports),
        Basis.IDS if all(report.basis is Basis.IDS for _, report in parts) else Basis.EXIT_CODE,
        "; ".join(f"{bench.part.name}: {report.problem}" for bench, report in parts if report.problem),
        any(report.crashed for _, report in parts),
        tuple(case for _, report in parts for case in report.canaries),
        any(report.forged for _, report in parts),
        all(report.empty for _, report in parts),
    )
