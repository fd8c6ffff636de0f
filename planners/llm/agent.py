"""The agent: one model that looks, tries and applies step by step, with the actions of planners as its tools.

There is no shell. Its prompt is made anew for each step from the state: the task, the evidence and the latest steps, so
that a long session costs no more a step than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gate import (
    Action,
    ApplyPatch,
    Candidate,
    Collect,
    ModelCard,
    Phase,
    Proposal,
    ReadFile,
    RunTests,
    SearchCode,
    TryPatches,
)
from planners.answers import MAX_EXCHANGES, Answer, Exchange
from planners.api import PlannerContext
from planners.llm.asking import ask, exchanges_of, room
from planners.llm.candidates import ExchangeReader
from planners.llm.conversation import conversation, echoed_bytes
from planners.llm.evidence import Gatherer
from planners.llm.stuck import all_wanted, nudge, stuck
from planners.llm.tools import TOOLS, Wanted, wanted
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.steps import proposal

__all__ = ["Agent"]

_MAX_CALLS = 40


class Agent:
    """Asks one model for the next action until it finishes, or moves in circles."""

    phases = frozenset({Phase.PATCH, Phase.EXPAND})

    def __init__(
        self, card: ModelCard, languages: Mapping[str, Language] = LANGUAGES, most_calls: int | None = _MAX_CALLS
    ) -> None:
        """`most_calls` may be made until a patch is kept; None if the limits of the session are enough."""
        self._card = card
        self._gather = Gatherer(languages, room(card))
        self._read = ExchangeReader()
        self._most_calls = MAX_EXCHANGES + 1 if most_calls is None else most_calls

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """What the model wants done, else the next question; None once it has finished or is stuck."""
        earlier = exchanges_of(state, self._card, "agent")
        everything = all_wanted(earlier, context)
        if earlier:
            newest = earlier[-1]
            if newest.failed or len(earlier) >= self._most_calls:
                return None
            asked = wanted(_answer(newest, context))
            if asked.finishes or stuck(everything):
                return None
            if state.steps == newest.step and (step := self._act(asked, newest, state, context)):
                return step
        return self._ask(earlier, everything, state, context)

    def _act(self, asked: Wanted, exchange: Exchange, state: State, context: PlannerContext) -> Proposal | None:
        """The action that the model asked for; None if it is none, which the next question says."""
        action = self._action(asked, exchange, state, context)
        if action is None:
            return None
        return proposal(
            state,
            _phase(state),
            action,
            intent=f"{self._card.name}: {asked.intent}",
            hypothesis=asked.thought or "the model gave no reason",
            expected_effect="what the model learns from it",
        )

    def _action(self, asked: Wanted, exchange: Exchange, state: State, context: PlannerContext) -> Action | None:
        match asked.tool:
            case "read_file":
                return ReadFile(asked.path)
            case "search_code":
                return SearchCode(asked.text, asked.pattern)
            case "run_tests":
                return RunTests(asked.ids, Collect.OUTCOMES)
            case "try_patch" | "apply_patch":
                candidates = self._read(exchange, state, context).candidates
                return _patching(asked.tool, candidates, exchange, state) if candidates else None
            case _:
                return None

    def _ask(
        self, earlier: list[Exchange], asked: list[Wanted], state: State, context: PlannerContext
    ) -> Proposal | None:
        evidence = self._gather(state, context)
        turns = conversation(evidence, earlier, state, context, nudge(asked), self._read)
        return ask(
            state,
            context,
            self._card,
            "agent",
            [turns],
            phase=_phase(state),
            intent=f"ask {self._card.name} for the next action",
            hypothesis="a model that looks and tries finds what the search cannot make",
            expected_effect="an action",
            tools=TOOLS,
            files=_files(evidence.files, asked),
            echoed_bytes=echoed_bytes(turns, context),
        )


def _patching(tool: str, candidates: tuple[Candidate, ...], exchange: Exchange, state: State) -> Action:
    if tool == "apply_patch":
        return ApplyPatch(candidates[0].patch)
    return TryPatches(candidates[:1], offset=state.tried, exchange=exchange.step)


def _phase(state: State) -> Phase:
    """That of the question, also for looks: a phase that changed with every step would say nothing."""
    return Phase.EXPAND if state.widened else Phase.PATCH


def _answer(exchange: Exchange, context: PlannerContext) -> Answer:
    return context.reports.answer(exchange.replies[0].blob)


def _files(shown: tuple[str, ...], asked: Sequence[Wanted]) -> tuple[str, ...]:
    """The paths whose contents are in the conversation: the evidence, and what the model read."""
    return tuple(sorted({*shown, *(one.path for one in asked if one.tool == "read_file" and one.path)}))
