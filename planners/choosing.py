"""Applying the likeliest patch that was found, whoever made it, for a verdict on it.

Independent failures are repaired one after another: a candidate that repairs some of the targets is kept once a verdict
confirms it, and the others are repaired from the resulting tree.
"""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks import Spectrum
from gate import ApplyPatch, Phase, Proposal
from planners.api import PlannerContext
from planners.search.language import Language
from planners.search.ranking import doubtful, likeliest
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.steps import proposal
from planners.targets import reached, targets_of
from planners.trial import Trial

__all__ = ["AskJudge", "Choose", "ChooseRipe"]

_PATIENCE = 256
"""The minimum of further candidates, for a patch of all targets, after a patch for some of them."""


class Choose:
    """Applies the likeliest patch that passes every test, else the best for some of the targets."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The patch to apply; None if there is none."""
        if state.plausible:
            begun = state.kept.tried if state.kept else 0
            votes = _votes(state, context)
            best = likeliest(state.plausible, context.view, begun, self._languages, votes)
            return _apply(state, best, f"the likeliest of {len(state.plausible)} patches that pass every test")
        sound = _sound(state, context, self._languages)
        return _apply_partial(state, context, sound[0]) if sound else None


class AskJudge:
    """Asks the judging model which of several patches is best, if there is such a model."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The question, see `planners.llm.judging.Judge`."""
        if context.judge is None and not context.models:
            return None
        from planners.llm.judging import Judge  # noqa: PLC0415  # a session without a model needs none of it

        return Judge(self._languages).propose(state, context)


def _votes(state: State, context: PlannerContext) -> Mapping[int, float]:
    """The judge's votes, see `planners.llm.judging.votes_of`."""
    if context.judge is None and not context.models:
        return {}
    from planners.llm.judging import votes_of  # noqa: PLC0415  # a session without a model needs none of it

    return votes_of(state, context)


class ChooseRipe:
    """Applies a patch for some of the targets, once waiting for one patch for all of them is pointless."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The patch to apply; None if there is none, or none is ripe."""
        ripe = None if state.plausible else _ripe(state, context, _sound(state, context, self._languages))
        return _apply_partial(state, context, ripe) if ripe else None


def _sound(state: State, context: PlannerContext, languages: Mapping[str, Language]) -> tuple[Trial, ...]:
    """The patches for some of the targets that have no anti-pattern: fewer tests speak for them than for others."""
    return tuple(trial for trial in state.partial if not doubtful(trial, context.view, languages))


def _ripe(state: State, context: PlannerContext, partial: tuple[Trial, ...]) -> Trial | None:
    """The patch for some targets to continue from.

    That is one that repairs every target that runs the edited line: immediately if no source line is run by all targets
    (then a single edit cannot repair them), else after some patience. It is any patch when half of the remaining time
    is used.
    """
    if not partial or state.spectrum is None:
        return None
    begun = state.kept.spent if state.kept else 0.0
    if state.spent >= (1.0 + begun) / 2:
        return partial[0]
    targets = targets_of(state, context.reports, context.wanted).left
    spectrum = context.reports.spectrum(state.spectrum.spectrum)
    for trial in partial:
        complete = {trace.id for trace in reached(spectrum, targets, trial.location)} <= set(trial.fixed)
        waited = state.tried - trial.index > max(_PATIENCE, trial.index - (state.kept.tried if state.kept else 0))
        if complete and (waited or not _shared(spectrum, targets, context)):
            return trial
    return None


def _shared(spectrum: Spectrum, targets: tuple[str, ...], context: PlannerContext) -> bool:
    """Whether all targets run a common source line: only there could one edit repair them all."""
    wanted = frozenset(targets)
    lines = [
        {(path, line) for path, lines in trace.lines.items() if context.is_source(path) for line in lines}
        for trace in spectrum.cases
        if trace.id in wanted
    ]
    return bool(lines) and bool(set.intersection(*lines))


def _apply_partial(state: State, context: PlannerContext, trial: Trial) -> Proposal:
    targets = targets_of(state, context.reports, context.wanted).left
    share = f"{len(trial.fixed)} of {len(targets)} targets"
    return _apply(state, trial, f"there are several faults: this repairs {share}, and the rest comes next")


def _apply(state: State, trial: Trial, hypothesis: str) -> Proposal:
    return proposal(
        state,
        state.phase if state.phase is Phase.EXPAND else Phase.PATCH,
        ApplyPatch(trial.patch),
        intent=f"apply the plausible patch {trial.index} ({trial.operator} at {trial.location})",
        hypothesis=hypothesis,
        expected_effect="a patch to verify",
    )
