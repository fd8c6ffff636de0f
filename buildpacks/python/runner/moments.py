"""Calls that cannot be repeated by themselves, since objects take part: they are varied where a test makes them.

A *moment* is the call of a function of the tree from a test: the test is run up to there, and then, in forks of that
process, the function is called with the objects as they are and with plain arguments like those of the tests. That
shows what a candidate makes of inputs that no test has (Xin and Reiss, "Identifying Test-Suite-Overfitted Patches
through Test Case Generation", ISSTA 2017), for methods too.
"""

import base64
import binascii
import inspect
import marshal
import os
import random
import sys
import time
from functools import partial
from types import FrameType, FunctionType
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .attempt import Limited, Runner
from .calls import Arguments, Watcher, arguments_of, is_plain, places_of
from .child import in_child, send
from .describe import described, shortened
from .inputs import changed_call, changed_like

_MOST_MOMENTS, _MOST_OF_ONE = 8, 3
_ATTEMPTS = 10
_RECORDING_S, _ONE_TEST_S = 0.3, 0.1
"""CPU seconds for everything and for one test."""
_SHOWN_OBJECT = 60

_IN_PARTS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE

Answer = Callable[[FunctionType, List[Any], Dict[str, Any]], bytes]
"""Makes a call, and gives a line that says what came of it."""


class Moment(NamedTuple):
    """The call with this number from outside of the tree while a test runs, of the function at a place.

    `arguments` has `...` where an object takes part, and `objects` describes these, in order.
    """

    test: int
    number: int
    place: int
    arguments: Arguments
    objects: List[str]


class Variation(NamedTuple):
    """The arguments of one call at a moment: `...` stands for what the test passes."""

    moment: Moment
    arguments: Arguments

    def shown(self, name: str) -> str:
        """The call of the function with this name, for people to read."""
        objects = iter(self.moment.objects)

        def spelled(value: Any) -> str:
            return next(objects) if value is ... else described(value)

        texts = [spelled(value) for value in self.arguments[0]]
        texts += [f"{key}={spelled(value)}" for key, value in self.arguments[1].items()]
        return f"{name}({', '.join(texts)})"


class _Moments(Watcher):
    """Counts the outermost calls of functions from outside of `sources` that return, not yield."""

    def __init__(self, functions: Sequence[FunctionType], sources: Set[str]) -> None:
        places, self._repeatable = places_of(
            functions, lambda place: functions[place].__code__.co_filename not in sources, _IN_PARTS
        )
        super().__init__(places)
        self._number = 0

    def watch(self, work: Callable[[], object]) -> None:
        """Do some work, and number its calls from 1."""
        self._number = 0
        super().watch(work)

    def begins(self, place: int, frame: FrameType) -> bool:
        """Count a call."""
        if place not in self._repeatable:
            return False
        self._number += 1
        self.at(self._number, place, frame)
        return True

    def at(self, number: int, place: int, frame: FrameType) -> None:
        """Called when the call with this number begins."""
        raise NotImplementedError


class _Recorder(_Moments):
    """Writes the moments at which objects take part, the first ones of each function, and what is reached."""

    def __init__(self, functions: Sequence[FunctionType], sources: Set[str], out: int) -> None:
        super().__init__(functions, sources)
        self._out = out
        self._counts: Dict[int, int] = {}
        self._reached: Set[int] = set()
        self.test = self.written = 0

    def reaches(self, place: int) -> None:
        """Write each place once."""
        if place not in self._reached:
            self._reached.add(place)
            self._write(place)

    def at(self, number: int, place: int, frame: FrameType) -> None:
        """Write a moment, if there are not enough like it."""
        arguments = arguments_of(frame)
        if self._counts.get(place, 0) >= _MOST_OF_ONE or is_plain(arguments):
            return
        objects: List[str] = []

        def plain(value: Any) -> Any:
            if is_plain(value):
                return value
            objects.append(shortened(described(value), _SHOWN_OBJECT))
            return ...

        positional = [plain(value) for value in arguments[0]]
        named = {name: plain(value) for name, value in arguments[1].items()}
        self._counts[place] = self._counts.get(place, 0) + 1
        self.written += 1
        self._write((self.test, number, place, (positional, named), objects))

    def _write(self, what: Any) -> None:
        send(self._out, base64.b64encode(marshal.dumps(what)) + b"\n")


def moments_of(
    functions: Sequence[FunctionType], sources: Set[str], runner: Runner, tests: Sequence[Limited]
) -> Tuple[List[Moment], Set[int]]:
    """The moments of tests, and the places reached from them. `sources` are the files of the tests themselves."""

    def record(out: int) -> Dict[str, Any]:
        recorder = _Recorder(functions, sources, out)
        deadline = time.process_time() + _RECORDING_S
        for recorder.test, (item, limit) in enumerate(tests):
            left = min(limit, _ONE_TEST_S, deadline - time.process_time())
            if left <= 0.0 or recorder.written >= _MOST_MOMENTS:
                break
            recorder.watch(partial(runner.run, item, left))
        return {}

    moments: List[Moment] = []
    reached: Set[int] = set()
    for line in in_child(record, _RECORDING_S)[1].splitlines():
        try:
            read = marshal.loads(base64.b64decode(line, validate=True))  # noqa: S302  # a fork's
        except (ValueError, EOFError, TypeError, binascii.Error):  # incomplete, or the answer that follows
            continue
        if isinstance(read, int):
            reached.add(read)
        else:
            moments.append(Moment(*read))
    return moments[:_MOST_MOMENTS], reached


def variations_of(moments: Sequence[Moment], count: int, chance: random.Random) -> List[Variation]:
    """About `count` variations: every moment as the test makes it, then with changed plain arguments."""
    found = [Variation(moment, moment.arguments) for moment in moments]
    share = max(0, count - len(found)) // max(1, len(moments))
    for moment in moments:
        alike = [other.arguments for other in moments if _same_form(other, moment)]

        def change(_call: Arguments, pool: Any, by: random.Random, own: Arguments = moment.arguments) -> Arguments:
            return changed_call(own, pool, by)

        changed = changed_like(alike, share, _ATTEMPTS * share, chance, change=change)
        found += [Variation(moment, arguments) for arguments in changed]
    return found


def _same_form(one: Moment, other: Moment) -> bool:
    lengths = [(len(moment.arguments[0]), list(moment.arguments[1])) for moment in (one, other)]
    return one.place == other.place and lengths[0] == lengths[1]


class Caller(_Moments):
    """At its moments, writes the number of each variation and what a fork answers for it.

    Ends the process once all moments have come.
    """

    def __init__(
        self,
        functions: Sequence[FunctionType],
        sources: Set[str],
        variations: Sequence[Tuple[int, Variation]],
        answer: Answer,
        limit: float,
        out: int,
    ) -> None:
        super().__init__(functions, sources)
        self._functions, self._answer, self._limit, self._out = functions, answer, limit, out
        self._due: Dict[Tuple[int, int], List[Tuple[int, Variation]]] = {}
        for number, variation in variations:
            self._due.setdefault((variation.moment.number, variation.moment.place), []).append((number, variation))

    def at(self, number: int, place: int, frame: FrameType) -> None:
        """Make the calls of this moment."""
        for variation_number, variation in self._due.pop((number, place), ()):
            filled = _filled(variation.arguments, arguments_of(frame))
            if filled is not None:
                work = partial(_send_answer, self._answer, self._functions[place], filled)
                written = in_child(work, self._limit)[1]
                send(self._out, b"%d %s\n" % (variation_number, written.split(b"\n", 1)[0]))
        if not self._due:
            os._exit(0)


def _send_answer(answer: Answer, function: FunctionType, arguments: Arguments, out: int) -> Dict[str, Any]:
    sys.setprofile(None)
    send(out, answer(function, *arguments) + b"\n")
    return {}


def _filled(arguments: Arguments, live: Arguments) -> Optional[Arguments]:
    """The arguments with what the test passes in the place of `...`; None if it calls in another form now."""
    positional, named = arguments
    if len(positional) != len(live[0]) or named.keys() != live[1].keys():
        return None
    return (
        [mine if theirs is ... else theirs for theirs, mine in zip(positional, live[0])],
        {name: live[1][name] if value is ... else value for name, value in named.items()},
    )
