"""The search as a strategy: try candidates until there are enough that pass; if none does, widen."""

from __future__ import annotations

from collections.abc import Mapping

from gate import Candidate, Phase, Proposal, TryPatches
from planners.api import PlannerContext
from planners.search.language import MEND, Language
from planners.search.planner import CandidateSearch
from planners.search.ranking import doubtful, hollow
from planners.state import State
from planners.steps import proposal
from planners.targets import targets_of
from planners.trial import MODEL

__all__ = ["Search", "collecting_share", "more_to_collect"]

_LEAST_SHARE, _TURN_SHARE = 0.02, 0.1
"""The shares of the remaining time which an impatient search takes at least, whatever it has tried, and at most."""
_CHOICE, _DOUBTFUL_CHOICE = 6, 12
"""How many plausible patches are enough, and how many if all are doubtful."""

_COLLECTING, _IN_DOUBT, _OF_MENDS = 64, 512, 6
_COLLECTING_SHARE, _IN_DOUBT_SHARE, _OF_MENDS_SHARE = 0.05, 0.3, 0.02
"""After a plausible patch: how many are enough; how many more candidates to try (or half as many as before it), and the
share of the time for them. The second figures apply if all patches are doubtful, the third after a mend of what Python
itself says is wrong: few others can be right, and each takes a cold run."""


class Search:
    """Repairs by edit operators alone; proposes nothing once it has enough patches, or no candidate is left.

    With `patience` it makes room for others after so many candidates without success and before it is widened; without,
    it goes on from there.
    """

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, candidates: CandidateSearch, *, patience: int | None = None) -> None:
        self._candidates = candidates
        self._patience = patience

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The next batch of candidates."""
        more = more_to_collect(state, context, self._candidates.languages)
        if more == 0 or self._stagnates(state):
            return None
        targets = targets_of(state, context.reports, context.wanted).left
        widen = self._patience is None
        batch, widened = self._candidates.next_batch(state, context, targets, more, widen=widen)
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

    def _stagnates(self, state: State) -> bool:
        """Whether it has had its turn, and others may do better."""
        if self._patience is None or state.plausible:
            return False
        tried, spent = (state.kept.searched, state.kept.spent) if state.kept else (0, 0.0)
        share = (state.spent - spent) / max(1e-9, 1.0 - spent)
        return share >= (_LEAST_SHARE if state.searched - tried >= self._patience else _TURN_SHARE)


def more_to_collect(state: State, context: PlannerContext, languages: Mapping[str, Language]) -> int | None:
    """How many more candidates to try for alternatives to the plausible patches so far; None if there is none yet.

    The first candidate that passes is often not correct: tests are weak oracles (Smith et al., "Is the Cure Worse Than
    the Disease?", FSE 2015).
    """
    if not state.plausible:
        return None
    mended = state.plausible[0].operator.startswith(MEND)
    unsure = not mended and all(
        doubtful(trial, context.view, languages) or hollow(trial, state.plausible, context.view, languages)
        for trial in state.plausible
    )
    first, begun = state.plausible[0].index, state.kept.tried if state.kept else 0
    searched = 0 if state.plausible[0].operator == MODEL else first - begun  # what it tried in vain promises nothing
    usual = _OF_MENDS if mended else _COLLECTING
    patience = max(_IN_DOUBT if unsure else usual, searched // 2)
    share = collecting_share(state) if mended or unsure else _COLLECTING_SHARE
    late = state.spent >= 1.0 or state.spent - state.plausible_at > share
    enough = len(state.plausible) >= (_DOUBTFUL_CHOICE if unsure else _CHOICE)
    return 0 if late or enough else max(0, first + 1 + patience - state.tried)


def collecting_share(state: State) -> float:
    """The share of the time that alternatives to the plausible patches of a state may take at most."""
    return _OF_MENDS_SHARE if state.plausible[0].operator.startswith(MEND) else _IN_DOUBT_SHARE


def _hypothesis(batch: tuple[Candidate, ...]) -> str:
    first = batch[0]
    return f"the fault is near {first.location}; likeliest now: {first.operator}"
