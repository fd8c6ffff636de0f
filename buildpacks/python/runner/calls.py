"""The arguments that tests pass to functions of the tree: which calls can be repeated, and what they reach."""

import base64
import binascii
import inspect
import marshal
import sys
from types import FrameType, FunctionType
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .child import send

Arguments = Tuple[List[Any], Dict[str, Any]]
"""The arguments of a call by position and by name: plain data."""

_ATOMS = frozenset((type(None), bool, int, float, str, bytes))
_COLLECTIONS = frozenset((list, tuple, set, frozenset, dict))
_MOST_PARTS = 256
_LONGEST = 2048
_LARGEST_BITS = 256
_DEEPEST = 6
_MOST_CALLS = 64
_MOST_OF_ONE = 24
_IN_PARTS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE


class Recorded:
    """Recorded calls of tests: `calls` by the function's place, in order, and the places `reached` from them."""

    def __init__(self) -> None:
        self.calls: Dict[int, List[Arguments]] = {}
        self.reached: Set[int] = set()

    def read(self, data: bytes) -> None:
        """Add the output of a `CallRecorder`."""
        for line in data.splitlines():
            try:
                place, arguments = marshal.loads(base64.b64decode(line, validate=True))  # noqa: S302  # a fork's
            except (ValueError, EOFError, TypeError, binascii.Error):  # incomplete, or the answer that follows
                continue
            if arguments is None:
                self.reached.add(place)
            else:
                self.calls.setdefault(place, []).append(arguments)


def places_of(
    functions: Sequence[FunctionType], wanted: Callable[[int], bool], not_of: int
) -> Tuple[Dict[int, int], Set[int]]:
    """The places of functions by the identity of their code, and those of them whose calls can be repeated.

    That is so if a function is `wanted`, only one has its code, so that it is clear what to call, and the code has none
    of the flags `not_of`.
    """
    places: Dict[int, int] = {}
    shared = set()
    for place, function in enumerate(functions):
        if places.setdefault(id(function.__code__), place) != place:
            shared.add(id(function.__code__))
    repeatable = {
        place
        for code, place in places.items()
        if code not in shared and wanted(place) and not functions[place].__code__.co_flags & not_of
    }
    return places, repeatable


class Watcher:
    """Watches calls of functions of the tree, of the outermost ones alone: inner calls belong to them."""

    def __init__(self, places: Mapping[int, int]) -> None:
        """`places` are those of the functions, by the identity of their code."""
        self._places = places
        self._outermost: Optional[FrameType] = None

    def watch(self, work: Callable[[], object]) -> None:
        """Do some work, and watch its calls."""
        self._outermost = None
        sys.setprofile(self._on_event)
        try:
            work()
        finally:
            sys.setprofile(None)

    def begins(self, place: int, frame: FrameType) -> bool:
        """Whether a call that begins counts as an outermost one."""
        raise NotImplementedError

    def reaches(self, place: int) -> None:
        """Called for an outermost call and all within it."""

    def _on_event(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and frame is self._outermost:
            self._outermost = None
        place = self._places.get(id(frame.f_code)) if event == "call" else None
        if place is None:
            return
        if self._outermost is None and self.begins(place, frame):
            self._outermost = frame
        if self._outermost is not None:
            self.reaches(place)


class CallRecorder(Watcher):
    """Writes the arguments of calls that can be repeated: those of plain data.

    Each is written when it begins, so the calls of a test that crashes its process are known.
    """

    def __init__(self, functions: Sequence[FunctionType], wanted: Callable[[int], bool], out: int) -> None:
        """`wanted` says whether calls of the function at a place are of interest."""
        places, self._observable = places_of(functions, wanted, _IN_PARTS)
        super().__init__(places)
        self._out = out
        self._begun: Dict[int, FrameType] = {}  # of generators: they are resumed more than once
        self._written: Set[Tuple[int, str]] = set()
        self._reached: Set[int] = set()
        self._counts: Dict[int, int] = {}

    @property
    def enough(self) -> bool:
        """Whether enough calls are recorded."""
        return len(self._written) >= _MOST_CALLS

    def reaches(self, place: int) -> None:
        """Write each place once."""
        if place not in self._reached:
            self._reached.add(place)
            self._write((place, None))

    def begins(self, place: int, frame: FrameType) -> bool:
        """Write a call that can be repeated, if there are not enough like it."""
        if place not in self._observable or id(frame) in self._begun:
            return False
        arguments = arguments_of(frame)
        if not is_plain(arguments):
            return False
        if frame.f_code.co_flags & inspect.CO_GENERATOR:
            self._begun[id(frame)] = frame
        known = (place, repr(arguments))
        if known not in self._written and self._counts.get(place, 0) < _MOST_OF_ONE:
            self._written.add(known)
            self._counts[place] = self._counts.get(place, 0) + 1
            self._write((place, arguments))
        return True

    def _write(self, what: Tuple[int, Optional[Arguments]]) -> None:
        send(self._out, base64.b64encode(marshal.dumps(what)) + b"\n")


def arguments_of(frame: FrameType) -> Arguments:
    """The arguments that a function which begins was called with."""
    code, values = frame.f_code, frame.f_locals
    names = list(code.co_varnames)
    count, by_name = code.co_argcount, code.co_kwonlyargcount
    positional = [values[name] for name in names[:count]]
    named = {name: values[name] for name in names[count : count + by_name]}
    rest = names[count + by_name :]
    if code.co_flags & inspect.CO_VARARGS:
        positional += values[rest.pop(0)]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        named.update(values[rest.pop(0)])
    return positional, named


def is_plain(value: object) -> bool:
    """Whether a value consists of literals and collections of them, all small and without subclasses."""
    things, parts = [(value, 0)], 0
    while things:
        thing, depth = things.pop()
        kind, parts = type(thing), parts + 1
        if parts > _MOST_PARTS or depth > _DEEPEST or kind not in _ATOMS | _COLLECTIONS:
            return False
        if isinstance(thing, int) and thing.bit_length() > _LARGEST_BITS:
            return False
        if isinstance(thing, (str, bytes)) and len(thing) > _LONGEST:
            return False
        if isinstance(thing, (list, tuple, set, frozenset, dict)):
            if len(thing) > _MOST_PARTS:
                return False
            things += [(inner, depth + 1) for inner in thing]
            things += [(inner, depth + 1) for inner in thing.values()] if isinstance(thing, dict) else []
    return True
