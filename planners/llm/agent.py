"""The agent: one model that looks, tries and applies step by step, with the actions of planners as its tools.

There is no shell. Its prompt is made anew for each step from the state: the task, the evidence and the latest steps, so
that a long session costs no more a step than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from planners.answers import Answer, Exchange
from planners.api import PlannerContext
from planners.llm.asking import ask, exchanges_of, room
from planners.llm.candidates import read_exchange
from planners.llm.conversation import TASK, conversation, echoed_bytes
from planners.llm.fitting import evidence_within
from planners.llm.prompts import SYSTEM
from planners.llm.stuck import nudge, stuck
from planners.llm.tools import TOOLS, Wanted, wanted
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.steps import proposal

__all__ = ["Agent"]

_MAX_CALLS = 40


class Agent:
    """Asks one model for the next action until it finishes, or moves in circles."""

    phases = frozenset({Phase.LOCALIZE, Phase.PATCH, Phase.EXPAND})

    def __init__(self, card: ModelCard, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._card = card
        self._languages = languages

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """What the model wants done, else the next question; None once it has finished or is stuck."""
        earlier = exchanges_of(state, self._card, "agent")
        if earlier:
            newest = earlier[-1]
            if newest.failed or len(earlier) >= _MAX_CALLS:
                return None
            asked = wanted(_answer(newest, context))
            step = self._act(asked, newest, state, context) if state.steps == newest.step else None
            idle = step is None and state.steps == newest.step
            if asked.finishes or stuck(earlier, context, idle=idle):
                return None
            if step is not None:
                return step
        return self._ask(earlier, state, context, nudge(earlier, context, idle=idle) if earlier else "")

    def _act(self, asked: Wanted, exchange: Exchange, state: State, context: PlannerContext) -> Proposal | None:
        """The action that the model asked for; None if it is none, which the next question says."""
        action = self._action(asked, exchange, state, context)
        if action is None:
            return None
        return proposal(
            state,
            _phase(action, state),
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
                candidates = read_exchange(exchange, state, context).candidates
                return _patching(asked.tool, candidates, exchange, state) if candidates else None
            case _:
                return None

    def _ask(self, earlier: list[Exchange], state: State, context: PlannerContext, told: str) -> Proposal | None:
        most = room(self._card, SYSTEM, TASK, told, tools=TOOLS)
        evidence = evidence_within(most // 2 if earlier else most, state, context, self._languages)
        turns = conversation(evidence, earlier, state, context, told, most)
        return ask(
            state,
            context,
            self._card,
            "agent",
            [turns],
            phase=Phase.EXPAND if state.widened else Phase.PATCH,
            intent=f"ask {self._card.name} for the next action",
            hypothesis="a model that looks and tries finds what the search cannot make",
            expected_effect="an action",
            tools=TOOLS,
            files=_files(evidence.files, earlier, context),
            echoed_bytes=echoed_bytes(turns, context),
        )


def _patching(tool: str, candidates: tuple[Candidate, ...], exchange: Exchange, state: State) -> Action:
    if tool == "apply_patch":
        return ApplyPatch(candidates[0].patch)
    return TryPatches(candidates[:1], offset=state.tried, exchange=exchange.step)


def _phase(action: Action, state: State) -> Phase:
    if isinstance(action, ReadFile | SearchCode | RunTests):
        return Phase.LOCALIZE
    return Phase.EXPAND if state.widened else Phase.PATCH


def _answer(exchange: Exchange, context: PlannerContext) -> Answer:
    return context.reports.answer(exchange.replies[0].blob)


def _files(shown: tuple[str, ...], earlier: list[Exchange], context: PlannerContext) -> tuple[str, ...]:
    """The paths whose contents are in the conversation: the evidence, and what the model read."""
    read = (wanted(_answer(known, context)) for known in earlier if not known.failed)
    return tuple(sorted({*shown, *(asked.path for asked in read if asked.tool == "read_file" and asked.path)}))
