"""The conversation with an agent: the task, what is known, and the latest steps, within a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from buildpacks import SuiteReport
from gate import Turn
from planners.answers import Answer, Exchange
from planners.api import PlannerContext
from planners.history import Step
from planners.llm.candidates import ExchangeReader
from planners.llm.evidence import Evidence
from planners.llm.prompts import FORMAT, SYSTEM, evidence_text, miss_text
from planners.llm.tools import wanted
from planners.state import State

__all__ = ["conversation", "echoed_bytes"]

_LATEST = 12
_DROPPED_AT_ONCE = 6
"""The most steps that are shown as they were, and how many are dropped together: providers cache beginnings."""
_MAX_RESULT = 10_000
_MAX_ECHOED = 60_000
_SHORT, _MAX_SHORTENED = 160, 1_000
"""The characters of the result of an older step, and of those that it is made of."""
_FAILING = 5

_TASK = f"""\
Work step by step: each answer calls exactly one tool. You have no shell. Write edits in the text of your answer, before
the call of try_patch or apply_patch.

{FORMAT}"""


def conversation(
    evidence: Evidence,
    earlier: Sequence[Exchange],
    state: State,
    context: PlannerContext,
    nudge: str,
    read: ExchangeReader | None = None,
) -> tuple[Turn, ...]:
    """The turns of the next question; `read` reads the edits of earlier answers."""
    past = _Past(state, context, read or ExchangeReader())
    shown = _shown(earlier, context)
    older = earlier[: len(earlier) - len(shown)]
    task = f"{evidence_text(evidence)}\n\n# How to work\n\n{_TASK}"
    if older:
        task += "\n\n# Your earlier steps\n\n" + "\n".join(map(past.in_short, older))
    turns = [Turn("system", SYSTEM), Turn("user", task)]
    for known in shown:
        turns += past.turns(known)
    return (*turns, Turn("user", nudge)) if nudge else tuple(turns)


def echoed_bytes(turns: Sequence[Turn], context: PlannerContext) -> int:
    """The length of the replies that the turns send back."""
    return sum(len(_size(context.reports.answer(turn.reply))) for turn in turns if turn.reply)


def _size(answer: Answer) -> bytes:
    return (answer.raw or answer.text).encode("utf-8", "replace")


def _shown(earlier: Sequence[Exchange], context: PlannerContext) -> Sequence[Exchange]:
    """The latest exchanges. Older ones are dropped several at a time: the beginning stays the same for a while."""
    answered = [known for known in earlier if not known.failed]
    if len(answered) > _LATEST:
        dropped = len(answered) - _LATEST
        answered = answered[-(-dropped // _DROPPED_AT_ONCE) * _DROPPED_AT_ONCE :]
    size = 0
    for count, known in enumerate(reversed(answered)):
        size += len(_size(_answer(known, context)))
        if size > _MAX_ECHOED:
            return answered[len(answered) - count :]
    return answered


class _Past:
    """What came of earlier answers."""

    def __init__(self, state: State, context: PlannerContext, read: ExchangeReader) -> None:
        self._state = state
        self._context = context
        self._read = read
        self._steps = {step.number: step for step in state.history}

    def turns(self, exchange: Exchange) -> Iterator[Turn]:
        """What the model answered, and what came of it. Every call has to have a result."""
        answer = _answer(exchange, self._context)
        result = self._result(exchange)[:_MAX_RESULT]
        yield Turn("model", reply=exchange.replies[0].blob)
        if not answer.calls:
            yield Turn("user", result)
        for place, call in enumerate(answer.calls):
            yield Turn("result", result if place == 0 else "not done: one call in each answer", call=call.id)

    def in_short(self, exchange: Exchange) -> str:
        """The same on one line."""
        if exchange.failed:
            return f"- no answer: {exchange.replies[0].problem[:_SHORT]}"
        asked = wanted(_answer(exchange, self._context))
        result = " ".join(self._result(exchange)[:_MAX_SHORTENED].split())
        return f"- {asked.intent or 'nothing'}: {result[:_SHORT]}"

    def _result(self, exchange: Exchange) -> str:
        """What came of the action that an exchange asked for."""
        asked = wanted(_answer(exchange, self._context))
        if asked.problem:
            return asked.problem
        step = self._steps.get(exchange.step + 1)
        patching = asked.tool in {"try_patch", "apply_patch"}
        if patching and not exchange.used and (step is None or step.action not in {"try_patches", "apply_patch"}):
            read = self._read(exchange, self._state, self._context)
            told = [*map(miss_text, read.misses)] or [*read.notes] or ["no edits were found before the call"]
            return "\n\n".join(told)
        if step is None:
            return "done; what came of it is too long ago"
        if step.outcome == "denied":
            return f"denied by {step.rule}: {step.note}"
        if step.action == "try_patches":
            return _tried(exchange, step)
        if step.action == "apply_patch":
            next_ones = (self._steps.get(step.number + more) for more in (1, 2))
            verdicts = [known for known in next_ones if known and known.action == "run_tests verdict"]
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
    lines += [f"{case.id}: {case.message[: _MAX_RESULT // _FAILING]}" for case in failing[:_FAILING]]
    return "\n".join(lines)


def _answer(exchange: Exchange, context: PlannerContext) -> Answer:
    return context.reports.answer(exchange.replies[0].blob)
