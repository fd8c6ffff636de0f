"""Values in words: to tell whether two results are the same, and to show them."""

from itertools import islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Callable, List

from .calls import Arguments

_MOST_PARTS, _MOST_OF_A_TEXT, _MOST_ITEMS, _DEEPEST = 2000, 10_000, 500, 50
_NAMED = (ModuleType, FunctionType, BuiltinFunctionType, type)
_MOST_BITS = 1000
"""Longer integers are spelled to the base 16: Python refuses to spell very long ones to the base 10."""


def described(value: Any, *, alike: bool = False, drawn: bool = False) -> str:
    """A value as Python spells it, of limited size, and without a `repr` of the tree, which may be anything.

    Equal numbers are described `alike`, if so asked: 2 and 2.0, True and 1; the last digits of a float are noise. What
    iterators give is only described if it may be `drawn`: nothing else can have it then.
    """
    try:
        return _Description(_number if alike else _spelled, drawn=drawn).of(value)
    except Exception:  # noqa: BLE001  # attributes of the tree's objects are code of the tree
        return "<not to be described>"


def described_call(name: str, arguments: Arguments, most: int) -> str:
    """A call as Python spells it, in at most so many characters."""
    texts = [described(value) for value in arguments[0]]
    texts += [f"{key}={described(value)}" for key, value in arguments[1].items()]
    return shortened(f"{name}({', '.join(texts)})", most)


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


class _Description:
    """Describes one value, and the values in it."""

    def __init__(self, number: Callable[[Any], str], *, drawn: bool) -> None:
        self._number, self._drawn = number, drawn
        self._left = _MOST_PARTS
        self._around: List[int] = []

    def of(self, value: Any) -> str:
        """The description, of limited size."""
        self._left -= 1
        if id(value) in self._around:
            return f"<again {len(self._around) - self._around.index(id(value))}>"
        if self._left < 0 or len(self._around) > _DEEPEST:
            return "..."
        self._around.append(id(value))
        try:
            return self._inside(value, type(value))
        finally:
            self._around.pop()

    def _inside(self, value: Any, kind: type) -> str:
        if value is None or value is Ellipsis:
            return repr(value)
        if kind in (bool, int, float):
            return self._number(value)
        if kind in (str, bytes):
            more = f" and {len(value) - _MOST_OF_A_TEXT} more" if len(value) > _MOST_OF_A_TEXT else ""
            return repr(value[:_MOST_OF_A_TEXT]) + more
        if kind is list:
            return f"[{self._each(value)}]"
        if kind is tuple:
            return f"({self._each(value)}{',' if len(value) == 1 else ''})"
        if kind in (set, frozenset):
            parts = sorted(self.of(item) for item in islice(value, _MOST_ITEMS))
            return f"{{{', '.join(parts)}{_more(value)}}}" if parts else "set()"
        if kind is dict:
            pairs = [f"{self.of(key)}: {self.of(item)}" for key, item in islice(value.items(), _MOST_ITEMS)]
            return f"{{{', '.join(sorted(pairs))}{_more(value)}}}"
        if hasattr(kind, "__next__"):
            return f"iterator of {self._each(value)}" if self._drawn else "<iterator>"
        if kind in _NAMED:
            return f"<{kind.__name__} {value.__name__}>"
        attributes = getattr(value, "__dict__", None)
        inner = f" {self.of(attributes)}" if type(attributes) is dict and attributes and not callable(value) else ""
        return f"<{kind.__name__}{inner}>"

    def _each(self, values: Any) -> str:
        return ", ".join(self.of(item) for item in islice(values, _MOST_ITEMS)) + _more(values)


def _more(values: Any) -> str:
    more = len(values) - _MOST_ITEMS if hasattr(values, "__len__") else 0
    return f", {more} more" if more > 0 else ""


def _spelled(value: Any) -> str:
    return hex(value) if isinstance(value, int) and value.bit_length() > _MOST_BITS else repr(value)


def _number(value: Any) -> str:
    if isinstance(value, int):
        return f"{int(value):x}"
    return f"{int(value):x}" if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"
