"""A model as one judge among others, of which plausible patch a maintainer would merge.

It is asked twice, with the patches in opposite orders: models prefer places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from gate import ModelCard, Phase, Proposal, Turn
from planners.api import PlannerContext
from planners.llm.asking import ask, exchanges_of, room, size
from planners.llm.fitting import brief_within
from planners.llm.prompts import SYSTEM, brief_text, fenced
from planners.llm.unified import unified
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.trial import Trial

__all__ = ["Judge", "votes_of"]

_MAX_PATCHES = 8
_BEST = re.compile(r"^\W{0,9}best\W{1,5}(\d{1,7})\W{0,9}$", re.IGNORECASE | re.MULTILINE)

_QUESTION = """\
Each of these patches makes all tests pass. Tests are weak: most such patches are wrong for inputs that no test has.
Which one would a maintainer of this project merge? Say in two sentences why, and end with a line such as

best: NUMBER"""


class Judge:
    """Asks the judging model once, when there are several patches to choose from."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The question; None if there is no judge, no choice, or it was asked."""
        card = _judge(state, context)
        if card is None or len(state.plausible) <= 1 or exchanges_of(state, card, "rank"):
            return None
        most = room(card, SYSTEM, _QUESTION)
        patches = [_shown(trial, context) for trial in state.plausible[:_MAX_PATCHES]]
        while len(patches) > 2 and sum(map(size, patches)) > most // 2:
            patches.pop()
        brief = brief_within(most - sum(map(size, patches)), state, context, self._languages)
        common = (Turn("system", SYSTEM), Turn("user", brief_text(brief)))
        samples = [(*common, Turn("user", "\n\n".join([*order, _QUESTION]))) for order in (patches, patches[::-1])]
        return ask(
            state,
            context,
            card,
            "rank",
            samples,
            phase=Phase.EXPAND if state.widened else Phase.PATCH,
            intent=f"ask {card.name} which of {len(patches)} patches is right",
            hypothesis="the tests cannot tell them apart, and a reader may",
            expected_effect="a vote",
            files=brief.files,
        )


def _judge(state: State, context: PlannerContext) -> ModelCard | None:
    """The model that judges: the one that the user named, else the last one if only a generated test tells right."""
    if context.judge is None and state.oracle == "generated" and context.models:
        return context.models[-1]
    return context.judge


def _shown(trial: Trial, context: PlannerContext) -> str:
    return f"# Patch {trial.index}\n\n{fenced(unified(trial.patch, context.view), 'diff')}"


def votes_of(state: State, context: PlannerContext) -> Mapping[int, float]:
    """The share of the judge's votes for each patch that has some, by the number of its trial."""
    card = _judge(state, context)
    if card is None:
        return {}
    answers = [
        context.reports.answer(reply.blob).text
        for known in exchanges_of(state, card, "rank")
        for reply in known.replies
        if reply.blob
    ]
    shown = {trial.index for trial in state.plausible[:_MAX_PATCHES]}
    votes = (int(found[-1]) for text in answers if (found := _BEST.findall(text)))
    named = [index for index in votes if index in shown]
    return {index: count / len(named) for index, count in Counter(named).items()}
