"""The conversation with an agent: the task, what is known, and the latest steps, within a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from buildpacks import SuiteReport
from gate import Turn, cut
from planners.answers import Answer, Exchange
from planners.api import PlannerContext
from planners.history import Step
from planners.llm.asking import clipped, size
from planners.llm.brief import Brief
from planners.llm.candidates import read_exchange
from planners.llm.prompts import FORMAT, SYSTEM, brief_text, miss_text
from planners.llm.tools import wanted
from planners.state import State

__all__ = ["TASK", "conversation", "echoed_bytes"]

_LATEST = 12
_DROPPED_AT_ONCE = 6
"""The most steps that are shown as they were, and how many are dropped together: providers cache beginnings."""
_MAX_RESULT = 10_000
_MAX_ECHOED = 60_000
_OF_RESULT = _OF_OLDER = 4
"""Which part of the room for steps one result has at most, and all steps that are told in short: a quarter."""
_FRAME = 128
"""More than is counted for the turns of a step."""
_SHORT, _MAX_SHORTENED = 160, 1_000
"""The characters of the result of an older step, and of those that it is made of."""
_FAILING = 5

TASK = f"""\
Work step by step: each answer calls exactly one tool. You have no shell. Write edits in the text of your answer, before
the call of try_patch or apply_patch.

{FORMAT}"""


def conversation(
    brief: Brief, earlier: Sequence[Exchange], state: State, context: PlannerContext, nudge: str, most: int
) -> tuple[Turn, ...]:
    """The turns of the next question, with at most about so many bytes besides the task and the nudge."""
    told = brief_text(brief)
    left = most - size(told)
    past = _Past(state, context)
    shown = _shown(earlier, past, context, left)
    older = earlier[: len(earlier) - len(shown)]
    task = f"{told}\n\n# How to work\n\n{TASK}"
    if older:
        task += f"\n\n# Your earlier steps\n\n{past.in_short(older, left // _OF_OLDER)}"
    turns = [Turn("system", SYSTEM), Turn("user", task)]
    for known in shown:
        turns += past.turns(known, left)
    return (*turns, Turn("user", nudge)) if nudge else tuple(turns)


def echoed_bytes(turns: Sequence[Turn], context: PlannerContext) -> int:
    """The length of the replies that the turns send back."""
    return sum(len(_size(context.reports.answer(turn.reply))) for turn in turns if turn.reply)


def _size(answer: Answer) -> bytes:
    return (answer.raw or answer.text).encode("utf-8", "replace")


def _shown(earlier: Sequence[Exchange], past: _Past, context: PlannerContext, most: int) -> Sequence[Exchange]:
    """The latest exchanges. Older ones are dropped several at a time: the beginning stays the same for a while."""
    answered = [known for known in earlier if not known.failed]
    if len(answered) > _LATEST:
        dropped = len(answered) - _LATEST
        answered = answered[-(-dropped // _DROPPED_AT_ONCE) * _DROPPED_AT_ONCE :]
    echoed = whole = 0
    for count, known in enumerate(reversed(answered)):
        own = len(_size(_answer(known, context)))
        echoed += own
        whole += own + size(past.clipped_result(known, most)) + _FRAME
        if echoed > _MAX_ECHOED or whole > most - most // _OF_OLDER:
            return answered[len(answered) - count :]
    return answered


class _Past:
    """What came of earlier answers."""

    def __init__(self, state: State, context: PlannerContext) -> None:
        self._state = state
        self._context = context
        self._steps = {step.number: step for step in state.history}

    def turns(self, exchange: Exchange, most: int) -> Iterator[Turn]:
        """What the model answered, and what came of it. Every call has to have a result."""
        answer = _answer(exchange, self._context)
        result = self.clipped_result(exchange, most).strip() or "there is no output"
        yield Turn("model", reply=exchange.replies[0].blob)
        if not answer.calls:
            yield Turn("user", result)
        for place, call in enumerate(answer.calls):
            yield Turn("result", result if place == 0 else "not done: one call in each answer", call=call.id)

    def in_short(self, older: Sequence[Exchange], most: int) -> str:
        """A line for each step, of the newest ones if there is no room for all."""
        lines = [self._line(known) for known in older]
        sizes = [size(line) for line in lines]
        left = sum(sizes)
        first = 0
        while first < len(lines) - 1 and left > most:
            left -= sizes[first]
            first += 1
        return "\n".join(lines[first:])

    def clipped_result(self, exchange: Exchange, most: int) -> str:
        """What came of the action that an exchange asked for, or the beginning of it."""
        return clipped(self._result(exchange), min(_MAX_RESULT, most // _OF_RESULT))

    def _line(self, exchange: Exchange) -> str:
        if exchange.failed:
            return f"- no answer: {cut(exchange.replies[0].problem, _SHORT)}"
        asked = wanted(_answer(exchange, self._context))
        result = " ".join(cut(self._result(exchange), _MAX_SHORTENED).split())
        return f"- {asked.intent or 'nothing'}: {cut(result, _SHORT)}"

    def _result(self, exchange: Exchange) -> str:
        asked = wanted(_answer(exchange, self._context))
        if asked.problem:
            return asked.problem
        step = self._steps.get(exchange.step + 1)
        patching = asked.tool in {"try_patch", "apply_patch"}
        if patching and not exchange.used and (step is None or step.action not in {"try_patches", "apply_patch"}):
            read = read_exchange(exchange, self._state, self._context)
            told = [*map(miss_text, read.misses)] or [*read.notes] or ["no edits were found before the call"]
            return "\n\n".join(told)
        if step is None:
            return "done; what came of it is too long ago"
        if step.outcome == "denied":
            return f"denied by {step.rule}: {step.note}"
        if step.action == "try_patches":
            return _tried(exchange, step)
        if step.action == "apply_patch":
            later = (self._steps.get(step.number + more) for more in (1, 2))
            verdicts = [known for known in later if known and known.action == "run_tests verdict"]
            return "\n".join(f"{known.outcome}: {known.note}" for known in verdicts)
        return _output(step, self._context)


def _tried(exchange: Exchange, step: Step) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in step.counts)
    plausible = "It passes every test: hand it in with apply_patch." if dict(step.counts).get("plausible") else ""
    return "\n".join(filter(None, [f"tried: {counts}", *exchange.failures, plausible]))


def _output(step: Step, context: PlannerContext) -> str:
    if step.action.startswith("run_tests") and step.blobs:
        return _suite(context.reports.report(step.blobs[0]))
    return context.reports.output(step.blobs[0]) if step.blobs else step.note or step.outcome


def _suite(report: SuiteReport) -> str:
    failing = [case for case in report.cases if case.outcome.failing]
    lines = [report.problem] if report.problem else []
    lines.append(f"{len(failing)} of {len(report.cases)} tests fail")
    lines += [f"{case.id}: {cut(case.message, _MAX_RESULT // _FAILING)}" for case in failing[:_FAILING]]
    return "\n".join(lines)


def _answer(exchange: Exchange, context: PlannerContext) -> Answer:
    return context.reports.answer(exchange.replies[0].blob)
