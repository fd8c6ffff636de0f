"""The behaviour of a candidate on inputs that no test has: digests to compare candidates, and texts for people to read.

The inputs are the same for every candidate of a plan: recorded ones of the functions that the targets call, and changed
ones. Calls are made in a fork of the server. A call that exceeds its limit, ends the process or leaves something behind
loses only its own digest: the series continues in another fork.
"""

import hashlib
import io
import json
import marshal
import os
import random
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from itertools import islice
from types import FunctionType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .attempt import Limited, Runner
from .calls import Arguments, CallRecorder, Recorded
from .child import in_child, send
from .describe import described, described_call, shortened
from .inputs import inputs_like
from .limits import cap_memory
from .moments import Caller, Variation, moments_of, variations_of
from .state import TooMuchState, TreeState
from .swap import Replacement, put

MOST_INPUTS, MOST_VARIATIONS = 96, 32

_SEED = 0
_MOST_FUNCTIONS = 6
_MOST_TESTS = 32
_RECORDING_S, _ONE_TEST_S = 0.3, 0.1
"""CPU seconds for everything and for one test."""

_OBSERVATION_S, _CALL_S, _WAITING_S = 0.5, 0.05, 0.25
"""Seconds for one candidate; CPU seconds for one call, and seconds for a call that waits instead."""

_MOST_ENDED = 4
"""The most calls that may end their process."""

_DIGITS = 5
_SHOWN = 160
"""The characters of a call or a result that people are shown."""
_TIMEOUT, _ENDED, _UNANSWERED = "t", "x", "-"
_IN_WORDS = {_TIMEOUT: "does not end in time", _ENDED: "ends the process", _UNANSWERED: ""}

Behaviour = Dict[str, List[str]]
"""What an `observe` is answered with, see `buildpacks/warm.py`."""


class Input(NamedTuple):
    """Plain arguments, serialised so that every call gets its own copy, and the place of the called function."""

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
        """Record the tests' calls of the functions outside of `sources`, the files of the tests themselves."""
        self._functions = functions
        self._runner = runner
        self._tests = [*targets, *tests[:_MOST_TESTS]]
        recorded = _recorded(functions, runner, sources, targets, tests)
        self._sources = sources
        moments, reached = moments_of(functions, sources, runner, self._tests)
        self._reached = {id(functions[place]) for place in recorded.reached | reached}
        self._inputs = _inputs(recorded.calls)
        named = [(functions[call.place].__qualname__, call.arguments) for call in self._inputs]
        loaded = ((name, marshal.loads(arguments)) for name, arguments in named)  # noqa: S302  # our own
        self._calls = [described_call(name, arguments, _SHOWN) for name, arguments in loaded]
        self._variations: List[Variation] = []
        chance = random.Random(_SEED)  # noqa: S311  # the same every time
        self._variations = self._stable(variations_of(moments, MOST_VARIATIONS, chance))
        varied = [variation.shown(functions[variation.moment.place].__qualname__) for variation in self._variations]
        self._calls += [shortened(text, 2 * _SHOWN) for text in varied]
        self._series = "i" + _hashed(repr((named, varied)))
        try:
            self._state: Optional[TreeState] = TreeState(folder, ())
        except TooMuchState:
            self._state = None

    def observe(self, replacements: Sequence[Replacement]) -> Behaviour:
        """The name of the series, and a digest for each input; empty if no input reaches a replaced function."""
        if not any(id(function) in self._reached for function, _ in replacements):
            return {"behaviour": []}
        answers: List[Tuple[str, str]] = []
        ended, deadline = 0, time.monotonic() + _OBSERVATION_S
        while len(answers) < len(self._inputs) and ended < _MOST_ENDED and time.monotonic() < deadline:
            calls = _Calls(self._functions, self._inputs[len(answers) :], self._state, deadline)
            answer, written = in_child(partial(calls.make, replacements), _OBSERVATION_S)
            answers += _read(written)
            if "outcome" in answer:
                answers.append(_without_result(_TIMEOUT if answer["outcome"] == "timeout" else _ENDED))
                ended += 1
        answers += [_without_result(_UNANSWERED)] * (len(self._inputs) - len(answers))
        answers = answers[: len(self._inputs)] + self._varied(self._variations, replacements)
        digests, texts = [digest for digest, _ in answers], [text for _, text in answers]
        return {"behaviour": [self._series, *digests], "calls": self._calls, "answers": texts}

    def _stable(self, variations: Sequence[Variation]) -> List[Variation]:
        """Those to which the base gives the same answer twice."""
        first, second = (self._varied(variations, ()) for _ in range(2))
        return [one for one, left, right in zip(variations, first, second) if left == right]

    def _varied(self, variations: Sequence[Variation], replacements: Sequence[Replacement]) -> List[Tuple[str, str]]:
        """The answers to calls that tests make, in order."""
        answers = [_without_result(_UNANSWERED)] * len(variations)
        deadline = time.monotonic() + _OBSERVATION_S
        for test in sorted({variation.moment.test for variation in variations}):
            if time.monotonic() > deadline:
                break
            own = [(number, one) for number, one in enumerate(variations) if one.moment.test == test]
            written = in_child(partial(self._vary, own, replacements), _OBSERVATION_S)[1]
            for line in written.split(b"\n"):
                number, _, answer = line.partition(b" ")
                if number.isdigit() and int(number) < len(answers):
                    answers[int(number)] = (_read(answer) or [_without_result(_ENDED)])[0]
        return answers

    def _vary(
        self, variations: Sequence[Tuple[int, Variation]], replacements: Sequence[Replacement], out: int
    ) -> Dict[str, Any]:
        item, limit = self._tests[variations[0][1].moment.test]
        cap_memory()
        put(replacements)
        caller = Caller(self._functions, self._sources, variations, _answered, _WAITING_S, out)
        caller.watch(partial(self._runner.run, item, limit))
        return {}


def _recorded(
    functions: Sequence[FunctionType],
    runner: Runner,
    sources: Set[str],
    targets: Sequence[Limited],
    tests: Sequence[Limited],
) -> Recorded:
    """The calls of the targets, and calls of the same functions by some other tests."""
    ours = {place for place, function in enumerate(functions) if function.__code__.co_filename not in sources}
    recorded = Recorded()
    recorded.read(_watched(functions, runner, ours, targets))
    if recorded.calls:
        recorded.calls = dict(islice(recorded.calls.items(), _MOST_FUNCTIONS))
        recorded.read(_watched(functions, runner, set(recorded.calls), tests[:_MOST_TESTS]))
    return recorded


def _watched(functions: Sequence[FunctionType], runner: Runner, wanted: Set[int], tests: Sequence[Limited]) -> bytes:
    """The output of a recorder while tests run."""

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
        Input(place, marshal.dumps(arguments))
        for place, recorded in calls.items()
        for arguments in inputs_like(recorded, share, chance)
    ]


class _Calls:
    """The child's part: calls with some of the inputs, until one call leaves something behind."""

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
        """Write a line for each call. Does not return if one of them exceeds its limit."""
        myself = os.getpid()
        cap_memory()
        put(replacements)
        for place, arguments in self._inputs:
            answer = _answered(self._functions[place], *marshal.loads(arguments))  # noqa: S302  # our own
            if os.getpid() != myself:  # a child that the call forked
                os._exit(0)
            send(out, answer + b"\n")
            if self._state is None or self._state.changed() or time.monotonic() > self._deadline:
                break
        return {}


def _start_timers() -> None:
    """The signals end the process at any point: nothing catches them."""
    for number, timer, seconds in (
        (signal.SIGPROF, signal.ITIMER_PROF, _CALL_S),
        (signal.SIGALRM, signal.ITIMER_REAL, _WAITING_S),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)


def _stop_timers() -> None:
    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)


def _answered(function: FunctionType, positional: List[Any], named: Dict[str, Any]) -> bytes:
    """What comes of a call, as a line."""
    _start_timers()
    digest, text = _answer(function, positional, named)
    _stop_timers()
    return json.dumps([digest, text]).encode()


def _answer(function: FunctionType, positional: List[Any], named: Dict[str, Any]) -> Tuple[str, str]:
    """A digest of the result of a call and its changed arguments, or of its exception, and the beginning in words."""
    before = described([positional, named], alike=True)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            result = function(*positional, **named)
            whole = described(result, alike=True, drawn=True)
            text = whole if hasattr(type(result), "__next__") else described(result)
            text = shortened(text, _SHOWN)
            after = described([positional, named], alike=True)
            if after != before:
                whole += f" after {after}"
                text += f", and the arguments are then {described([*positional, *named.values()])}"
        kind = "r"
    except BaseException as error:  # noqa: BLE001  # whatever it raises, also to end the process
        kind, whole, text = "e", type(error).__name__, f"raises {type(error).__name__}"
    return kind + _hashed(whole), shortened(text, 2 * _SHOWN)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _read(written: bytes) -> List[Tuple[str, str]]:
    """The answers that a child wrote, as far as they are whole."""
    answers: List[Tuple[str, str]] = []
    for line in written.decode("ascii", "replace").split("\n"):
        try:
            digest, text = json.loads(line)
        except ValueError:  # an empty line, or what a candidate's code wrote
            continue
        answers.append((str(digest), str(text)))
    return answers


def _without_result(word: str) -> Tuple[str, str]:
    return word, _IN_WORDS[word]
