"""Trying a batch of candidates: the gate first, then warm where that is possible, then a cold run of what passed."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from buildpacks import CaseTrace, Outcome, Spectrum
from buildpacks.warm import Edits, Tried
from gate import Candidate, Change, Context, CreateFile, Denied, EditFile, Gate, Patch, Verdict, change_of, verdict_on
from planners.observations import Batch
from planners.progress import progress_of
from planners.state import State
from planners.targets import Targets, probes, reached, targets_of
from planners.trial import Evaluated, TrialOutcome
from rfsn.sessions.blobs import BlobStore
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.order import ordered
from rfsn.trials.pool import Pool
from rfsn.trials.stability import Stability
from rfsn.trials.worker import Trial, WarmWorker

__all__ = ["Evaluator", "warm_outcome"]

_WARM = {
    "passed": TrialOutcome.PLAUSIBLE,
    "timeout": TrialOutcome.TIMEOUT,
    "invalid": TrialOutcome.INVALID,
    "crashed": TrialOutcome.CRASHED,
}


def warm_outcome(tried: Tried) -> TrialOutcome:
    """What the answer of a warm worker means; that of a plausible one is still to be confirmed by a cold run."""
    if tried.outcome == "passed" and tried.fixed is not None:
        return TrialOutcome.PARTIAL
    return _WARM.get(tried.outcome, TrialOutcome.FAILED)


class Evaluator:
    """Evaluates the candidates of one session."""

    def __init__(
        self,
        bench: Bench,
        gate: Gate,
        blobs: BlobStore,
        budget: Budget,
        stability: Stability,
        *,
        workers: int,
        wanted: tuple[str, ...] = (),
    ) -> None:
        self._bench = bench
        self._gate = gate
        self._blobs = blobs
        self._budget = budget
        self._stability = stability
        self._wanted = wanted
        runner = bench.pack.warm_runner(bench.plan)
        self._suffixes = runner.suffixes if runner else ()
        self._pool = Pool([WarmWorker(bench) if runner else None for _ in range(workers)])
        self._planned: Spectrum | None = None

    def close(self) -> None:
        """End every warm worker."""
        self._pool.close()

    def evaluate(self, candidates: Sequence[Candidate], offset: int, state: State, context: Context) -> Batch:
        """Try candidates, of which the first has the number `offset`, up to the first plausible one."""
        began = time.monotonic()
        known = targets_of(state, self._blobs, self._wanted)
        spectrum = self._blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
        traced = {trace.id for trace in spectrum.cases if trace.outcome is not Outcome.MISSING}
        suffixes = self._suffixes if traced.issuperset(known.left) else ()  # a worker has to know every target
        if suffixes and self._planned is not spectrum:
            self._pool.plan(*ordered(known, spectrum, self._budget))
            self._planned = spectrum
        numbered = dict(enumerate(candidates, offset))
        trials = _Trials(self, numbered, known, spectrum, state, context, suffixes)
        evaluated = self._pool.run([*numbered], trials.evaluated, self._budget.search_deadline(state))
        if evaluated and evaluated[-1].outcome is TrialOutcome.PLAUSIBLE:
            evaluated[-1] = trials.observed(evaluated[-1])
        elif len(evaluated) < len(candidates):
            self.close()  # the time is up: no later step may count what the warm workers used
        taken = round(time.monotonic() - began, 3)
        return Batch.of(offset, evaluated, duration_s=taken, spent=round(self._budget.search_spent(state), 3))

    def run_cold(self, change: Change, known: Targets, state: State) -> Verdict:
        """What one cold run of everything says of a candidate."""
        assert state.baseline is not None
        timeout = min(self._budget.left_s, 10.0 + 5.0 * state.baseline.forecast_s)
        report = self._bench.run_tests(self._budget.request(known.baseline), timeout, change)
        ignored = {*known.unstable, *self._stability.unstable(known, [report])}
        return verdict_on(known.baseline, known.all, ignored, [report])

    def screen(self, patch: Patch, context: Context) -> Change | None:
        """What a candidate changes; None where the gate's cheap rules deny it."""
        change = change_of(patch, context)
        return None if isinstance(change, Denied) or isinstance(self._gate.screen(change, context), Denied) else change

    def allows(self, change: Change, context: Context) -> bool:
        """Whether every rule of the gate allows a change: nothing is plausible that could not be applied."""
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
        suffixes: tuple[str, ...],
    ) -> None:
        """Candidates that edit or add files with these `suffixes` can be tried warm."""
        self._evaluator = evaluator
        self._candidates = candidates
        self._known = known
        self._state = state
        self._context = context
        self._suffixes = suffixes
        self._failing: Mapping[str, CaseTrace] = {trace.id: trace for trace in spectrum.cases if trace.outcome.failing}
        locations = {one.location for one in candidates.values()} if suffixes else set()
        self._probes = {location: probes(reached(spectrum, known.left, location)) for location in locations}
        self._passed: dict[int, tuple[WarmWorker, Trial]] = {}

    def evaluated(self, worker: WarmWorker | None, indexes: Sequence[int]) -> Generator[Evaluated]:
        """Try these candidates in order, each warm where that can be, else cold."""
        changes = {index: self._evaluator.screen(self._candidates[index].patch, self._context) for index in indexes}

        def is_warm(index: int) -> bool | None:
            if changes[index] is None:
                return None
            return worker is not None and self._edits(index) is not None

        for warm, group in groupby(indexes, is_warm):
            if warm is None:
                yield from (self._result(index, TrialOutcome.DENIED) for index in group)
            elif warm and worker is not None:
                yield from self._tried_warm(worker, [*group], changes)
            else:
                yield from (self._tried_cold(index, changes[index]) for index in group)

    def observed(self, plausible: Evaluated) -> Evaluated:
        """A plausible candidate with what it does on inputs that no test has."""
        if plausible.index not in self._passed:
            return plausible
        worker, trial = self._passed[plausible.index]
        return replace(plausible, behaviour=" ".join(worker.observe(trial)))

    def _tried_warm(
        self, worker: WarmWorker, indexes: Iterable[int], changes: Mapping[int, Change | None]
    ) -> Generator[Evaluated]:
        trials = {index: self._trial(index) for index in indexes}
        answers = worker.try_out([*trials.values()])
        try:
            for tried in answers:
                if tried.outcome == "unknown":
                    yield self._tried_cold(tried.index, changes[tried.index])
                    continue
                outcome = warm_outcome(tried)
                if outcome in {TrialOutcome.PLAUSIBLE, TrialOutcome.PARTIAL}:
                    outcome = self._confirmed(outcome, changes[tried.index])
                if outcome is TrialOutcome.PLAUSIBLE:
                    self._passed[tried.index] = worker, trials[tried.index]
                yield self._result(tried.index, outcome, tried.fixed or (), tried)
        finally:
            answers.close()

    def _trial(self, index: int) -> Trial:
        candidate = self._candidates[index]
        return Trial(index, self._edits(index) or {}, self._probes[candidate.location])

    def _edits(self, index: int) -> Edits | None:
        """A candidate for the warm protocol; None where it needs a cold run."""
        edits: dict[str, list[tuple[int, int, bytes]]] = {}
        for operation in self._candidates[index].patch:
            match operation:
                case EditFile(path) if path not in edits and path.endswith(self._suffixes):
                    edits[path] = [(edit.start, edit.end, edit.text) for edit in operation.edits]
                case CreateFile(path, content, "100644") if path not in edits and path.endswith(self._suffixes):
                    edits[path] = [(0, 0, content)]
                case _:
                    return None
        return edits

    def _confirmed(self, outcome: TrialOutcome, change: Change | None) -> TrialOutcome:
        """The outcome of a candidate that passes warm, for all targets or for some, once all rules were asked."""
        if change is None or not self._evaluator.allows(change, self._context):
            return TrialOutcome.DENIED
        if outcome is TrialOutcome.PARTIAL:
            return outcome
        verdict = self._evaluator.run_cold(change, self._known, self._state)
        return TrialOutcome.PLAUSIBLE if verdict.accepted else TrialOutcome.UNCONFIRMED

    def _tried_cold(self, index: int, change: Change | None) -> Evaluated:
        if change is None or not self._evaluator.allows(change, self._context):
            return self._result(index, TrialOutcome.DENIED)
        verdict = self._evaluator.run_cold(change, self._known, self._state)
        fixed = tuple(id for id in verdict.fixed if id in self._known.left)
        if verdict.accepted:
            return self._result(index, TrialOutcome.PLAUSIBLE, fixed)
        if fixed and verdict.partly:
            return self._result(index, TrialOutcome.PARTIAL, fixed)
        return self._result(index, TrialOutcome.FAILED, fixed)

    def _result(
        self, index: int, outcome: TrialOutcome, fixed: tuple[str, ...] = (), tried: Tried | None = None
    ) -> Evaluated:
        progress = progress_of(outcome, fixed, tried, self._failing)
        return Evaluated(
            index, self._candidates[index], outcome, fixed if outcome is TrialOutcome.PARTIAL else (), progress
        )
