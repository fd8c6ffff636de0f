"""The agent: one model that looks, tries and applies step by step, with the actions of planners as its tools.

There is no shell. Its prompt is made anew for each step from the state: the task, the brief and the latest steps, so
that a long session costs no more a step than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
from planners.llm.candidates import read_exchange
from planners.llm.conversation import TASK, conversation, echoed_bytes
from planners.llm.fitting import Briefer
from planners.llm.prompts import SYSTEM
from planners.llm.stuck import Course
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
        self._brief = Briefer(languages)
        self._most_calls = MAX_EXCHANGES + 1 if most_calls is None else most_calls

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """What the model wants done, else the next question; None once it has finished or is stuck."""
        earlier = exchanges_of(state, self._card, "agent")
        told = ""
        if earlier:
            newest = earlier[-1]
            if newest.failed or len(earlier) >= self._most_calls:
                return None
            asked = wanted(_answer(newest, context))
            step = self._act(asked, newest, state, context) if state.steps == newest.step else None
            course = Course(earlier, context, idle=step is None and state.steps == newest.step)
            if asked.finishes or course.stuck:
                return None
            if step is not None:
                return step
            told = course.nudge
        return self._ask(earlier, state, context, told)

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
            hypothesis=_reason(asked.thought),
            expected_effect="what the model learns from it",
        )

    def _action(self, asked: Wanted, exchange: Exchange, state: State, context: PlannerContext) -> Action | None:
        match asked.tool:
            case "read_file":
                return ReadFile(asked.path, asked.line)
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
        brief = self._brief(most // 2, _as_begun(state, earlier), context)
        turns = conversation(brief, earlier, state, context, told, most)
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
            files=_files(brief.files, earlier, context),
            echoed_bytes=echoed_bytes(turns, context),
        )


def _as_begun(state: State, earlier: Sequence[Exchange]) -> State:
    """The state with the near misses of before the first question: later ones are the model's own, which it is told.

    The first message then stays the same for the whole conversation, and providers cache it.
    """
    tried = earlier[0].tried if earlier else state.tried
    return replace(state, near_misses=tuple(trial for trial in state.near_misses if trial.index < tried))


def _patching(tool: str, candidates: tuple[Candidate, ...], exchange: Exchange, state: State) -> Action:
    if tool == "apply_patch":
        return ApplyPatch(candidates[0].patch)
    return TryPatches(candidates[:1], offset=state.tried, exchange=exchange.step)


def _reason(thought: str) -> str:
    """The first paragraph of what a model says, if it is none of its edits."""
    paragraph = thought.partition("\n\n")[0]
    return (
        paragraph if paragraph and "<<<<<<<" not in paragraph and "```" not in paragraph else "the model gave no reason"
    )


def _phase(state: State) -> Phase:
    """That of the question, also for looks: a phase that changed with every step would say nothing."""
    return Phase.EXPAND if state.widened else Phase.PATCH


def _answer(exchange: Exchange, context: PlannerContext) -> Answer:
    return context.reports.answer(exchange.replies[0].blob)


def _files(shown: tuple[str, ...], earlier: Sequence[Exchange], context: PlannerContext) -> tuple[str, ...]:
    """The paths whose contents are in the conversation: the brief, and what the model read."""
    read = (wanted(_answer(known, context)) for known in earlier if not known.failed)
    return tuple(sorted({*shown, *(asked.path for asked in read if asked.tool == "read_file" and asked.path)}))
