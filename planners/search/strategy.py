"""The search as a strategy: trace the tests, try candidates, apply the likeliest that passes; if none does, widen.

Independent failures are repaired one after another: a candidate that repairs some of the targets is kept once a verdict
confirms it, and the search continues for the others from the resulting tree.
"""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks import Spectrum
from gate import ApplyPatch, Candidate, Collect, Phase, Proposal, RunTests, TryPatches
from planners.api import PlannerContext
from planners.search.language import Language
from planners.search.planner import CandidateSearch
from planners.search.ranking import doubtful, likeliest
from planners.state import State
from planners.steps import proposal
from planners.targets import reached, targets_of
from planners.trial import Trial

__all__ = ["Search"]

_TRACED_PASSING = 200
_TRACED_PASSING_S = 5.0
"""The most passing tests to trace, and their most seconds on the base."""
_PATIENCE = 256
"""The minimum of further candidates, for a patch of all targets, after a patch for some of them."""
_CHOICE = 6
_COLLECTING, _IN_DOUBT = 64, 512
_COLLECTING_SHARE, _IN_DOUBT_SHARE = 0.05, 0.1
"""After a plausible patch: how many are enough; how many more candidates to try (or half as many as before it), and the
share of the time for them. The second figures apply if all patches are doubtful."""


class Search:
    """Repairs by edit operators alone; proposes nothing once no candidate and no patch is left."""

    phases = frozenset({Phase.LOCALIZE, Phase.PATCH, Phase.EXPAND})

    def __init__(self, candidates: CandidateSearch) -> None:
        self._candidates = candidates

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """Trace first, then the next batch of candidates or the patch to apply."""
        return self._localize(state, context) or self._patch(state, context)

    def _localize(self, state: State, context: PlannerContext) -> Proposal | None:
        if state.spectrum is not None:
            return None
        return proposal(
            state,
            Phase.LOCALIZE,
            RunTests(self._traced(state, context), Collect.SPECTRUM),
            intent="trace the tests that still fail and some that pass"
            if state.kept
            else "trace the failing tests and some that pass",
            hypothesis="the fault lies on lines that failing tests execute and passing ones do not",
            expected_effect="a ranking of suspicious lines",
        )

    def _patch(self, state: State, context: PlannerContext) -> Proposal | None:
        targets = self._targets(state, context)
        begun = state.kept.tried if state.kept else 0
        more = _more_to_collect(state, context, self._candidates.languages)
        ripe = None if state.plausible else self._ripe(state, context, targets)
        search = not ripe and (more is None or more > 0)
        batch, widened = self._candidates.next_batch(state, context, targets, more) if search else ((), False)
        if not batch and state.plausible:
            best = likeliest(state.plausible, context.view, begun, self._candidates.languages)
            return self._apply(state, best, f"the likeliest of {len(state.plausible)} patches that pass every test")
        if not batch and state.partial:
            best = ripe or state.partial[0]
            share = f"{len(best.fixed)} of {len(targets)} targets"
            return self._apply(state, best, f"there are several faults: this repairs {share}, and the rest comes next")
        if not batch:
            return None
        return proposal(
            state,
            Phase.EXPAND if widened else Phase.PATCH,
            TryPatches(batch, offset=state.tried),
            intent=f"try {len(batch)} candidates from number {state.tried}",
            hypothesis=_hypothesis(batch),
            expected_effect="a plausible patch, or fewer candidates left",
        )

    def _ripe(self, state: State, context: PlannerContext, targets: tuple[str, ...]) -> Trial | None:
        """The patch for some targets to continue from, once waiting for one patch for all of them is pointless.

        That holds for a patch that repairs every target that runs the edited line: immediately if no source line is run
        by all targets (then a single edit cannot repair them), else after some patience. It holds for any patch when
        half of the remaining time is used.
        """
        if not state.partial or state.spectrum is None:
            return None
        begun = state.kept.spent if state.kept else 0.0
        if state.spent >= (1.0 + begun) / 2:
            return state.partial[0]
        spectrum = context.reports.spectrum(state.spectrum.spectrum)
        for trial in state.partial:
            complete = {trace.id for trace in reached(spectrum, targets, trial.location)} <= set(trial.fixed)
            waited = state.tried - trial.index > max(_PATIENCE, trial.index - (state.kept.tried if state.kept else 0))
            if complete and (waited or not _shared(spectrum, targets, context)):
                return trial
        return None

    def _apply(self, state: State, trial: Trial, hypothesis: str) -> Proposal:
        return proposal(
            state,
            state.phase if state.phase is Phase.EXPAND else Phase.PATCH,
            ApplyPatch(trial.patch),
            intent=f"apply the plausible patch {trial.index} ({trial.operator} at {trial.location})",
            hypothesis=hypothesis,
            expected_effect="a patch to verify",
        )

    def _targets(self, state: State, context: PlannerContext) -> tuple[str, ...]:
        """The targets that no kept patch repairs."""
        return targets_of(state, context.reports, context.wanted).left

    def _traced(self, state: State, context: PlannerContext) -> tuple[str, ...]:
        """The targets, and passing tests: first those of the same files, then a sample of the others."""
        assert state.baseline is not None
        targets = self._targets(state, context)
        report = context.reports.report(state.baseline.report)
        passing = [case for case in report.cases if case.outcome == "passed"]
        context.generator("traced").shuffle(passing)
        files = {case.parsed.file for case in report.cases if case.id in targets}
        passing.sort(key=lambda case: case.parsed.file not in files)
        left, affordable = _TRACED_PASSING_S, []
        for case in passing:
            if case.duration_s <= left:
                left -= case.duration_s
                affordable.append(case.id)
        return targets + tuple(affordable[:_TRACED_PASSING])


def _more_to_collect(state: State, context: PlannerContext, languages: Mapping[str, Language]) -> int | None:
    """How many more candidates to try for alternatives to the plausible patches so far; None if there is none yet.

    The first candidate that passes is often not correct: tests are weak oracles (Smith et al., "Is the Cure Worse Than
    the Disease?", FSE 2015).
    """
    if not state.plausible:
        return None
    unsure = all(doubtful(trial.patch, context.view, languages) for trial in state.plausible)
    first, begun = state.plausible[0].index, state.kept.tried if state.kept else 0
    patience = max(_IN_DOUBT if unsure else _COLLECTING, (first - begun) // 2)
    late = state.spent >= 1.0 or state.spent - state.plausible_at > (_IN_DOUBT_SHARE if unsure else _COLLECTING_SHARE)
    return 0 if late or len(state.plausible) >= _CHOICE else max(0, first + 1 + patience - state.tried)


def _shared(spectrum: Spectrum, targets: tuple[str, ...], context: PlannerContext) -> bool:
    """Whether all targets run a common source line: only there could one edit repair them all."""
    wanted = frozenset(targets)
    lines = [
        {(path, line) for path, lines in trace.lines.items() if context.is_source(path) for line in lines}
        for trace in spectrum.cases
        if trace.id in wanted
    ]
    return bool(lines) and bool(set.intersection(*lines))


def _hypothesis(batch: tuple[Candidate, ...]) -> str:
    first = batch[0]
    return f"the fault is near {first.location}; likeliest now: {first.operator}"
