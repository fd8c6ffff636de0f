"""Carrying out allowed actions: each gives one observation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from statistics import median

from buildpacks import CaseResult, CaseTrace, Outcome, RunRequest, Spectrum, SuiteReport
from gate import (
    ApplyPatch,
    Candidate,
    Change,
    Collect,
    Context,
    Denied,
    EditFile,
    Finish,
    Gate,
    GiveUp,
    Patch,
    Proposal,
    ReadFile,
    RunCommand,
    RunTests,
    SearchCode,
    TryPatches,
    Verdict,
    apply,
    judge,
)
from planners.state import (
    MAX_LISTED,
    Batch,
    Ended,
    Observation,
    Output,
    Plausible,
    SpectrumReady,
    State,
    SuiteRan,
    VerdictReached,
)
from planners.targets import named, stable_failures
from rfsn.blobs import BlobStore
from rfsn.budget import Budget
from rfsn.errors import InfraError, UsageError
from rfsn.looking import MAX_OUTPUT, read_file, search_code
from rfsn.meter import Used
from rfsn.runs import Bench
from rfsn.validation import Files, Pool, WarmWorker

__all__ = ["Executor"]

_VERDICT_RUNS = 2
_LEAST_LIMIT_S = 0.1


@dataclass(frozen=True, slots=True)
class _Targets:
    """What a session repairs: the report of the base, the ids to fix, and the ids that say nothing."""

    baseline: SuiteReport
    targets: tuple[str, ...]
    unstable: tuple[str, ...]


class Executor:
    """Runs actions on one session's bench."""

    def __init__(
        self, bench: Bench, gate: Gate, blobs: BlobStore, budget: Budget, *, workers: int, wanted: tuple[str, ...] = ()
    ) -> None:
        self._bench = bench
        self._gate = gate
        self._blobs = blobs
        self._budget = budget
        self._wanted = wanted
        self._pool = Pool([WarmWorker(bench) for _ in range(workers)]) if bench.pack.warm_runner(bench.plan) else None
        self._planned: Spectrum | None = None

    def execute(self, proposal: Proposal, state: State, context: Context) -> Observation:
        """Carry out an allowed proposal. Raises `InfraError` where sandboxes, not tests, fail."""
        match proposal.action:
            case RunTests(ids, Collect.OUTCOMES):
                return self._run_tests(ids, state)
            case RunTests(ids, Collect.SPECTRUM):
                return self._trace(ids, state)
            case RunTests():
                return VerdictReached(self._verdict(state))
            case TryPatches(candidates, offset):
                return self._try(candidates, offset, state, context)
            case ApplyPatch(patch):
                paths = ", ".join(sorted(apply(patch, self._bench.view.read).files))
                return Output(f"applied to {paths}")
            case ReadFile(path):
                return read_file(self._bench.view, path)
            case SearchCode(text, pattern):
                return search_code(self._bench.view, text, pattern)
            case RunCommand(argv):
                result = self._bench.run_command(argv, self._budget.left_s, self._applied(state))
                text = (result.stdout + b"\n" + result.stderr).decode(errors="replace").strip()
                return Output(text[-MAX_OUTPUT:], result.exit_code)
            case Finish():
                return self._end("the patch was verified")
            case GiveUp(reason):
                return self._end(reason)

    def close(self) -> None:
        """End every warm worker."""
        if self._pool:
            self._pool.close()

    def used(self) -> Used:
        """What was used of sandboxes since the last call."""
        return self._bench.meter.take()

    def _end(self, reason: str) -> Ended:
        self.close()  # now, so that this last step counts what the warm workers used
        return Ended(reason)

    # Running and judging tests

    def _run_tests(self, ids: tuple[str, ...], state: State) -> SuiteRan:
        limit = self._budget.case_limit_s
        request = RunRequest(ids, case_limit_s=limit, hang_budget_s=limit)
        report = self._bench.run_tests(request, self._budget.suite_limit_s, self._applied(state))
        if state.baseline is None and report.crashed:
            report = self._one_by_one() or report
        if state.baseline is None and not report.problem:
            self._check_wanted(report)
        failing = tuple(case.id for case in report.cases if case.outcome.failing)
        hung = sum(case.duration_s for case in report.cases if case.outcome is Outcome.TIMEOUT)
        return SuiteRan(
            report=self._blobs.put_report(report),
            passed=sum(case.outcome is Outcome.PASSED for case in report.cases),
            failing_total=len(failing),
            total=len(report.cases),
            failing=failing[:MAX_LISTED],
            duration_s=round(report.duration_s, 3),
            forecast_s=round(max(0.0, report.duration_s - hung), 3),
            problem=report.problem,
        )

    def _one_by_one(self) -> SuiteReport | None:
        """Run every test in a process of its own: how a suite ends in which one test takes the whole run down."""
        if self._bench.pack.warm_runner(self._bench.plan) is None:
            return None
        began = time.monotonic()
        worker = WarmWorker(self._bench)
        try:
            ids = sorted(worker.ready().ids)
            cases = [
                CaseResult(trace.id, trace.outcome, trace.cpu_s, trace.message, trace.frames)
                for trace in worker.trace([(id, self._budget.case_limit_s) for id in ids])
            ]
        except InfraError:
            return None
        finally:
            worker.close()
        return SuiteReport(tuple(cases), exit_code=None, duration_s=time.monotonic() - began) if cases else None

    def _check_wanted(self, report: SuiteReport) -> None:
        known = [case.id for case in report.cases]
        for id in self._wanted:
            if not named(id, known):
                near = ", ".join(get_close_matches(id, known)) or "nothing near it"
                raise UsageError(f"--target {id}: there is no such test; there is {near}")

    def _verdict(self, state: State) -> Verdict:
        known = self._targets(state)
        limit = self._budget.case_limit_s
        change = self._applied(state)
        runs = [
            self._bench.run_tests(RunRequest((), limit, limit), self._budget.left_s, change)
            for _ in range(_VERDICT_RUNS)
        ]
        return judge(known.baseline, known.targets, known.unstable, runs)

    def _trace(self, ids: tuple[str, ...], state: State) -> SpectrumReady:
        began = time.monotonic()
        outcomes = {case.id: case.outcome for case in self._targets(state).baseline.cases}
        limits = [(id, self._budget.trace_limit_s(outcomes.get(id))) for id in ids]
        worker = WarmWorker(self._bench)
        try:
            spectrum = Spectrum(tuple(worker.trace(limits)))
        finally:
            worker.close()
        return SpectrumReady(
            self._blobs.put_spectrum(spectrum), len(spectrum.cases), round(time.monotonic() - began, 3)
        )

    def _targets(self, state: State) -> _Targets:
        assert state.baseline is not None
        baseline = self._blobs.report(state.baseline.report)
        repeat = self._blobs.report(state.repeat.report) if state.repeat else None
        return _Targets(baseline, *stable_failures(baseline, repeat, self._wanted))

    def _applied(self, state: State) -> Change | None:
        return apply(state.applied, self._bench.view.read) if state.applied is not None else None

    # Trying candidates

    def _try(self, candidates: tuple[Candidate, ...], offset: int, state: State, context: Context) -> Batch:
        began = time.monotonic()
        numbered = dict(enumerate(candidates, offset))
        allowed = {
            index: one.patch
            for index, one in numbered.items()
            if not isinstance(self._gate.screen(one.patch, context), Denied)
        }
        letters = dict.fromkeys(numbered.keys() - allowed.keys(), "d") | self._judge(allowed, state)
        outcomes = ""
        for index in numbered:
            if index not in letters or outcomes.endswith("p"):
                break
            outcomes += letters[index]
        if len(outcomes) < len(candidates) and not outcomes.endswith("p"):
            self.close()  # the time is up: no later step may count what the warm workers used
        found = tuple(
            Plausible(index, numbered[index].patch, numbered[index].operator, numbered[index].location)
            for index, letter in enumerate(outcomes, offset)
            if letter == "p"
        )
        return Batch(offset, outcomes, found, round(time.monotonic() - began, 3))

    def _judge(self, patches: Mapping[int, Patch], state: State) -> dict[int, str]:
        """The letters of candidates up to the first plausible one: warm where that is possible, else cold.

        Warm validation takes edits of files alone, and a worker that knows every target.
        """
        known = self._targets(state)
        deadline = self._budget.search_deadline(state)
        edits = {index: edits for index, patch in patches.items() if (edits := _edits(patch)) is not None}
        spectrum = self._blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
        traced = {trace.id for trace in spectrum.cases if trace.outcome is not Outcome.MISSING}
        if self._pool is not None and len(edits) == len(patches) and traced.issuperset(known.targets):
            if self._planned is not spectrum:
                self._pool.plan(self._order(known, spectrum))
                self._planned = spectrum
            judged = self._pool.judge(
                list(edits.items()), lambda index: self._confirm(patches[index], known, state), deadline
            )
            return {one.index: one.letter for one in judged}
        letters: dict[int, str] = {}
        for index, patch in patches.items():
            if time.monotonic() >= deadline or "p" in letters.values():
                break
            letters[index] = "p" if self._confirm(patch, known, state) else "f"
        return letters

    def _confirm(self, patch: Patch, known: _Targets, state: State) -> bool:
        """Whether a candidate that passed warm also passes in one cold run of everything."""
        assert state.baseline is not None
        limit = self._budget.case_limit_s
        change = apply(patch, self._bench.view.read)
        timeout = min(self._budget.left_s, 10.0 + 5.0 * state.baseline.forecast_s)
        report = self._bench.run_tests(RunRequest((), limit, limit), timeout, change)
        return judge(known.baseline, known.targets, known.unstable, [report]).accepted

    def _order(self, known: _Targets, spectrum: Spectrum) -> list[tuple[str, float]]:
        """The tests that a candidate must pass, with their limits: the cheapest target first, passing tests last."""
        traces = {trace.id: trace for trace in spectrum.cases}
        usual = median([trace.cpu_s for trace in spectrum.cases if trace.outcome is Outcome.PASSED] or [0.0])
        passed = [case.id for case in known.baseline.cases if case.outcome is Outcome.PASSED]
        passed = [id for id in passed if id not in known.unstable]

        def cost(id: str) -> float:
            trace = traces.get(id)
            return trace.cpu_s if trace else usual

        order = [*sorted(known.targets, key=cost), *sorted(passed, key=cost)]
        return [(id, self._limit(traces.get(id), usual)) for id in order]

    def _limit(self, trace: CaseTrace | None, usual: float) -> float:
        """CPU seconds that a test may use under a candidate: ten times what it used on the base, where that ended."""
        if trace is None:
            return self._budget.case_limit_s
        return max(_LEAST_LIMIT_S, 10.0 * (usual if trace.outcome is Outcome.TIMEOUT else trace.cpu_s))


def _edits(patch: Patch) -> Files | None:
    """A patch for the warm protocol; None where it does more than to edit files."""
    edited = [operation for operation in patch if isinstance(operation, EditFile)]
    if len(edited) < len(patch) or len({operation.path for operation in edited}) < len(edited):
        return None
    return {operation.path: [(edit.start, edit.end, edit.text) for edit in operation.edits] for operation in edited}
