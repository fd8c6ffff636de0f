"""Objects that answer every comparison alike: they are compared with fresh sentinels, which no honest object equals.

Only what code in Python decides is asked again. What compares by built-in code alone, such as numbers, text and arrays,
is looked into if it is a container, and else left alone.
"""

import collections
import os
import random
import sys
import types
import warnings
import weakref
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple
from unittest import mock

_BUILT_IN = (type(object.__eq__), type(len), type(None))
_PROXIES = (weakref.ProxyType, weakref.CallableProxyType)
_MOST_OBJECTS = 200
_SEQUENCES: Tuple[Any, ...] = (list, tuple, set, frozenset, collections.deque)
_VALUES = (bool, int, float, complex, str, bytes, bytearray)
_NUMBERS = (int, float)

Pair = Tuple[Any, Any]


class Forgery:
    """An object that answers comparisons without regard to what it is compared with, and how it does so."""

    def __init__(self, thing: Any, how: str) -> None:
        kind = type(thing)
        self.kind = kind
        self.name = f"{kind.__module__}.{getattr(kind, '__qualname__', kind.__name__)}"
        self.how = how
        self.filename = _file_of(kind)


def forgery_in(operands: Sequence[Any]) -> Optional[Forgery]:
    """The first object in some operands of one comparison that equals, contains, exceeds or absorbs everything.

    Nothing is raised, and no warning is shown, whatever the methods of these objects do.
    """
    if all(type(operand) in _VALUES or operand is None for operand in operands):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place, operand in enumerate(operands):
            others = [other for number, other in enumerate(operands) if number != place]
            for thing in _parts(operand):
                for how, asked in _QUESTIONS:
                    if _safely(asked, thing, others):
                        return Forgery(thing, how)
    return None


def _parts(thing: Any) -> Iterator[Any]:
    """An object and what its comparison compares, if it is a container: nothing that is not in memory yet."""
    waiting, seen = [thing], 0
    while waiting and seen < _MOST_OBJECTS:
        one = waiting.pop()
        seen += 1
        if type(one) in _VALUES or one is None:
            continue
        yield one
        if isinstance(one, dict):
            waiting += [*dict.keys(one), *dict.values(one)][:_MOST_OBJECTS]
        elif isinstance(one, types.SimpleNamespace):
            waiting += vars(one).values()
        for kind in _SEQUENCES:
            if isinstance(one, kind):
                waiting += list(kind.__iter__(one))[:_MOST_OBJECTS]


def _equals_everything(thing: Any, others: Sequence[Any]) -> bool:
    if not isinstance(thing, _PROXIES) and not _decided(thing, "__eq__"):
        return False
    return any(all(_safely(_are_equal, thing, sentinel) for sentinel in pair) for pair in _sentinels(thing, others))


def _equals_more_than_its_value(thing: Any, others: Sequence[Any]) -> bool:
    """Whether it is a built-in value that equals another one by code of its own, or a number that equals its opposite.

    Objects whose class the base has as well are found there, too, and not held against a patch.
    """
    if not _decided(thing, "__eq__"):
        return False
    kind: Any = next((kind for kind in (*_VALUES, *_SEQUENCES, dict) if isinstance(thing, kind)), None)
    for other in others:
        if kind is not None and kind.__eq__(thing, other) is False and _safely(_are_equal, thing, other):
            return True
        if type(other) in _NUMBERS and other and all(_safely(_are_equal, thing, number) for number in (other, -other)):
            return True
    return False


def _are_equal(thing: Any, other: Any) -> bool:
    return bool(thing == other)


def _differs_from_itself(thing: Any, _: Sequence[Any]) -> bool:
    return _decided(thing, "__eq__", "__ne__") and bool(thing != thing) and not bool(thing == thing)  # noqa: PLR0124


def _contains_everything(thing: Any, _: Sequence[Any]) -> bool:
    number = _fresh_number()
    sentinels = (object(), number, number + 1, _fresh_text())
    return _decided(thing, "__contains__") and all(bool(sentinel in thing) for sentinel in sentinels)


def _lacks_its_own(thing: Any, _: Sequence[Any]) -> bool:
    if not _decided(thing, "__contains__"):
        return False
    built_in = next((kind for kind in (*_SEQUENCES, dict) if isinstance(thing, kind)), None)
    first = next(iter(built_in.__iter__(thing)), None) if built_in else None
    return first is not None and not bool(first in thing)


def _exceeds_everything(thing: Any, others: Sequence[Any]) -> bool:
    """Whether it is on one side of every number."""
    numbers = [number for pair in _numbers(others) for number in pair]
    orders: List[Tuple[str, Callable[[Any], Any]]] = [
        ("__lt__", lambda other: thing < other),
        ("__gt__", lambda other: thing > other),
        ("__le__", lambda other: thing <= other),
        ("__ge__", lambda other: thing >= other),
    ]
    return any(
        _decided(thing, name) and all(_safely(holds, number) for number in (*numbers, *(-one for one in numbers)))
        for name, holds in orders
    )


def _absorbs_everything(thing: Any, others: Sequence[Any]) -> bool:
    """Whether every number is the same distance from it, and it is not infinite."""
    if not _decided(thing, "__sub__", "__rsub__") or (isinstance(thing, float) and float.__sub__(thing, thing) != 0):
        return False
    for one, other in _numbers(others):
        for left, right in (((thing, one), (thing, other)), ((one, thing), (other, thing))):
            distances = [_safely(lambda pair: pair[0] - pair[1], pair) for pair in (left, right)]
            numbers = all(isinstance(distance, _NUMBERS) and distance is not False for distance in distances)
            if numbers and distances[0] == distances[1]:
                return True
    return False


_QUESTIONS: Tuple[Tuple[str, Callable[[Any, Sequence[Any]], bool]], ...] = (
    ("equals everything", _equals_everything),
    ("equals more than its value", _equals_more_than_its_value),
    ("differs from itself", _differs_from_itself),
    ("contains everything", _contains_everything),
    ("does not contain what it contains", _lacks_its_own),
    ("is on one side of every number", _exceeds_everything),
    ("is as far from every number", _absorbs_everything),
)


def _safely(asked: Callable[..., Any], *arguments: Any) -> Any:
    """The answer; False if the question raises."""
    try:
        return asked(*arguments)
    except Exception:  # noqa: BLE001  # methods of foreign objects
        return False


def _decided(thing: Any, *names: str) -> bool:
    """Whether code in Python decides one of these operations, rather than built-in code or a mock's own."""
    for name in names:
        found = next((vars(kind)[name] for kind in type(thing).__mro__ if name in vars(kind)), None)
        if not isinstance(found, _BUILT_IN) and not isinstance(found, mock.MagicProxy):
            return True
    return False


def _sentinels(thing: Any, others: Sequence[Any]) -> Iterator[Pair]:
    """Pairs of values that are new: nothing honest equals both of one pair, however it rounds or counts modulo."""
    yield type("Sentinel", (), {})(), type("Sentinel", (), {})()
    yield from _numbers(others)
    yield _fresh_text(), _fresh_text()
    yield _fresh_text().encode(), _fresh_text().encode()
    for other in others:
        if isinstance(other, list):
            yield [object()] * (len(other) or 1), [object()] * (len(other) or 1)
        elif isinstance(other, tuple):
            yield (object(),) * (len(other) or 1), (object(),) * (len(other) or 1)
        elif isinstance(other, dict):
            yield dict.fromkeys(other or [1], object()), dict.fromkeys(other or [1], object())
        elif isinstance(other, str):
            yield other + _fresh_text(), _fresh_text() + other
    for model in (thing, *others):
        clones = _emptied(model), _emptied(model)
        if clones[0] is not None:
            yield clones


def _numbers(others: Sequence[Any]) -> Iterator[Pair]:
    """Numbers far from all, and near those that are compared, also by `pytest.approx`."""
    number = _fresh_number()
    yield number, number + 1
    for other in others:
        near = getattr(other, "expected", other)
        if isinstance(near, _NUMBERS):
            step = random.SystemRandom().randrange(10, 100)
            yield near + step, near + step + 1


def _emptied(thing: Any) -> Any:
    """Another object of its class, with a new object for each that it holds; None if it holds none."""
    kind: Any = type(thing)
    held = [name for one in kind.__mro__ for name in _slots(one) if hasattr(thing, name)]
    state = getattr(thing, "__dict__", {})
    if not (state or held) or isinstance(thing, (type, types.ModuleType, mock.NonCallableMock)):
        return None
    if hasattr(kind, "__del__") or kind.__new__ is not object.__new__:
        return None
    clone = object.__new__(kind)
    for name in (*state, *held):
        object.__setattr__(clone, name, object())
    return clone


def _slots(kind: type) -> Sequence[str]:
    slots: Any = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return [name for name in names if name not in {"__dict__", "__weakref__"}]


def _fresh_number() -> int:
    return random.SystemRandom().randrange(1 << 52, 1 << 53)


def _fresh_text() -> str:
    return os.urandom(8).hex()


def _file_of(kind: type) -> str:
    """The file of the code that compares objects of a class, else that of its module; empty if there is none."""
    for name in ("__eq__", "__contains__", "__lt__", "__sub__"):
        found = next((vars(one)[name] for one in kind.__mro__ if name in vars(one)), None)
        code = getattr(found, "__code__", None)
        if code is not None and not code.co_filename.startswith("<"):
            return str(code.co_filename)
    return str(getattr(sys.modules.get(kind.__module__), "__file__", ""))
