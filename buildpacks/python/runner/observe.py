"""What a candidate does on inputs that the tests do not have, as a series of digests to compare with other candidates'.

The inputs are the same for every candidate of a plan: those of the functions that the targets call, and changed ones.
Each call is made in a fork of the server. What is over its limit, ends the process or leaves something behind costs its
own digest: the rest of the series goes on in another fork.
"""

from __future__ import annotations

import hashlib
import io
import marshal
import os
import random
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from itertools import islice
from types import FunctionType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from .attempt import Limited, Runner
from .calls import Arguments, CallRecorder, Recorded
from .child import in_child, send
from .inputs import inputs_like
from .limits import cap_memory
from .state import TooMuchState, TreeState
from .swap import Replacement, put

MOST_INPUTS = 96

_SEED = 0
_MOST_FUNCTIONS = 6
_MOST_TESTS = 32
_RECORDING_S, _ONE_TEST_S = 0.3, 0.1
"""CPU seconds for everything and for one test."""

_OBSERVATION_S, _CALL_S, _WAITING_S = 0.5, 0.05, 0.25
"""Seconds for one candidate; CPU seconds for one call, and how long it may take that waits instead."""

_MOST_ENDED = 4
"""How many calls may end their process."""

_DIGITS = 5
_MOST_PARTS, _MOST_OF_A_TEXT, _MOST_ITEMS, _DEEPEST = 2000, 10_000, 500, 50
_TIMEOUT, _ENDED, _UNANSWERED = "t", "x", "-"


class Input(NamedTuple):
    """Plain arguments, serialised so that every call has its own, and the place of the function that gets them."""

    place: int
    arguments: bytes


class Observer:
    """Calls functions of the tree under one candidate after another, each time with the same inputs."""

    def __init__(
        self,
        functions: Sequence[FunctionType],
        runner: Runner,
        folder: str,
        sources: Set[str],
        targets: Sequence[Limited],
        tests: Sequence[Limited],
    ) -> None:
        """Record what the tests call of those functions that are in none of the files `sources`, the tests' own."""
        self._functions = functions
        recorded = _recorded(functions, runner, sources, targets, tests)
        self._reached = {id(functions[place]) for place in recorded.reached}
        self._inputs = _inputs(recorded.calls)
        self._series = "i" + _hashed(repr([(functions[one.place].__qualname__, one.arguments) for one in self._inputs]))
        try:
            self._state: Optional[TreeState] = TreeState(folder, ())
        except TooMuchState:
            self._state = None

    def observe(self, replacements: Sequence[Replacement]) -> List[str]:
        """The name of the series, and a digest for each input; nothing where no input gets to what was replaced."""
        if not any(id(function) in self._reached for function, _ in replacements):
            return []
        found: List[str] = []
        ended, deadline = 0, time.monotonic() + _OBSERVATION_S
        while len(found) < len(self._inputs) and ended < _MOST_ENDED and time.monotonic() < deadline:
            calls = _Calls(self._functions, self._inputs[len(found) :], self._state, deadline)
            answer, written = in_child(partial(calls.make, replacements), _OBSERVATION_S)
            found += [line for line in written.decode("ascii", "replace").split("\n") if line]
            if "outcome" in answer:
                found.append(_TIMEOUT if answer["outcome"] == "timeout" else _ENDED)
                ended += 1
        found += [_UNANSWERED] * (len(self._inputs) - len(found))
        return [self._series, *found[: len(self._inputs)]]


def _recorded(
    functions: Sequence[FunctionType],
    runner: Runner,
    sources: Set[str],
    targets: Sequence[Limited],
    tests: Sequence[Limited],
) -> Recorded:
    """What the targets call, and with what arguments some other tests call the same."""
    ours = {place for place, function in enumerate(functions) if function.__code__.co_filename not in sources}
    recorded = Recorded()
    recorded.read(_watched(functions, runner, ours, targets))
    if recorded.calls:
        recorded.calls = dict(islice(recorded.calls.items(), _MOST_FUNCTIONS))
        recorded.read(_watched(functions, runner, set(recorded.calls), tests[:_MOST_TESTS]))
    return recorded


def _watched(functions: Sequence[FunctionType], runner: Runner, wanted: Set[int], tests: Sequence[Limited]) -> bytes:
    """What a recorder writes while tests run."""

    def run(out: int) -> Dict[str, Any]:
        recorder = CallRecorder(functions, wanted.__contains__, out)
        deadline = time.process_time() + _RECORDING_S
        for item, limit in tests:
            left = min(limit, _ONE_TEST_S, deadline - time.process_time())
            if left <= 0.0 or recorder.enough:
                break
            recorder.watch(partial(runner.run, item, left))
        return {}

    return in_child(run, _RECORDING_S)[1]


def _inputs(calls: Mapping[int, Sequence[Arguments]]) -> List[Input]:
    chance = random.Random(_SEED)  # noqa: S311  # the same every time
    share = MOST_INPUTS // max(1, len(calls))
    return [
        Input(place, marshal.dumps(one))
        for place, recorded in calls.items()
        for one in inputs_like(recorded, share, chance)
    ]


class _Calls:
    """The child's part: calls with some of the inputs, until one of them leaves something behind."""

    def __init__(
        self,
        functions: Sequence[FunctionType],
        inputs: Sequence[Input],
        state: Optional[TreeState],
        deadline: float,
    ) -> None:
        self._functions = functions
        self._inputs = inputs
        self._state = state
        self._deadline = deadline

    def make(self, replacements: Sequence[Replacement], out: int) -> Dict[str, Any]:
        """Write a line for each call. Does not return where one of them is over its limit."""
        myself = os.getpid()
        cap_memory()
        put(replacements)
        for place, arguments in self._inputs:
            _start_timers()
            found = _digest(self._functions[place], *marshal.loads(arguments))  # noqa: S302  # our own
            _stop_timers()
            if os.getpid() != myself:  # a child that was forked in the call
                os._exit(0)
            send(out, found.encode() + b"\n")
            if self._state is None or self._state.changed() or time.monotonic() > self._deadline:
                break
        return {}


def _start_timers() -> None:
    """The signals end the process, in the middle of whatever it does: nothing catches them."""
    for number, timer, seconds in (
        (signal.SIGPROF, signal.ITIMER_PROF, _CALL_S),
        (signal.SIGALRM, signal.ITIMER_REAL, _WAITING_S),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)


def _stop_timers() -> None:
    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)


def _digest(function: FunctionType, positional: List[Any], named: Dict[str, Any]) -> str:
    """What a call gives and makes of its arguments, or what it raises, in a few characters."""
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            result = function(*positional, **named)
            text = _Shape().of(result) + " after " + _Shape().of([positional, named])
        kind = "r"
    except BaseException as error:  # noqa: BLE001  # whatever it raises, also to end the process
        kind, text = "e", type(error).__name__
    return kind + _hashed(text)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


class _Shape:
    """Describes values so that equal ones are described alike. No `repr` of the tree is asked: it may say anything."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS
        self._around: List[int] = []

    def of(self, value: Any) -> str:
        """The description, up to some size."""
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
        if kind in (bool, int, float):
            return _number(value)
        if kind in (str, bytes):
            return f"{len(value)} {value[:_MOST_OF_A_TEXT]!r}"
        if kind in (list, tuple):
            return f"{kind.__name__}({self._each(value)})"
        if kind in (set, frozenset):
            return f"set({', '.join(sorted(self.of(one) for one in islice(value, _MOST_ITEMS)))})"
        if kind is dict:
            pairs = (f"{self.of(key)}: {self.of(one)}" for key, one in islice(value.items(), _MOST_ITEMS))
            return f"dict({', '.join(sorted(pairs))})"
        if hasattr(kind, "__next__"):
            return f"iterator({self._each(value)})"
        attributes = getattr(value, "__dict__", None)
        inner = self.of(attributes) if type(attributes) is dict and not callable(value) else ""
        return f"<{kind.__name__} {inner}>"

    def _each(self, values: Any) -> str:
        size = f"{len(values)}: " if hasattr(values, "__len__") else ""
        return size + ", ".join(self.of(one) for one in islice(values, _MOST_ITEMS))


def _number(value: Any) -> str:
    """As `==` would have it: 2 and 2.0 are the same, and so are True and 1; the last digits of a float are noise."""
    if isinstance(value, int):
        return f"{int(value):x}"
    return f"{int(value):x}" if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"
