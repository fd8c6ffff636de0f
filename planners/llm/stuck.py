"""When an agent moves in circles: equal calls, equal errors, two calls in turn. It is told once, and then ends."""

from __future__ import annotations

from collections.abc import Sequence

from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.tools import Wanted, wanted

__all__ = ["all_wanted", "nudge", "stuck"]

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


def all_wanted(earlier: Sequence[Exchange], context: PlannerContext) -> list[Wanted]:
    """What the model asked for in each exchange that has an answer."""
    return [wanted(context.reports.answer(known.replies[0].blob)) for known in earlier if not known.failed]


def nudge(asked: Sequence[Wanted]) -> str:
    """What to tell a model that moves in circles; empty if it does not, or was told."""
    return _NUDGE if _first_circle(asked) == len(asked) else ""


def stuck(asked: Sequence[Wanted]) -> bool:
    """Whether its newest answers, after it was told, brought nothing that was not there before."""
    told = _first_circle(asked)
    if told is None or len(asked) < told + _AFTER_NUDGE:
        return False
    before, newest = asked[:-_AFTER_NUDGE], asked[-_AFTER_NUDGE:]
    known = {_key(wanted) for wanted in before}
    return all(wanted.problem or _key(wanted) in known for wanted in newest)


def _first_circle(asked: Sequence[Wanted]) -> int | None:
    """After how many answers it first moved in a circle; None if it never did."""
    keys = [_key(wanted) for wanted in asked]
    useless = [bool(wanted.problem) for wanted in asked]
    for end in range(_EQUAL, len(asked) + 1):
        if _repeated(keys, end, 1, _EQUAL) or all(useless[end - _EQUAL : end]):
            return end
        if end >= _ALTERNATING and _repeated(keys, end, 2, _ALTERNATING) and keys[end - 1] != keys[end - 2]:
            return end
    return None


def _repeated(keys: Sequence[tuple[object, ...]], end: int, period: int, count: int) -> bool:
    """Whether each of the last `count` before `end` is the one that was `period` before it, as far as that is one."""
    return all(keys[place] == keys[place - period] for place in range(end - 1, end - count + period - 1, -1))


def _key(wanted: Wanted) -> tuple[object, ...]:
    patching = wanted.tool in {"try_patch", "apply_patch"}
    return wanted.tool, wanted.path, wanted.text, wanted.pattern, wanted.ids, wanted.thought if patching else ""
