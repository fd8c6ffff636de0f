"""When an agent gets nowhere: equal calls, answers without an action, two calls in turn, many patches in vain.

Of a circle it is told once, and then ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.tools import Wanted, wanted
from planners.trial import TrialOutcome

__all__ = ["Course"]

type _Key = tuple[object, ...]

_EQUAL = 3
"""How many equal calls in a row, or useless answers, are a circle."""
_ALTERNATING = 6
"""How many calls that alternate between two are one."""
_AFTER_NUDGE = 2
"""How many more answers a model has after it was told."""

_IN_VAIN = 6
"""How many patches in a row may fail: what a model knows of a fault is in its first ones."""

_USELESS = ("useless",)
"""What all answers count as that led to no action, whatever they said."""

_NUDGE = (
    "You repeat yourself: the last steps brought nothing new. Do something else: read other code, try another edit, or "
    "call finish if you see no way."
)


class Course:
    """What an agent did so far, as far as it tells whether it gets anywhere.

    `idle` says whether its newest answer led to no action.
    """

    def __init__(self, earlier: Sequence[Exchange], context: PlannerContext, *, idle: bool) -> None:
        self._tried = "".join(known.outcomes for known in earlier)[-_IN_VAIN:]
        self._keys = _all_keys(earlier, context, idle=idle)
        self._told = _first_circle(self._keys)
        self._count = len(earlier)

    @property
    def nudge(self) -> str:
        """What to tell a model that moves in circles; empty if it does not, or was told."""
        return _NUDGE if self._told == self._count else ""

    @property
    def stuck(self) -> bool:
        """Whether its newest patches all failed, or its newest answers, after it was told, brought nothing new."""
        if len(self._tried) == _IN_VAIN and not {TrialOutcome.PLAUSIBLE, TrialOutcome.PARTIAL} & {*self._tried}:
            return True
        if self._told is None or len(self._keys) < self._told + _AFTER_NUDGE:
            return False
        before, newest = self._keys[:-_AFTER_NUDGE], self._keys[-_AFTER_NUDGE:]
        return all(key in {_USELESS, *before} for key in newest)


def _first_circle(keys: list[_Key]) -> int | None:
    """After how many answers it first moved in a circle; None if it never did."""
    if len(keys) - len({*keys}) < _EQUAL - 1:
        return None
    return next((end for end in range(_EQUAL, len(keys) + 1) if _circles(keys[max(0, end - _ALTERNATING) : end])), None)


def _circles(newest: list[_Key]) -> bool:
    """Whether the newest answers are a circle."""
    if len({*newest[-_EQUAL:]}) == 1:
        return True
    return len(newest) == _ALTERNATING and len({*newest}) == 2 and newest[:2] * (_ALTERNATING // 2) == newest


def _key(wanted: Wanted) -> _Key:
    patching = wanted.tool in {"try_patch", "apply_patch"}
    said = wanted.thought if patching else ""
    return wanted.tool, wanted.path, wanted.line, wanted.text, wanted.pattern, wanted.ids, said


def _all_keys(earlier: Sequence[Exchange], context: PlannerContext, *, idle: bool) -> list[_Key]:
    """What each answer wanted, so that equal ones can be told."""
    answered = [known for known in earlier if not known.failed]
    led_to_none = [after.step == known.step + 1 for known, after in pairwise(answered)]
    asked = (wanted(context.reports.answer(known.replies[0].blob)) for known in answered)
    return [
        _USELESS if none or one.problem else _key(one) for one, none in zip(asked, [*led_to_none, idle], strict=False)
    ]
