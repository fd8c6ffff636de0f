"""The ladder: strategies from the cheapest to the dearest. Each has its turn, and leaves it when it gets nowhere.

The order is that in which the user named the models. What helped against the same kind of failure before may change it:
each rung's chance is drawn from what is known of it (Thompson sampling, with the session's seed), and halved with every
place down the ladder, for what it costs more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from gate import AskModel, Phase, Proposal
from planners.api import PlannerContext, Strategy
from planners.search.experience import Experience, Tally, fingerprint
from planners.search.language import Language
from planners.search.ranking import doubtful
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.targets import targets_of
from planners.trial import MODEL, Trial

__all__ = ["STRATEGY", "Ladder", "Rung"]

STRATEGY = "strategy "
"""What the ids of strategies begin with in the memory, so that no operator has one of them."""

_SHARE_OF_COST = 0.6
"""The most that one rung may spend of what is left when nothing below it has spent anything."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One strategy of the ladder. `model` is the name of the model that it asks, empty for the search.

    `looks` says that it asks step by step, which is too dear where all that is left to gain is a better patch.
    """

    name: str
    strategy: Strategy
    model: str = ""
    looks: bool = False

    def cost_usd(self, state: State) -> float:
        """What its calls cost so far, as far as the state remembers them."""
        own = (known for known in state.exchanges if known.model == self.model)
        return sum(reply.cost_usd for known in own for reply in known.replies)


class Ladder:
    """Asks one rung after another for a step."""

    phases = frozenset({Phase.LOCALIZE, Phase.PATCH, Phase.EXPAND})

    def __init__(
        self,
        rungs: Sequence[Rung],
        experience: Experience | None = None,
        languages: Mapping[str, Language] = LANGUAGES,
    ) -> None:
        self._rungs = tuple(rungs)
        self._experience = experience or Experience()
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The step of the first rung that has one, with the reason for which a model is asked."""
        order, why = self._order(state, context)
        left: list[str] = []
        for place, rung in enumerate(order):
            if rung.model and not self._needs_model(rung, order, place, state, context):
                continue
            if (step := rung.strategy.propose(state, context)) is not None:
                doubt = bool(state.plausible)
                return _reasoned(step, left, why, doubt=doubt) if isinstance(step.action, AskModel) else step
            left.append(rung.name)
        return None

    def _needs_model(
        self, rung: Rung, order: Sequence[Rung], place: int, state: State, context: PlannerContext
    ) -> bool:
        """Whether a model may still help: nothing passes or all that passes is doubtful, and its share is not spent.

        A generated test says so little that a patch of the search is always doubtful.
        """
        if (rung.looks and state.has_repair) or any(self._sure(trial, state, context) for trial in state.plausible):
            return False
        last = not any(other.model for other in order[place + 1 :])
        share = 1.0 if last else _SHARE_OF_COST
        return rung.cost_usd(state) < share * context.max_cost_usd or context.max_cost_usd == 0.0

    def _sure(self, trial: Trial, state: State, context: PlannerContext) -> bool:
        """Whether nothing speaks against a plausible patch."""
        if state.oracle == "generated" and trial.operator != MODEL:
            return False
        return not doubtful(trial, context.view, self._languages)

    def _order(self, state: State, context: PlannerContext) -> tuple[tuple[Rung, ...], str]:
        """The rungs in the order of their chances, and why that is not their own order."""
        failure = _failure(state, context)
        known = self._experience.alike.get(failure, {})
        if not any(STRATEGY + rung.name in known for rung in self._rungs):
            return self._rungs, ""
        random = context.generator(f"ladder {failure}")
        values = {
            rung.name: _chance(known.get(STRATEGY + rung.name), random) / 2**place
            for place, rung in enumerate(self._rungs)
        }
        order = tuple(sorted(self._rungs, key=lambda rung: -values[rung.name]))
        return order, "failures of this kind were repaired so before" if order != self._rungs else ""


def _chance(tally: Tally | None, random: Random) -> float:
    """A draw from what is known of a rung's chance: Beta(1 + repaired, 1 + not repaired)."""
    if tally is None:
        return 0.5
    return random.betavariate(1 + tally.helped, 1 + max(0, tally.tried - tally.helped))


def _failure(state: State, context: PlannerContext) -> str:
    targets = targets_of(state, context.reports, context.wanted)
    left = frozenset(targets.left)
    return fingerprint(case for case in targets.baseline.cases if case.id in left)


def _reasoned(step: Proposal, left: Sequence[str], why: str, *, doubt: bool) -> Proposal:
    """The step with the reason for its choice; `doubt` if patches pass that something speaks against."""
    reasons = [why] if why else []
    reasons += ["every patch that passes so far is doubtful"] if doubt else []
    reasons += [f"got nowhere so far: {', '.join(left)}"] if left and not doubt else []
    return replace(step, hypothesis="; ".join([*reasons, step.hypothesis]))
