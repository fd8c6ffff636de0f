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
from functools import partial
from types import FrameType, FunctionType
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .attempt import Limited, Runner
from .calls import Arguments, arguments_of, is_plain
from .child import in_child, send
from .describe import described, shortened
from .inputs import changed_call, changed_like

_MOST_MOMENTS, _MOST_OF_ONE = 8, 3
_ATTEMPTS = 10
_RECORDING_S, _ONE_TEST_S = 0.3, 0.1
"""CPU seconds for everything and for one test."""
_SHOWN_OBJECT = 60

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


class Watcher:
    """Counts the calls of functions of the tree that no other function of the tree makes."""

    def __init__(self, places: Dict[int, int], on_call: Callable[[int, int, FrameType], None]) -> None:
        """`places` are those of the functions, by the identity of their code; `on_call` gets number, place, frame."""
        self._places = places
        self._on_call = on_call
        self._outermost: Optional[FrameType] = None
        self._number = 0
        self.reached: Set[int] = set()

    def watch(self, work: Callable[[], object]) -> None:
        """Do some work, and watch its calls."""
        sys.setprofile(self._on_event)
        try:
            work()
        finally:
            sys.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and frame is self._outermost:
            self._outermost = None
        place = self._places.get(id(frame.f_code)) if event == "call" else None
        if place is None:
            return
        if self._outermost is None:
            self._outermost = frame
            self._number += 1
            self._on_call(self._number, place, frame)
        self.reached.add(place)


def places_of(functions: Sequence[FunctionType], sources: Set[str]) -> Dict[int, int]:
    """The places of functions outside of `sources` that are called and return, by the identity of their code.

    Code that several functions share is left out: it is not clear which of them to call.
    """
    places: Dict[int, int] = {}
    shared: Set[int] = set()
    parts = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
    for place, function in enumerate(functions):
        code = function.__code__
        own = code.co_filename not in sources and not code.co_flags & parts
        if own and places.setdefault(id(code), place) != place:
            shared.add(id(code))
    return {code: place for code, place in places.items() if code not in shared}


def moments_of(places: Dict[int, int], runner: Runner, tests: Sequence[Limited]) -> Tuple[List[Moment], Set[int]]:
    """Moments at which objects take part, the first ones of each function, and the places reached from them."""
    moments: List[Moment] = []
    reached: Set[int] = set()
    counts: Dict[int, int] = {}
    for test, (item, limit) in enumerate(tests):
        if len(moments) >= _MOST_MOMENTS:
            break
        work = partial(_record, places, runner, (item, min(limit, _ONE_TEST_S)), test)
        for line in in_child(work, _RECORDING_S)[1].splitlines():
            try:
                read = marshal.loads(base64.b64decode(line, validate=True))  # noqa: S302  # a fork's
            except (ValueError, EOFError, TypeError, binascii.Error):  # incomplete, or the answer that follows
                continue
            if isinstance(read, list):
                reached.update(read)
                continue
            moment = Moment(*read)
            counts[moment.place] = counts.get(moment.place, 0) + 1
            if counts[moment.place] <= _MOST_OF_ONE and len(moments) < _MOST_MOMENTS:
                moments.append(moment)
    return moments, reached


def _record(places: Dict[int, int], runner: Runner, test: Limited, number: int, out: int) -> Dict[str, Any]:
    counts: Dict[int, int] = {}

    def on_call(at: int, place: int, frame: FrameType) -> None:
        positional, named = arguments_of(frame)
        counts[place] = counts.get(place, 0) + 1
        if counts[place] > _MOST_OF_ONE or is_plain((positional, named)):
            return
        objects: List[str] = []

        def plain(value: Any) -> Any:
            if is_plain(value):
                return value
            objects.append(shortened(described(value), _SHOWN_OBJECT))
            return ...

        arguments = [plain(value) for value in positional], {name: plain(value) for name, value in named.items()}
        send(out, base64.b64encode(marshal.dumps((number, at, place, arguments, objects))) + b"\n")

    watcher = Watcher(places, on_call)
    watcher.watch(lambda: runner.run(*test))
    send(out, base64.b64encode(marshal.dumps(sorted(watcher.reached))) + b"\n")
    return {}


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


def make_calls(
    functions: Sequence[FunctionType],
    places: Dict[int, int],
    run: Callable[[], object],
    variations: Sequence[Tuple[int, Variation]],
    answer: Answer,
    limit: float,
    out: int,
) -> Dict[str, Any]:
    """Run a test, and at its moments write the number of each variation and what a fork answers for it.

    Ends the process once all moments have come.
    """
    due: Dict[Tuple[int, int], List[Tuple[int, Variation]]] = {}
    for number, variation in variations:
        due.setdefault((variation.moment.number, variation.moment.place), []).append((number, variation))

    def on_call(at: int, place: int, frame: FrameType) -> None:
        live = arguments_of(frame) if (at, place) in due else None
        for number, variation in due.pop((at, place), ()):
            filled = _filled(variation.arguments, live) if live else None
            if filled is not None:
                written = in_child(partial(_send_answer, answer, functions[place], filled), limit)[1]
                send(out, b"%d %s\n" % (number, written.split(b"\n", 1)[0]))
        if not due:
            os._exit(0)

    Watcher(places, on_call).watch(run)
    return {}


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
