"""Carrying out allowed actions: each gives one observation."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from buildpacks import NO_TESTS, CaseResult, Outcome, RunRequest, Spectrum, SuiteReport
from gate import (
    ApplyPatch,
    Change,
    Collect,
    Context,
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
)
from planners.state import (
    MAX_LISTED,
    Ended,
    Observation,
    Output,
    SpectrumReady,
    State,
    SuiteRan,
    VerdictReached,
)
from planners.targets import bare_name, named, targets_of
from rfsn.errors import InfraError, UsageError
from rfsn.loop.looking import MAX_OUTPUT, read_file, search_code
from rfsn.machine.text import counted
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.meter import Used
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.evaluate import Evaluator
from rfsn.trials.patience import forecast_s, settled
from rfsn.trials.stability import Stability
from rfsn.trials.verdict import reach_verdict
from rfsn.trials.worker import WarmWorker

__all__ = ["Executor"]


class Executor:
    """Runs actions on one session's bench."""

    def __init__(
        self, bench: Bench, gate: Gate, blobs: BlobStore, budget: Budget, *, workers: int, wanted: tuple[str, ...] = ()
    ) -> None:
        self._bench = bench
        self._blobs = blobs
        self._budget = budget
        self._wanted = wanted
        self._stability = Stability(bench, budget)
        self._evaluator = Evaluator(bench, gate, blobs, budget, self._stability, workers=workers, wanted=wanted)

    def execute(self, proposal: Proposal, state: State, context: Context) -> Observation:
        """Carry out an allowed proposal. Raises `InfraError` where sandboxes, not tests, fail."""
        match proposal.action:
            case RunTests(ids, Collect.OUTCOMES):
                return self._run_tests(ids, state)
            case RunTests(ids, Collect.SPECTRUM):
                return self._trace(ids, state)
            case RunTests():
                return VerdictReached(self._verdict(state, context))
            case TryPatches(candidates, offset):
                return self._evaluator.evaluate(candidates, offset, state, context)
            case ApplyPatch(patch):
                paths = ", ".join(sorted(self._change(patch).files))
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
        self._evaluator.close()

    def used(self) -> Used:
        """What was used of sandboxes since the last call."""
        return self._bench.meter.take()

    def _end(self, reason: str) -> Ended:
        self.close()  # now, so that this last step counts what the warm workers used
        return Ended(reason)

    # Running and judging tests

    def _run_tests(self, ids: tuple[str, ...], state: State) -> SuiteRan:
        if state.baseline is None:
            return self._run_base()
        request = self._budget.request(self._blobs.report(state.baseline.report), ids)
        report = self._ran(request, self._applied(state))
        return self._told(report, report.duration_s)

    def _run_base(self) -> SuiteRan:
        limit = self._budget.first_limit_s
        first = self._ran(RunRequest((), limit, limit, canaries=True))
        if first.crashed:
            first = self._one_by_one() or first
        if first.problem.startswith(NO_TESTS):
            first = replace(first, problem=f"{first.problem}; {self._what_ran()}")
        if first.problem:
            return self._told(first, first.duration_s)
        self._check_wanted(first)
        report = settled(self._bench, self._budget, first)
        return self._told(report, forecast_s(first, report))

    def _what_ran(self) -> str:
        """Which command found nothing, where, and what to do: the runner's own words are about itself."""
        where = f"at the root of what was taken ({counted(len(self._bench.view.files()), 'file')})"
        remedy = "name the command that runs them with --test CMD, or the folder of the project as REPO"
        return f"what ran: {shlex.join(self._bench.plan.test)}, {where}; {remedy}"

    def _ran(self, request: RunRequest, change: Change | None = None) -> SuiteReport:
        timeout = self._budget.suite_limit_s
        report = self._bench.run_tests(request, timeout, change)
        if report.problem and report.duration_s >= timeout:
            report = replace(report, problem=f"{report.problem}; {self._budget.no_room}")
        return report

    def _told(self, report: SuiteReport, forecast_s: float) -> SuiteRan:
        failing = tuple(case.id for case in report.cases if case.outcome.failing)
        slow = sum(case.outcome is Outcome.SLOW for case in report.cases)
        return SuiteRan(
            report=self._blobs.put_report(report),
            passed=sum(case.outcome is Outcome.PASSED for case in report.cases),
            failing_total=len(failing),
            total=len(report.cases),
            failing=failing[:MAX_LISTED],
            duration_s=round(report.duration_s, 3),
            forecast_s=round(forecast_s, 3),
            problem=report.problem,
            note=self._budget.undecided(slow) if slow else "",
            wanted_pass=self._wanted_pass(report),
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

    def _wanted_pass(self, report: SuiteReport) -> bool:
        outcomes = {case.id: case.outcome for case in report.cases}
        meant = [outcomes[one] for id in self._wanted for one in named(id, outcomes)]
        return Outcome.PASSED in meant and not any(outcome.failing or outcome is Outcome.SLOW for outcome in meant)

    def _check_wanted(self, report: SuiteReport) -> None:
        known = [case.id for case in report.cases]
        for id in self._wanted:
            if not named(id, known):
                near = ", ".join(_near(id, known)) or "none"
                raise UsageError(f"--target {id}: no such test; similar: {near}")

    def _verdict(self, state: State, context: Context) -> Verdict:
        known = targets_of(state, self._blobs, self._wanted)
        return reach_verdict(self._bench, self._budget, self._stability, known, self._applied(state), context)

    def _trace(self, ids: tuple[str, ...], state: State) -> SpectrumReady:
        began = time.monotonic()
        known = targets_of(state, self._blobs, self._wanted)
        cases = {case.id: case for case in known.baseline.cases}
        limits = [(id, self._budget.trace_limit_s(cases.get(id))) for id in ids]
        worker = WarmWorker(self._bench, self._change(state.kept.patch) if state.kept else None)
        try:
            spectrum = Spectrum(tuple(worker.trace(limits, {*known.left})), worker.ready().imported)
        finally:
            worker.close()
        return SpectrumReady(
            self._blobs.put_spectrum(spectrum), len(spectrum.cases), round(time.monotonic() - began, 3)
        )

    def _applied(self, state: State) -> Change | None:
        return self._change(state.applied) if state.applied is not None else None

    def _change(self, patch: Patch) -> Change:
        return apply(patch, self._bench.view.read)


def _near(id: str, known: Sequence[str]) -> list[str]:
    """The tests whose ids, or else whose bare names, are like that of `id`."""
    names = {bare_name(one): one for one in reversed(known)}
    return get_close_matches(id, known) or [names[one] for one in get_close_matches(bare_name(id), names)]
