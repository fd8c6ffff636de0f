"""Trying a batch of candidates: the gate first, then warm if possible, then a cold run of those that passed."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby

from buildpacks import CaseTrace, Outcome, Spectrum
from buildpacks.warm import Behaviour, WarmResult
from gate import (
    Candidate,
    Change,
    Context,
    Denied,
    Gate,
    Patch,
    Verdict,
    apply,
    change_of,
    verdict_on,
)
from planners.observations import Batch
from planners.progress import progress_of
from planners.state import State
from planners.targets import Targets, probes, reached, targets_of
from planners.trial import Trial, TrialOutcome
from rfsn.sessions.blobs import BlobStore
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.explain import Explainer
from rfsn.trials.order import ordered
from rfsn.trials.pool import Lane, Pool
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite
from rfsn.trials.warm_part import WarmPart
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker

__all__ = ["Evaluator", "warm_outcome"]

_BATCH_S = 15.0
"""After that time a batch of the search ends with what was tried: every step is seen, and recorded, in time."""

_WARM = {
    "passed": TrialOutcome.PLAUSIBLE,
    "timeout": TrialOutcome.TIMEOUT,
    "invalid": TrialOutcome.INVALID,
    "crashed": TrialOutcome.CRASHED,
}


def warm_outcome(tried: WarmResult) -> TrialOutcome:
    """The outcome in a warm worker's answer; a plausible one must still be confirmed by a cold run."""
    if tried.outcome == "passed" and tried.fixed is not None:
        return TrialOutcome.PARTIAL
    return _WARM.get(tried.outcome, TrialOutcome.FAILED)


class Evaluator:
    """Evaluates the candidates of one session."""

    def __init__(
        self,
        suite: Suite,
        gate: Gate,
        blobs: BlobStore,
        budget: Budget,
        stability: Stability,
        beyond: Beyond,
        *,
        workers: int,
        wanted: tuple[str, ...] = (),
    ) -> None:
        self._suite = suite
        self._gate = gate
        self._blobs = blobs
        self._budget = budget
        self._stability = stability
        self._beyond = beyond
        self._wanted = wanted
        self._workers = workers
        self._planned: Spectrum | None = None
        self._warm_parts: Sequence[WarmPart] = ()
        self.passed: dict[Patch, tuple[WarmWorker, TrialRequest]] = {}

    @cached_property
    def _pool(self) -> Pool:
        """The warm workers, made when the first candidates come: by then it is known which environments they have."""
        warm = {part: bench for part, bench in self._suite.benches.items() if bench.answers("try")}
        return Pool([{part: WarmWorker(bench) for part, bench in warm.items()} for _ in range(self._workers)])

    def close(self) -> None:
        """End every warm worker."""
        if "_pool" in self.__dict__:
            self._pool.close()

    def passed_on_base(self, patch: Patch) -> tuple[WarmWorker, TrialRequest] | None:
        """The worker on the base in which a patch passed, and the request for it; None if there is none."""
        return None if any(warm.kept.files for warm in self._warm_parts) else self.passed.get(patch)

    def evaluate(
        self, candidates: Sequence[Candidate], offset: int, state: State, context: Context, *, explained: bool = False
    ) -> Batch:
        """Try candidates up to the first plausible one; the first of them has the number `offset`.

        Where they take long, only some are tried, at least one: the search goes on with the next. If it is to be
        `explained`, all are, and the batch says what fails under each: models can make use of that.
        """
        began = time.monotonic()
        known = targets_of(state, self._blobs, self._wanted)
        spectrum = self._blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
        if self._planned is not spectrum:
            self._warm_parts = self._prepared(known, spectrum, state.kept.patch if state.kept else ())
            self._planned = spectrum
            self.passed = {}
        numbered = dict(enumerate(candidates, offset))
        trials = _Trials(self, numbered, known, spectrum, state, context, self._warm_parts)
        deadline = self._budget.search_deadline(state)
        soon = deadline if explained else min(deadline, time.monotonic() + _BATCH_S)
        evaluated = self._pool.run([*numbered], trials.evaluated, soon)
        if evaluated and evaluated[-1].outcome is TrialOutcome.PLAUSIBLE:
            evaluated[-1] = trials.observed(evaluated[-1])
        elif len(evaluated) < len(candidates) and time.monotonic() >= deadline:
            self.close()  # the time is up: what the warm workers used counts for this step
        explainer = Explainer(self._suite, self._gate, self._budget, known, context)
        failures = tuple(map(explainer.why, evaluated)) if explained else ()
        taken, spent = round(time.monotonic() - began, 3), round(self._budget.search_spent(state), 3)
        return Batch.of(offset, evaluated, duration_s=taken, spent=spent, failures=failures)

    def _prepared(self, known: Targets, spectrum: Spectrum, kept: Patch) -> list[WarmPart]:
        """The parts in which candidates can be tried warm, with their plans set: a worker knows all targets left there.

        The search goes on from the patch `kept`.
        """
        traced = {trace.id for trace in spectrum.cases if trace.outcome is not Outcome.MISSING}
        change = apply(kept, self._suite.view.read)
        warm_parts: list[WarmPart] = []
        for prefix, bench in self._suite.benches.items():
            runner = bench.part.pack.warm_runner(bench.plan) if bench.answers("try") else None
            own = known.of({case.id for case in known.baseline.cases if self._suite.bench_of(case.id) is bench})
            unloaded = any(case.unloaded and case.id in own.left for case in own.baseline.cases)
            if runner is None or not own.left or unloaded or not traced.issuperset(own.left):
                continue
            warm = WarmPart(prefix, bench.part, runner.suffixes, own, change, self._suite.view.read)
            tree = change if change.files else None
            self._pool.plan(prefix, TrialPlan(*ordered(own, spectrum, self._budget), tree))
            warm_parts.append(warm)
        return sorted(warm_parts, key=lambda warm: -len(warm.prefix))

    def run_cold(self, change: Change, known: Targets, state: State) -> Verdict:
        """The verdict of one cold run of everything on a candidate."""
        report = self._suite.run_tests(self._budget.request(known.baseline), self._cold_limit_s(known, state), change)
        ignored = {*known.unstable, *self._stability.unstable(known, [report])}
        return verdict_on(known.baseline, known.all, ignored, [report])

    def kept_answers(self, seen: Behaviour) -> str:
        """The blob with what a candidate does on inputs that no test has, in words."""
        return self._blobs.put_output(json.dumps([*zip(seen.calls, seen.answers, strict=True)]))

    def breaks_others(self, change: Change, known: Targets, context: Context, state: State) -> bool:
        """Whether a candidate breaks tests that the command leaves out."""
        return bool(self._beyond.broken(known, change, context, self._budget.before_verdict_s(state), sure=False))

    def loads(self, change: Change, known: Targets, state: State) -> bool:
        """Whether the first of the targets that cannot be loaded can be with a candidate: quicker to see than the rest.

        It is true without such a target.
        """
        whole = next((case.id for case in known.baseline.cases if case.unloaded and case.id in known.left), None)
        if whole is None:
            return True
        request = self._budget.request(known.baseline, (whole,))
        report = self._suite.run_tests(request, self._cold_limit_s(known, state), change)
        return bool(report.cases) and not any(case.unloaded for case in report.cases)

    def _cold_limit_s(self, known: Targets, state: State) -> float:
        """How long a cold run of a candidate may take. Alternatives to one that passes leave the verdict its time."""
        assert state.baseline is not None
        limit_s = min(self._budget.left_s, 10.0 + 5.0 * state.baseline.forecast_s)
        if any(case.unloaded for case in known.baseline.cases):  # the suite takes longer than what ran of it
            limit_s = self._budget.suite_limit_s
        if state.plausible:
            limit_s = min(limit_s, self._budget.search_deadline(state) - time.monotonic())
        return max(1.0, limit_s)

    def screen(self, patch: Patch, context: Context) -> Change | None:
        """What a candidate changes; None if the gate's cheap rules deny it."""
        change = change_of(patch, context)
        return None if isinstance(change, Denied) or isinstance(self._gate.screen(change, context), Denied) else change

    def allows(self, change: Change, context: Context) -> bool:
        """Whether every rule of the gate allows a change: a plausible candidate must be one that can be applied."""
        return not isinstance(self._gate.check(change, context), Denied)


class _Trials:
    """The trials of one batch."""

    def __init__(
        self,
        evaluator: Evaluator,
        candidates: Mapping[int, Candidate],
        known: Targets,
        spectrum: Spectrum,
        state: State,
        context: Context,
        warm_parts: Sequence[WarmPart],
    ) -> None:
        """Candidates are tried warm in the first of the `warm_parts` that has all files that they edit or add."""
        self._evaluator = evaluator
        self._candidates = candidates
        self._known = known
        self._state = state
        self._context = context
        self._warm_parts = {warm.prefix: warm for warm in warm_parts}
        self._spectrum = spectrum
        self._failing: Mapping[str, CaseTrace] = {trace.id: trace for trace in spectrum.cases if trace.outcome.failing}
        self._probes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._cold_s: dict[int, float] = {}

    def evaluated(self, lane: Lane, indexes: Sequence[int]) -> Generator[Trial]:
        """Try these candidates in order, each warm if possible, else cold."""
        changes = {index: self._evaluator.screen(self._candidates[index].patch, self._context) for index in indexes}

        def place(index: int) -> tuple[bool, str | None]:
            return changes[index] is not None, self._prefix(index)

        for (allowed, prefix), group in groupby(indexes, place):
            if not allowed:
                yield from (self._result(index, TrialOutcome.DENIED) for index in group)
            elif prefix is not None:
                yield from self._tried_warm(lane[prefix], self._warm_parts[prefix], [*group], changes)
            else:
                yield from (self._tried_cold(index, changes[index]) for index in group)

    def observed(self, plausible: Trial) -> Trial:
        """A plausible candidate with its behaviour on inputs that no test has."""
        passed = self._evaluator.passed.get(plausible.candidate.patch)
        if passed is None:
            return plausible
        worker, trial = passed
        seen = worker.observe(trial)
        shown = self._evaluator.kept_answers(seen) if seen.calls else ""
        return replace(plausible, behaviour=" ".join(seen.words), shown=shown)

    def _tried_warm(
        self, worker: WarmWorker, warm: WarmPart, indexes: Iterable[int], changes: Mapping[int, Change | None]
    ) -> Generator[Trial]:
        trials = {index: self._trial(index, warm) for index in indexes}
        answers = worker.try_out([*trials.values()])
        try:
            for tried in answers:
                if tried.outcome == "unknown":
                    yield self._tried_cold(tried.index, changes[tried.index])
                    continue
                outcome, fixed = warm_outcome(tried), tried.fixed or ()
                if outcome is TrialOutcome.PLAUSIBLE and len(warm.known.left) < len(self._known.left):
                    outcome, fixed = TrialOutcome.PARTIAL, warm.known.left
                if outcome in {TrialOutcome.PLAUSIBLE, TrialOutcome.PARTIAL}:
                    outcome = self._confirmed(tried.index, outcome, changes[tried.index])
                if outcome is TrialOutcome.PLAUSIBLE:
                    self._evaluator.passed[self._candidates[tried.index].patch] = worker, trials[tried.index]
                yield self._result(tried.index, outcome, fixed, tried)
        finally:
            answers.close()

    def _trial(self, index: int, warm: WarmPart) -> TrialRequest:
        location = self._candidates[index].location
        place = warm.prefix, location
        if place not in self._probes:
            self._probes[place] = probes(reached(self._spectrum, warm.known.left, location))
        candidate = self._candidates[index]
        return TrialRequest(index, warm.edits(candidate) or {}, self._probes[place], candidate.afresh)

    def _prefix(self, index: int) -> str | None:
        """The prefix of the part in which a candidate is tried warm; None if it needs a cold run."""
        candidate = self._candidates[index]
        fitting = (prefix for prefix, warm in self._warm_parts.items() if warm.edits(candidate) is not None)
        return next(fitting, None)

    def _confirmed(self, index: int, outcome: TrialOutcome, change: Change | None) -> TrialOutcome:
        """The outcome, after all rules and a cold run, of a candidate that passes warm for all targets or for some.

        Once a cold run has agreed with the warm workers, an alternative needs none: if it is chosen, its verdict has
        two, and after one that rejects a patch every candidate is run cold again.
        """
        if change is None or not self._evaluator.allows(change, self._context):
            return TrialOutcome.DENIED
        if outcome is TrialOutcome.PARTIAL:
            return outcome
        agreed = not self._state.rejected and any(trial.cold_s for trial in self._state.plausible)
        if not agreed and not self._run_cold(index, change).accepted:
            return TrialOutcome.UNCONFIRMED
        if self._evaluator.breaks_others(change, self._known, self._context, self._state):
            return TrialOutcome.UNCONFIRMED
        return TrialOutcome.PLAUSIBLE

    def _tried_cold(self, index: int, change: Change | None) -> Trial:
        if change is None or not self._evaluator.allows(change, self._context):
            return self._result(index, TrialOutcome.DENIED)
        if not self._evaluator.loads(change, self._known, self._state):
            return self._result(index, TrialOutcome.FAILED)
        verdict = self._run_cold(index, change)
        fixed = tuple(id for id in verdict.fixed if id in self._known.left)
        if verdict.accepted and self._evaluator.breaks_others(change, self._known, self._context, self._state):
            return self._result(index, TrialOutcome.UNCONFIRMED)
        if verdict.accepted:
            return self._result(index, TrialOutcome.PLAUSIBLE, fixed)
        if fixed and verdict.partly:
            return self._result(index, TrialOutcome.PARTIAL, fixed)
        return self._result(index, TrialOutcome.FAILED, fixed)

    def _run_cold(self, index: int, change: Change) -> Verdict:
        began = time.monotonic()
        verdict = self._evaluator.run_cold(change, self._known, self._state)
        self._cold_s[index] = round(time.monotonic() - began, 3)
        return verdict

    def _result(
        self, index: int, outcome: TrialOutcome, fixed: tuple[str, ...] = (), tried: WarmResult | None = None
    ) -> Trial:
        progress = progress_of(outcome, fixed, tried, self._failing)
        partly = fixed if outcome is TrialOutcome.PARTIAL else ()
        cold_s = self._cold_s.get(index, 0.0) if outcome is TrialOutcome.PLAUSIBLE else 0.0
        return Trial(index, self._candidates[index], outcome, partly, progress, cold_s=cold_s)
