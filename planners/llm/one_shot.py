"""One-shot answers: several samples of a model as candidates, and at most two rounds of feedback.

The samples differ by prompt: where to look, in which form to answer. Most of what feedback gains, it gains in the
first rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate import ModelCard, Phase, Proposal, TryPatches, Turn
from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.asking import ask, exchanges_of, room, setting
from planners.llm.candidates import ExchangeReader, Read
from planners.llm.evidence import Evidence, gather
from planners.llm.prompts import SYSTEM, evidence_text, feedback_text, miss_text, variant_text
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
_MAX_TOLD = 4
"""How many failed candidates a model is told about."""


class OneShot:
    """Asks one model for patches, and has them tried."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(self, card: ModelCard, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._card = card
        self._languages = languages
        self._read = ExchangeReader()

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The candidates of the newest answers, else the next question; None once more would not help."""
        earlier = exchanges_of(state, self._card, "patch")
        read = self._read(earlier[-1], state, context) if earlier else None
        if read and earlier and (step := self._try(earlier[-1], read, state)):
            return step
        if len(earlier) >= _ROUNDS or (earlier and (earlier[-1].failed or _denied(earlier[-1]))):
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
        evidence = gather(state, context, self._languages, room(self._card))
        told = [line for known in earlier for line in _told(known, self._read(known, state, context), context)][
            -_MAX_TOLD:
        ]
        if earlier and not told:
            return None
        samples = setting(self._card, "samples", _SAMPLES)
        count = samples if not earlier else max(1, samples // 2)
        first = len(earlier) * samples
        common = _common(evidence, told)
        return ask(
            state,
            context,
            self._card,
            "patch",
            [(*common, Turn("user", variant_text(evidence, first + number))) for number in range(count)],
            phase=Phase.EXPAND if state.widened else Phase.PATCH,
            intent=f"ask {self._card.name} for {count} patches" + (", with what failed before" if told else ""),
            hypothesis="the fault is in the code that is most suspicious, and a model sees it",
            expected_effect="patches to try",
            files=evidence.files,
        )


def _common(evidence: Evidence, told: list[str]) -> tuple[Turn, ...]:
    """The beginning of every sample: providers cache what calls share."""
    text = evidence_text(evidence)
    return (Turn("system", SYSTEM), Turn("user", f"{text}\n\n{feedback_text(told)}" if told else text))


def _denied(exchange: Exchange) -> bool:
    """Whether the gate denied its candidates as a batch: they would be denied again."""
    return exchange.used and not exchange.outcomes


def _told(exchange: Exchange, read: Read, context: PlannerContext) -> Iterator[str]:
    """What became of the answers of an exchange, one text for each failed candidate and for each miss."""
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
