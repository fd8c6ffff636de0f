"""Judging batches of candidates: the gate first, then warm workers, then a cold run of what passed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from math import ceil, log
from statistics import median

from buildpacks import CaseTrace, Outcome, RunRequest, Spectrum
from buildpacks.warm import Edits
from gate import Candidate, Context, Denied, EditFile, Gate, Patch, Verdict, apply, judge
from planners.progress import progress_of
from planners.state import Batch, Partial, Plausible, Promising, State, most_fixed, most_promising
from planners.targets import Targets, probes, reached, targets_of
from rfsn.sessions.blobs import BlobStore
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.stability import Stability
from rfsn.trials.validation import Judged, Pool
from rfsn.trials.worker import Limits, Trial, WarmWorker

__all__ = ["BatchJudge"]

_LEAST_LIMIT_S = 0.1
_QUICK_S = 0.05
_MAX_PROMISING = 8
_WALL_FACTOR = 5.0  # what warm runners allow of wall-clock time for each CPU second


class BatchJudge:
    """Judges the candidates of one session."""

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
        self._stability = stability
        self._gate = gate
        self._blobs = blobs
        self._budget = budget
        self._wanted = wanted
        self._pool = Pool([WarmWorker(bench) for _ in range(workers)]) if bench.pack.warm_runner(bench.plan) else None
        self._planned: Spectrum | None = None

    def close(self) -> None:
        """End every warm worker."""
        if self._pool:
            self._pool.close()

    def judge(self, candidates: tuple[Candidate, ...], offset: int, state: State, context: Context) -> Batch:
        """Judge candidates, of which the first has the number `offset`, up to the first plausible one."""
        began = time.monotonic()
        numbered = dict(enumerate(candidates, offset))
        allowed = {
            index: one
            for index, one in numbered.items()
            if not isinstance(self._gate.screen(one.patch, context), Denied)
        }
        judged = {index: Judged(index, "d") for index in numbered.keys() - allowed.keys()}
        judged |= {one.index: one for one in self._judge(allowed, state, context)}
        outcomes = ""
        for index in numbered:
            if index not in judged or outcomes.endswith("p"):
                break
            outcomes += judged[index].letter
        if len(outcomes) < len(candidates) and not outcomes.endswith("p"):
            self.close()  # the time is up: no later step may count what the warm workers used

        def found(letter: str) -> list[tuple[int, Patch, str, str]]:
            indexes = [index for index, one in enumerate(outcomes, offset) if one == letter]
            return [(at, numbered[at].patch, numbered[at].operator, numbered[at].location) for at in indexes]

        partial = [Partial(*one, fixed=judged[one[0]].fixed) for one in found("s")]
        return Batch(
            offset,
            outcomes,
            plausible=tuple(Plausible(*one, " ".join(judged[one[0]].behaviour)) for one in found("p")),
            duration_s=round(time.monotonic() - began, 3),
            partial=most_fixed(partial),
            promising=self._promising(
                numbered, [judged[index] for index in numbered if index < offset + len(outcomes)], state
            ),
            spent=round(self._budget.search_spent(state), 3),
        )

    def _promising(
        self, candidates: Mapping[int, Candidate], judged: Iterable[Judged], state: State
    ) -> tuple[Promising, ...]:
        """The best of the candidates that change how a target fails, where warm workers told how they do."""
        spectrum = self._blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
        failing = {trace.id: trace for trace in spectrum.cases if trace.outcome.failing}
        found = []
        for one in judged:
            progress = progress_of(one.letter, one.fixed, one.tried, failing)
            if progress is not None:
                made = candidates[one.index]
                found.append(Promising(one.index, made.patch, made.operator, made.location, progress))
        return most_promising(found, _MAX_PROMISING)

    def _judge(self, candidates: Mapping[int, Candidate], state: State, context: Context) -> list[Judged]:
        """Judge candidates up to the first plausible one: warm where that is possible, else cold.

        Warm validation takes edits of files alone, and a worker that knows every target. What passes has to pass every
        rule of the gate too: nothing is plausible that could not be applied.
        """
        known = targets_of(state, self._blobs, self._wanted)
        deadline = self._budget.search_deadline(state)
        edits = {index: edits for index, one in candidates.items() if (edits := _edits(one.patch)) is not None}
        spectrum = self._blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
        traced = {trace.id for trace in spectrum.cases if trace.outcome is not Outcome.MISSING}
        if self._pool is not None and len(edits) == len(candidates) and traced.issuperset(known.left):
            if self._planned is not spectrum:
                self._pool.plan(*self._order(known, spectrum))
                self._planned = spectrum
            locations = {one.location for one in candidates.values()}
            asked = {location: probes(reached(spectrum, known.left, location)) for location in locations}
            trials = [Trial(index, edits[index], asked[one.location]) for index, one in candidates.items()]
            judged = self._pool.judge(
                trials,
                lambda index: (
                    not self._denied(candidates[index].patch, context)
                    and self._run_cold(candidates[index].patch, known, state).accepted
                ),
                deadline,
            )
            return [
                Judged(one.index, "d")
                if one.letter in "cs" and self._denied(candidates[one.index].patch, context)
                else one
                for one in judged
            ]
        judged = []
        for index, one in candidates.items():
            if time.monotonic() >= deadline or (judged and judged[-1].letter == "p"):
                break
            if self._denied(one.patch, context):
                judged.append(Judged(index, "d"))
                continue
            verdict = self._run_cold(one.patch, known, state)
            fixed = tuple(id for id in verdict.fixed if id in known.left)
            letter = "p" if verdict.accepted else "s" if fixed and verdict.partly else "f"
            judged.append(Judged(index, letter, fixed))
        return judged

    def _denied(self, patch: Patch, context: Context) -> bool:
        return isinstance(self._gate.judge(patch, context), Denied)

    def _run_cold(self, patch: Patch, known: Targets, state: State) -> Verdict:
        """What one cold run of everything says of a candidate."""
        assert state.baseline is not None
        limit = self._budget.case_limit_s
        timeout = min(self._budget.left_s, 10.0 + 5.0 * state.baseline.forecast_s)
        report = self._bench.run_tests(RunRequest((), limit, limit), timeout, apply(patch, self._bench.view.read))
        return judge(known.baseline, known.all, {*known.unstable, *self._stability.unstable(known, [report])}, [report])

    def _order(self, known: Targets, spectrum: Spectrum) -> tuple[Limits, Limits]:
        """The targets that are left and the tests that pass, with their limits.

        Slow ones come last; but before other tests those like a target, which a bad repair most often breaks. Tests
        that take about as long keep the order of the suite: noise must not decide what runs after what.
        """
        traces = {trace.id: trace for trace in spectrum.cases}
        usual = median([trace.cpu_s for trace in spectrum.cases if trace.outcome is Outcome.PASSED] or [0.0])
        passing = {case.id for case in known.baseline.cases if case.outcome is Outcome.PASSED} - {*known.unstable}
        passing |= {*known.all} - {*known.left}

        durations = {case.id: case.duration_s for case in known.baseline.cases}

        def cost(id: str) -> float:
            trace = traces.get(id)
            return trace.cpu_s if trace else usual

        functions = {id.partition("[")[0] for id in known.left}
        holders = {function.rpartition("::")[0] for function in functions}

        def distance(id: str) -> int:
            """0 for another parametrisation of a target, 1 for a neighbour in its class or file, else 2."""
            function = id.partition("[")[0]
            return 0 if function in functions else 1 if function.rpartition("::")[0] in holders else 2

        places = {case.id: place for place, case in enumerate(known.baseline.cases)}

        def limited(ids: Iterable[str]) -> Limits:
            order = sorted(ids, key=lambda id: (distance(id), _slowness(cost(id)), places[id]))
            return [(id, self._limit(traces.get(id), usual, durations.get(id, 0.0))) for id in order]

        return limited(known.left), limited(passing)

    def _limit(self, trace: CaseTrace | None, usual: float, duration_s: float) -> float:
        """CPU seconds that a test may use under a candidate: ten times what it used on the base, where that ended.

        Its wall-clock time is bounded by a multiple of that, so one that waits has more, for ten times its duration.
        """
        if trace is None:
            return self._budget.case_limit_s
        if trace.outcome is Outcome.TIMEOUT:
            return max(_LEAST_LIMIT_S, 10.0 * usual)
        return max(_LEAST_LIMIT_S, 10.0 * trace.cpu_s, 10.0 / _WALL_FACTOR * duration_s)


def _slowness(cpu_s: float) -> int:
    """0 for a quick test, and 1 more for each time that it takes four times as long."""
    return max(0, ceil(log(max(cpu_s, 1e-9) / _QUICK_S, 4)))


def _edits(patch: Patch) -> Edits | None:
    """A patch for the warm protocol; None where it does more than to edit files."""
    edited = [operation for operation in patch if isinstance(operation, EditFile)]
    if len(edited) < len(patch) or len({operation.path for operation in edited}) < len(edited):
        return None
    return {operation.path: [(edit.start, edit.end, edit.text) for edit in operation.edits] for operation in edited}
