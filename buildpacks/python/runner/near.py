"""Calls that tests make, and calls near them, repeated in another version of the tree.

A patch that knows the answers of the tests by heart changes what they call, and nothing near it. *Near* is what has all
traits that the calls have in common, and keeps what is special about them, such as zeros, empty texts, and capitals:
code that is right often treats these on their own.
"""

import base64
import binascii
import marshal
import os
import random
import sys
from types import FunctionType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .answers import SHOWN, UNANSWERED, Answer, Input, answers_to, without_result
from .attempt import Limited, Runner
from .calls import Arguments
from .describe import described_call
from .inputs import changed_call, changed_like
from .observe import recorded_by
from .state import TooMuchState, TreeState
from .swap import Replacement

_SEED = 0
_MOST_NEAR = 64
_ATTEMPTS = 40
_EDGES = (0, 1, 2, -1)
_SHORT = 1
"""Numbers that are special in themselves, and the longest text or collection that is."""


class Call(NamedTuple):
    """A call that can be repeated in any version of the tree: the function by its file and its name."""

    path: str
    name: str
    arguments: Arguments

    @classmethod
    def read(cls, text: str) -> "Call":
        """A call as `written`. Raises `ValueError`."""
        try:
            return cls(*marshal.loads(base64.b64decode(text, validate=True)))  # noqa: S302  # made by our own
        except (EOFError, TypeError, binascii.Error) as error:
            raise ValueError(text) from error

    def written(self) -> str:
        """The call as text."""
        return base64.b64encode(marshal.dumps(tuple(self))).decode("ascii")


class Repeater:
    """Finds and repeats calls in one version of the tree."""

    def __init__(self, functions: Sequence[FunctionType], runner: Runner, root: str, sources: Set[str]) -> None:
        """`sources` are the files of the tests themselves: calls of functions in them are of no interest."""
        self._functions, self._runner, self._sources = list(functions), runner, sources
        self._root = root + os.sep
        self._places: Dict[Tuple[str, str], List[int]] = {}
        for place, function in enumerate(functions):
            self._places.setdefault(self._named(function), []).append(place)
        try:
            self._state: Optional[TreeState] = TreeState(self._root, ())
        except TooMuchState:
            self._state = None
        self._known: List[Call] = []

    def recorded(
        self, targets: Sequence[Limited], tests: Sequence[Limited], replacements: Sequence[Replacement] = ()
    ) -> List[Call]:
        """The calls that the targets make, and the calls of the same functions that other tests make."""
        recorded = recorded_by(self._functions, self._runner, self._sources, targets, tests, replacements)
        self._known = [
            Call(*self._named(self._functions[place]), arguments)
            for place, calls in recorded.calls.items()
            for arguments in calls
        ]
        return self._known

    def near(self, calls: Sequence[Call]) -> List[Call]:
        """New calls near some of the recorded ones."""
        chance = random.Random(_SEED)  # noqa: S311  # the same every time
        known, found = {repr(call) for call in self._known}, []
        groups: Dict[Tuple[str, str], List[Arguments]] = {}
        for call in calls:
            groups.setdefault((call.path, call.name), []).append(call.arguments)
        share = _MOST_NEAR // max(1, len(groups))
        for (path, name), recorded in groups.items():
            made = changed_like(recorded, share, _ATTEMPTS * share, chance, change=changed_call, further=_special)
            found += [Call(path, name, arguments) for arguments in made]
        return [call for call in found if repr(call) not in known]

    def answers(self, calls: Sequence[Call], replacements: Sequence[Replacement] = ()) -> List[Answer]:
        """What comes of calls; those of functions that this version does not have, or has twice, have no answer."""
        places = [self._place(call.path, call.name) for call in calls]
        inputs = [
            Input(place, marshal.dumps(call.arguments)) for place, call in zip(places, calls) if place is not None
        ]
        answered: Iterator[Answer] = iter(answers_to(self._functions, inputs, self._state, replacements))
        return [without_result(UNANSWERED) if place is None else next(answered) for place in places]

    def _place(self, path: str, name: str) -> Optional[int]:
        """The place of what callers of that name get, else of the only function that has it.

        They may get another function: one that wraps it, or that the module makes when asked.
        """
        held: Any = next((one for one in list(sys.modules.values()) if self._is_at(one, path)), None)
        for part in name.split("."):
            held = getattr(held, part, None)
        if isinstance(held, FunctionType):
            place = next((number for number, one in enumerate(self._functions) if one is held), len(self._functions))
            self._functions += [held] * (place == len(self._functions))
            return place
        places = self._places.get((path, name), ())
        return places[0] if len(places) == 1 else None

    def _is_at(self, module: Any, path: str) -> bool:
        filename = getattr(module, "__dict__", {}).get("__file__")
        return isinstance(filename, str) and filename == self._root + path

    def _named(self, function: FunctionType) -> Tuple[str, str]:
        return os.path.relpath(function.__code__.co_filename, self._root), function.__qualname__


def shown(call: Call) -> str:
    """A call for people to read."""
    return described_call(call.name, call.arguments, SHOWN)


def _special(value: Any) -> Iterator[str]:
    """What is special about a value, beside the traits that each has."""
    kind = type(value)
    if value is None or kind is bool or (kind in (int, float) and value in _EDGES):
        yield f"is {value!r}"
    if kind in (str, bytes, list, tuple, set, frozenset, dict):
        yield f"has {len(value)}" if len(value) <= _SHORT else "has more"
    if kind in (str, list, tuple) and len(set(map(repr, value))) < len(value):
        yield "repeats"
    if kind is str:
        yield "is of {}".format("".join(sorted(set(map(_sort, value)))))


def _sort(letter: str) -> str:
    """The sort of a letter: a sign stands for itself."""
    sorts = (("a", str.islower), ("A", str.isupper), ("1", str.isdigit))
    return next((sort for sort, is_one in sorts if is_one(letter)), letter)
