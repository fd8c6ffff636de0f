"""What comes of calls, made in forks with limits: a digest to compare, and a text for people to read.

A call that exceeds its limit, ends the process or leaves something behind loses only its own answer: the series
continues in another fork.
"""

import hashlib
import io
import json
import marshal
import os
import signal
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from types import FunctionType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .child import in_child, send
from .describe import described, shortened
from .limits import cap_memory
from .state import TreeState
from .swap import Replacement, put

OBSERVATION_S, WAITING_S = 0.5, 0.25
"""Seconds for one candidate; seconds for a call that waits."""

_CALL_S = 0.05
"""CPU seconds for one call."""

_MOST_ENDED = 4
"""The most calls that may end their process."""

_DAY_S = 24 * 60 * 60
_DIGITS = 5
SHOWN = 160
"""The characters of a call or a result that people are shown."""
_TIMEOUT, ENDED, UNANSWERED = "t", "x", "-"
_IN_WORDS = {_TIMEOUT: "does not end in time", ENDED: "ends the process", UNANSWERED: ""}

Answer = Tuple[str, str]
"""A digest, or a letter that stands for none, and the text."""


class Input(NamedTuple):
    """Plain arguments, serialised so that every call gets its own copy, and the place of the called function."""

    place: int
    arguments: bytes


def answers_to(
    functions: Sequence[FunctionType],
    inputs: Sequence[Input],
    state: Optional[TreeState],
    replacements: Sequence[Replacement] = (),
) -> List[Answer]:
    """The answers to calls with these inputs, one for each."""
    answers: List[Answer] = []
    ended, deadline = 0, time.monotonic() + OBSERVATION_S
    while len(answers) < len(inputs) and ended < _MOST_ENDED and time.monotonic() < deadline:
        calls = _Calls(functions, inputs[len(answers) :], state, deadline)
        answer, written = in_child(partial(calls.make, replacements), OBSERVATION_S)
        answers += read_answers(written)
        if "outcome" in answer:
            answers.append(without_result(_TIMEOUT if answer["outcome"] == "timeout" else ENDED))
            ended += 1
    answers += [without_result(UNANSWERED)] * (len(inputs) - len(answers))
    return answers[: len(inputs)]


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
            answer = answered(self._functions[place], *marshal.loads(arguments))  # noqa: S302  # our own
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
        (signal.SIGALRM, signal.ITIMER_REAL, WAITING_S),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)


def _stop_timers() -> None:
    for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
        signal.setitimer(timer, 0)


def answered(function: FunctionType, positional: List[Any], named: Dict[str, Any]) -> bytes:
    """What comes of a call, as a line."""
    _start_timers()
    digest, text = _answer(function, positional, named)
    _stop_timers()
    return json.dumps([digest, text]).encode()


def _answer(function: FunctionType, positional: List[Any], named: Dict[str, Any]) -> Answer:
    """A digest of the result of a call and its changed arguments, or of its exception, and the beginning in words."""
    before = described([positional, named], alike=True)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), _held_clock():
            result = function(*positional, **named)
            whole = described(result, alike=True, drawn=True)
            text = whole if hasattr(type(result), "__next__") else described(result)
            text = shortened(text, SHOWN)
            after = described([positional, named], alike=True)
            if after != before:
                whole += f" after {after}"
                text += f", and the arguments are then {described([*positional, *named.values()])}"
        kind = "r"
    except BaseException as error:  # noqa: BLE001  # whatever it raises, also to end the process
        kind, whole, text = "e", type(error).__name__, f"raises {type(error).__name__}"
    return kind + hashed(whole), shortened(text, 2 * SHOWN)


@contextmanager
def _held_clock() -> Iterator[None]:
    """The time of day is the beginning of the day for a while, so that patches that are asked one after another agree.

    The clock of `datetime` goes on: it is no function of a module.
    """
    today = int(time.time()) // _DAY_S * _DAY_S
    held = {"time": lambda: float(today), "time_ns": lambda: today * 10**9}
    known = {name: getattr(time, name) for name in held if hasattr(time, name)}  # Python 3.6 has no time_ns
    for name in known:
        setattr(time, name, held[name])
    try:
        yield
    finally:
        for name, clock in known.items():
            setattr(time, name, clock)


def hashed(text: str) -> str:
    """A short digest of a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def read_answers(written: bytes) -> List[Answer]:
    """The answers that a child wrote, as far as they are whole."""
    answers: List[Answer] = []
    for line in written.decode("ascii", "replace").split("\n"):
        try:
            digest, text = json.loads(line)
        except ValueError:  # an empty line, or what a candidate's code wrote
            continue
        answers.append((str(digest), str(text)))
    return answers


def without_result(word: str) -> Answer:
    """The answer for a call of which nothing came, for the reason that a letter stands for."""
    return word, _IN_WORDS[word]
