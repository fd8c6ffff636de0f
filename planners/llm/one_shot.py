"""One-shot answers: several samples of a model as candidates, and at most two rounds of feedback.

The samples differ by prompt: where to look, in which form to answer. Most of what feedback gains, it gains in the
first rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate import ModelCard, Phase, Proposal, TryPatches, Turn
from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.asking import ask, clipped, exchanges_of, room, setting, size
from planners.llm.candidates import Read, read_exchange
from planners.llm.fitting import brief_within
from planners.llm.prompts import FORMAT, SYSTEM, brief_text, feedback_text, miss_text, variant_text
from planners.llm.unified import unified
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.steps import proposal
from planners.trial import TrialOutcome

__all__ = ["OneShot"]

_SAMPLES = 6
_ROUNDS = 3
"""How often one model is asked: once, and twice with feedback."""
_IN_DOUBT = 2
"""The samples, in one round, if there are patches that pass already: one of them may be right after all."""
_MAX_TOLD = 4
"""How many failed candidates a model is told about."""
_OF_TOLD = 8
"""Which part of the room is for each of them: an eighth."""
_HINT = 500
"""The bytes of a hint where to look first."""


class OneShot:
    """Asks one model for patches, and has them tried."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, card: ModelCard, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._card = card
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The candidates of the newest answers, else the next question; None once more would not help."""
        earlier = exchanges_of(state, self._card, "patch")
        read = read_exchange(earlier[-1], state, context) if earlier else None
        if read and earlier and (step := self._try(earlier[-1], read, state)):
            return step
        if any(TrialOutcome.PLAUSIBLE in known.outcomes for known in earlier):
            return None
        if len(earlier) >= (1 if state.has_repair else _ROUNDS) or (
            earlier and (earlier[-1].failed or _denied(earlier[-1]))
        ):
            return None
        return self._ask(earlier, state, context)

    def _try(self, exchange: Exchange, read: Read, state: State) -> Proposal | None:
        """The candidates that were not tried yet: a batch ends with its first plausible one."""
        left = () if _denied(exchange) else read.candidates[len(exchange.outcomes) :]
        if not left:
            return None
        return proposal(
            state,
            Phase.EXPAND if state.widened else Phase.PATCH,
            TryPatches(left, offset=state.tried, exchange=exchange.step),
            intent=f"try {len(left)} patches by {self._card.name}",
            hypothesis=f"one of them repairs what fails; most samples agree on {left[0].location}",
            expected_effect="a plausible patch, or how each of them fails",
        )

    def _ask(self, earlier: list[Exchange], state: State, context: PlannerContext) -> Proposal | None:
        told = [*dict.fromkeys(line for known in earlier for line in _told(known, state, context))][-_MAX_TOLD:]
        if earlier and not told:
            return None
        most = room(self._card, SYSTEM, FORMAT) - _HINT
        feedback = feedback_text([clipped(line, most // _OF_TOLD) for line in told]) if told else ""
        brief = brief_within(most - size(feedback), state, context, self._languages)
        samples = setting(self._card, "samples", _SAMPLES)
        if state.has_repair:
            samples = min(samples, _IN_DOUBT)
        count = samples if not earlier else max(1, samples // 2)
        first = len(earlier) * samples
        text = "\n\n".join(filter(None, (brief_text(brief), feedback)))
        common = (Turn("system", SYSTEM), Turn("user", text))  # providers cache what calls share
        return ask(
            state,
            context,
            self._card,
            "patch",
            [(*common, Turn("user", variant_text(brief, first + number))) for number in range(count)],
            phase=Phase.EXPAND if state.widened else Phase.PATCH,
            intent=f"ask {self._card.name} for {count} patches" + (", with what failed before" if told else ""),
            hypothesis="the fault is in the code that is most suspicious, and a model sees it",
            expected_effect="patches to try",
            files=brief.files,
        )


def _denied(exchange: Exchange) -> bool:
    """Whether the gate denied its candidates as a batch: they would be denied again."""
    return exchange.used and not exchange.outcomes


def _told(exchange: Exchange, state: State, context: PlannerContext) -> Iterator[str]:
    """What became of the answers of an exchange, one text for each failed candidate and for each miss."""
    read = read_exchange(exchange, state, context)
    for place, (candidate, letter) in enumerate(zip(read.candidates, exchange.outcomes, strict=False)):
        failure = exchange.failures[place] if place < len(exchange.failures) else ""
        diff = unified(candidate.patch, context.view)
        yield f"```diff\n{diff}```\n{_RESULTS[TrialOutcome(letter)]} {failure}".strip()
    for miss in read.misses:
        yield miss_text(miss)


_RESULTS = {
    TrialOutcome.PLAUSIBLE: "It passes the tests, but was rejected afterwards.",
    TrialOutcome.PARTIAL: "Some of the failing tests pass with it, not all.",
    TrialOutcome.FAILED: "Tests fail with it.",
    TrialOutcome.TIMEOUT: "A test does not end with it.",
    TrialOutcome.INVALID: "It is not valid source code.",
    TrialOutcome.CRASHED: "The tests crash with it.",
    TrialOutcome.UNCONFIRMED: "It passes only together with what earlier tests left behind.",
    TrialOutcome.DENIED: "It is not allowed.",
}
