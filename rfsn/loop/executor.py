"""Executing allowed actions: each gives one observation."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from buildpacks import CaseResult, CaseTrace, Outcome, RunRequest, Spectrum, SuiteReport
from buildpacks.report import NO_TESTS
from gate import (
    ApplyPatch,
    AskModel,
    Change,
    Collect,
    Context,
    CreateFile,
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
from planners.history import MAX_NOTE
from planners.naming import Names, bare_name
from planners.observations import MAX_LISTED, Ended, Observation, Output, SpectrumReady, SuiteRan, VerdictReached
from planners.state import State
from planners.targets import targets_of
from rfsn.errors import UsageError
from rfsn.loop.looking import MAX_OUTPUT, read_file, search_code
from rfsn.machine.text import counted
from rfsn.models.desk import Desk
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.meter import Used
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.evaluate import Evaluator
from rfsn.trials.fitting import Fitting
from rfsn.trials.generality import Generality
from rfsn.trials.patience import forecast_s, settled
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite
from rfsn.trials.verdict import reach_verdict

__all__ = ["Executor"]


class Executor:
    """Runs actions on one session's suite."""

    def __init__(
        self,
        suite: Suite,
        gate: Gate,
        blobs: BlobStore,
        budget: Budget,
        *,
        workers: int,
        wanted: tuple[str, ...] = (),
        desk: Desk | None = None,
        fitting: Fitting | None = None,
        strict: bool = False,
        partial: bool = False,
    ) -> None:
        """`desk` carries out the calls of models, if there are any to ask; `fitting` may change the environments.

        With `strict`, no verdict accepts a patch that is narrow. `partial` is whether the user gave the command of the
        tests, which may run a part of them.
        """
        self._suite = suite
        self._blobs = blobs
        self._budget = budget
        self._wanted = wanted
        self._desk = desk
        self._fitting = fitting
        self._stability = Stability(suite, budget)
        self._beyond = Beyond(suite, budget, partial=partial)
        self._generality = Generality(suite, budget, strict=strict)
        self._evaluator = Evaluator(
            suite, gate, blobs, budget, self._stability, self._beyond, workers=workers, wanted=wanted
        )

    def execute(self, proposal: Proposal, state: State, context: Context) -> Observation:
        """Execute an allowed proposal. Raises `InfraError` if sandboxes, not tests, fail."""
        self._suite.add(state.scratch)
        match proposal.action:
            case RunTests(ids, Collect.SPECTRUM, CreateFile() as scratch):
                self._suite.add(scratch)
                return self._trace(ids, state)
            case RunTests(scratch=CreateFile() as scratch, kept=kept):
                return self._run_scratch(scratch, context, kept=kept)
            case RunTests(ids, Collect.OUTCOMES):
                return self._run_tests(ids, state, context)
            case RunTests(ids, Collect.SPECTRUM):
                return self._trace(ids, state)
            case RunTests():
                return VerdictReached(self._verdict(state, context))
            case TryPatches(candidates, offset, exchange):
                explained = bool(exchange)
                return self._evaluator.evaluate(candidates, offset, state, context, explained=explained)
            case AskModel() as action:
                assert self._desk is not None  # the gate denies every model that no card is for
                return self._desk.ask(proposal.id, action, self._budget.ask_deadline_s(state))
            case ApplyPatch(patch):
                paths = ", ".join(sorted(self._change(patch).files))
                return Output(f"applied to {paths}")
            case ReadFile(path, line):
                return self._stored(read_file(self._suite.view, path, line))
            case SearchCode(text, pattern):
                return self._stored(search_code(self._suite.view, text, pattern))
            case RunCommand(argv):
                result = self._suite.run_command(argv, self._budget.left_s, self._applied(state))
                text = (result.stdout + b"\n" + result.stderr).decode(errors="replace").strip()
                return self._stored(Output(text[-MAX_OUTPUT:], result.exit_code), shown=slice(-MAX_NOTE, None))
            case Finish():
                return self._end("the patch was verified")
            case GiveUp(reason):
                return self._end(reason)

    def close(self) -> None:
        """End every warm worker."""
        self._evaluator.close()

    def used(self) -> Used:
        """The use of sandboxes since the last call."""
        return self._suite.meter.take()

    def _stored(self, output: Output, shown: slice = slice(MAX_NOTE)) -> Output:
        """An output as the journal has it: a long one is a blob, of which a piece is shown."""
        if len(output.text) <= MAX_NOTE:
            return output
        return Output(output.text[shown], output.exit_code, self._blobs.put_output(output.text))

    def _end(self, reason: str) -> Ended:
        self.close()  # now, so that this last step counts what the warm workers used
        return Ended(reason)

    # Running tests

    def _run_tests(self, ids: tuple[str, ...], state: State, context: Context) -> SuiteRan:
        if state.baseline is None:
            return self._run_base(context)
        request = self._budget.request(self._blobs.report(state.baseline.report), ids)
        if state.applied is None:  # what is found on the base is not held against a patch
            request = replace(request, watched=dict.fromkeys(ids, ()))
        report = self._ran(request, self._applied(state))
        return self._suite_ran(report, report.duration_s)

    def _run_base(self, context: Context) -> SuiteRan:
        limit = self._budget.first_limit_s

        def run() -> SuiteReport:
            return self._ran(RunRequest((), limit, limit, canaries=True), singly=self._budget.case_limit_s)

        first = run()
        if self._fitting is not None:
            first = self._fitting.fitted(first, run)
        if NO_TESTS in first.problem:
            first = replace(first, problem=f"{first.problem}; {self._what_ran()}")
        first = replace(first, problem=first.problem or _fault_of_tests(first, context))
        if first.problem:
            return self._suite_ran(first, first.duration_s)
        self._check_wanted(first)
        report = settled(self._suite, self._budget, first)
        return self._suite_ran(report, forecast_s(first, report))

    def _run_scratch(self, scratch: CreateFile, context: Context, *, kept: bool) -> SuiteRan:
        """Run a test that is not part of the source: alone, or with all others if it is to be kept."""
        self._suite.add(scratch)
        if kept:
            return self._run_base(context)
        limit = self._budget.first_limit_s
        report = self._ran(RunRequest((scratch.path,), limit, limit))
        own = tuple(case for case in report.cases if case.parsed.file == scratch.path)
        return self._suite_ran(replace(report, cases=own), report.duration_s)

    def _what_ran(self) -> str:
        """Which command found no tests, where, and what to do, which the runner's own message does not say."""
        where = f"at the root of the source ({counted(len(self._suite.view.files()), 'file')})"
        remedy = "give the command that runs them with --test CMD, or the project's folder as REPO"
        return f"what ran: {self._suite.command}, {where}; {remedy}"

    def _ran(self, request: RunRequest, change: Change | None = None, *, singly: float = 0.0) -> SuiteReport:
        timeout = self._budget.suite_limit_s
        report = self._suite.run_tests(request, timeout, change, singly=singly)
        if report.problem and report.duration_s >= timeout:
            report = replace(report, problem=f"{report.problem}; {self._budget.no_room}")
        return report

    def _suite_ran(self, report: SuiteReport, forecast_s: float) -> SuiteRan:
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
            reserve_s=round(self._budget.verdict_s(forecast_s), 3),
        )

    def _wanted_pass(self, report: SuiteReport) -> bool:
        outcomes = {case.id: case.outcome for case in report.cases}
        names = Names(report.cases)
        meant = [outcomes[case] for id in self._wanted for case in names.of(id)]
        return Outcome.PASSED in meant and not any(outcome.failing or outcome is Outcome.SLOW for outcome in meant)

    def _check_wanted(self, report: SuiteReport) -> None:
        names = Names(report.cases)
        for id in self._wanted:
            if not names.of(id):
                near = ", ".join(_near(id, report.cases)) or "none"
                raise UsageError(f"--target {id}: no such test; similar: {near}")

    def _verdict(self, state: State, context: Context) -> Verdict:
        known = targets_of(state, self._blobs, self._wanted)
        change = self._applied(state)
        verdict = reach_verdict(self._suite, self._budget, self._stability, self._beyond, known, change, context)
        loaded = self._evaluator.passed_on_base(state.applied) if state.applied is not None else None
        return self._generality.weighed(verdict, known, change, loaded)

    def _trace(self, ids: tuple[str, ...], state: State) -> SpectrumReady:
        began = time.monotonic()
        known = targets_of(state, self._blobs, self._wanted)
        cases = {case.id: case for case in known.baseline.cases}
        unloaded = {id for id in known.left if cases[id].unloaded}
        limits = [(id, self._budget.trace_limit_s(cases.get(id))) for id in ids if id not in unloaded]
        kept = self._change(state.kept.patch) if state.kept else None
        deadline = self._budget.trace_deadline(state)
        # Beside tests that cannot be loaded, others tell nothing of the fault.
        spectrum = Spectrum(()) if unloaded else self._suite.trace(limits, frozenset(known.left), deadline, kept)
        untraced = unloaded
        if time.monotonic() > deadline and spectrum.cases:
            untraced = {*known.left}.intersection(ids) - {trace.id for trace in spectrum.cases}
        late = tuple(_as_it_ended(cases[id]) for id in ids if id in untraced)
        spectrum = replace(spectrum, cases=(*spectrum.cases, *late))
        return SpectrumReady(
            self._blobs.put_spectrum(spectrum), len(spectrum.cases), round(time.monotonic() - began, 3)
        )

    def _applied(self, state: State) -> Change | None:
        return self._change(state.applied) if state.applied is not None else None

    def _change(self, patch: Patch) -> Change:
        return apply(patch, self._suite.view.read)


def _as_it_ended(case: CaseResult) -> CaseTrace:
    """What is known of a target that was not traced: there was no time, or it cannot be loaded."""
    return CaseTrace(case.id, case.outcome, case.duration_s, {}, case.frames, case.message, parsed=case.parsed)


def _fault_of_tests(report: SuiteReport, context: Context) -> str:
    """Why tests cannot be loaded, if the fault is in what no repair may change: the tests or their configuration."""
    for case in report.cases:
        path = case.frames[-1].path if case.unloaded and case.frames else ""
        if path and context.protected(path) and not context.lifted(path):
            return f"{case.id} could not be collected: {case.reason} ({path} belongs to the tests)"
    return ""


def _near(text: str, cases: Sequence[CaseResult]) -> list[str]:
    """The tests whose ids, or else whose bare names, are like `text`."""
    names = {bare_name(case): case.id for case in reversed(cases)}
    last = re.split(r"[^\w\[\]-]+", text)[-1]
    return get_close_matches(text, [case.id for case in cases]) or [
        names[name] for name in get_close_matches(last, names)
    ]
