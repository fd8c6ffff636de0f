"""When an agent moves in circles: equal calls, equal errors, two calls in turn. It is told once, and then ends."""

from __future__ import annotations

from collections.abc import Sequence

from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.tools import Wanted, wanted

__all__ = ["nudge", "stuck"]

_EQUAL = 3
"""How many equal calls in a row, or useless answers, are a circle."""
_ALTERNATING = 6
"""How many calls that alternate between two are one."""
_AFTER_NUDGE = 2
"""How many more answers a model has after it was told."""

_NUDGE = (
    "You repeat yourself: the last steps brought nothing new. Do something else: read other code, try another edit, or "
    "call finish if you see no way."
)


def nudge(earlier: Sequence[Exchange], context: PlannerContext) -> str:
    """What to tell a model that moves in circles; empty if it does not, or was told."""
    return _NUDGE if _first_circle(_all_wanted(earlier, context)) == len(earlier) else ""


def stuck(earlier: Sequence[Exchange], context: PlannerContext) -> bool:
    """Whether its newest answers, after it was told, brought nothing that was not there before."""
    asked = _all_wanted(earlier, context)
    told = _first_circle(asked)
    if told is None or len(asked) < told + _AFTER_NUDGE:
        return False
    before, newest = asked[:-_AFTER_NUDGE], asked[-_AFTER_NUDGE:]
    known = {_key(wanted) for wanted in before}
    return all(wanted.problem or _key(wanted) in known for wanted in newest)


def _first_circle(asked: Sequence[Wanted]) -> int | None:
    """After how many answers it first moved in a circle; None if it never did."""
    return next((end for end in range(1, len(asked) + 1) if _circles(asked[:end])), None)


def _circles(asked: Sequence[Wanted]) -> bool:
    """Whether the newest answers are a circle."""
    last = [_key(wanted) for wanted in asked]
    if len(last) >= _EQUAL and len(set(last[-_EQUAL:])) == 1:
        return True
    if len(asked) >= _EQUAL and all(wanted.problem for wanted in asked[-_EQUAL:]):
        return True
    turns = last[-_ALTERNATING:]
    return len(turns) == _ALTERNATING and len(set(turns)) == 2 and turns[:2] * (_ALTERNATING // 2) == turns


def _key(wanted: Wanted) -> tuple[object, ...]:
    patching = wanted.tool in {"try_patch", "apply_patch"}
    return (
        wanted.tool,
        wanted.path,
        wanted.line,
        wanted.text,
        wanted.pattern,
        wanted.ids,
        wanted.thought if patching else "",
    )


def _all_wanted(earlier: Sequence[Exchange], context: PlannerContext) -> list[Wanted]:
    return [wanted(context.reports.answer(known.replies[0].blob)) for known in earlier if not known.failed]
