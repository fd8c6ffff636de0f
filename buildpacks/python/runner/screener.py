"""The child of the quick tier: a fork of the server that tries one candidate after another.

It swaps their code in, runs the rehearsed tests, and swaps the code out. After each candidate it checks the state of
the process, and if anything was left behind, it sends its answers and ends. Answers are sent in groups, each after
canaries; if these show that some state has leaked after all, the group has no answers.

If events can be counted (`counters`), they reveal non-terminating candidates long before these have used up their CPU
time: the current test is ended as in a fork, by raising `LimitReached` from a signal handler.
"""

import json
import mmap
import os
import signal
import struct
import sys
import time
from typing import Any, List, NoReturn, Sequence, Set, Tuple

from .attempt import failure
from .child import send
from .counters import event_counter
from .direct import Ended, arguments_of
from .limits import OVER_LIMIT, LimitReached, cap_memory, wall
from .screen import Answer, Candidate, Screen
from .spent import Spent
from .state import TreeState
from .swap import INVALID, NeedsImport, put

_GROUP = 16
_OTHER_DURING_A_TEST = frozenset(("warnings", "_pytest.assertion.util"))  # pytest itself changes and restores them
_BEYOND_HANDLERS = 1.5  # after this share of its limit in user time, a test is stuck where no handler runs
_SOON_S = 50e-6  # the delay of the signal for a test with too many events
_TIMERS = {
    signal.SIGPROF: signal.ITIMER_PROF,
    signal.SIGALRM: signal.ITIMER_REAL,
    signal.SIGVTALRM: signal.ITIMER_VIRTUAL,
}


class Place:
    """The progress of a screener, in memory shared with its parent: the candidate, and the number of tests begun."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 16)
        self._numbers = struct.Struct("qq")
        self._tests = 0

    def begin_candidate(self, candidate: int) -> None:
        self._numbers.pack_into(self._shared, 0, candidate, self._tests)

    def begin_test(self) -> None:
        self._tests += 1
        self._numbers.pack_into(self._shared, 0, self.candidate, self._tests)

    def read(self) -> Tuple[int, int]:
        candidate, tests = self._numbers.unpack_from(self._shared)
        return candidate, tests

    @property
    def candidate(self) -> int:
        return self.read()[0]


class Screener:
    """The child: tries candidates until one of them leaves something behind."""

    def __init__(self, screen: Screen, writing: int, place: Place) -> None:
        self._screen = screen
        self._writing = writing
        self._spent: Spent = screen.spent
        self._place = place
        self._answers: List[Answer] = []
        self._tests = screen.tests
        self._learned: Set[str] = set()
        self._running = ""
        self._began = time.monotonic()
        self._counted_out = False  # the current test has used up its events
        self._cut = False  # its interruption was requested

    def run(self, candidates: Sequence[Candidate], began: float) -> NoReturn:
        """Try candidates and exit; `began` is when the fork of this process did, on the monotonic clock."""
        try:
            self._myself = os.getpid()
            cap_memory()
            self._counter = event_counter(self._screen.code) if self._screen.events else None
            self._set_up()
            self._spent.add("screeners", time.monotonic() - began)
            for place, candidate in enumerate(candidates):
                self._place.begin_candidate(place)
                answer = self._try(candidate)
                self._answers.append(answer)
                leaked = not self._clean()
                if leaked or len(self._answers) == _GROUP or place + 1 == len(candidates):
                    self._send(sound=not self._screen.others.changed() and (leaked or self._canaries_live()))
                if leaked:
                    break
        finally:
            os._exit(0)

    def _clean(self) -> bool:
        """Set back what was changed; whether everything is as it was."""
        with self._spent.on("state"):
            return not (self._state.changed() and self._state.restore())

    def _set_back(self, id: str) -> bool:
        """Set back what a test changes, which is known once it has run; whether that worked."""
        if id in self._learned:
            return self._state.restore_known()
        self._learned.add(id)
        return self._clean()

    def _set_up(self) -> None:
        """Set up the state that tests set up once, and watch the state after that."""
        self._state = self._screen.state
        if self._screen.lazy.settled:
            for id in self._screen.lazy.settled:
                self._run(id)
            parameters = [arguments_of(item) for item, _ in self._screen.screened.values()]
            self._state = TreeState(self._screen.lazy.folder, parameters)

    def _try(self, candidate: Candidate) -> Answer:
        try:
            replacements = self._screen.replacements(candidate)
        except NeedsImport:
            return None
        except INVALID as error:
            return {"outcome": "invalid", "id": type(error).__name__}
        if any(function.__code__ in self._screen.lazy.code for function, *_ in replacements):
            return None
        with self._spent.on("swap"):
            undo = put(replacements)
        try:
            if self._counter:
                self._counter.watch(replacement.code for replacement in replacements)
            self._began = time.monotonic()
            return self._failure(candidate["probes"])
        except BaseException:  # noqa: BLE001  # also exceptions that would end pytest: a fork has to show how
            return None
        finally:
            self._spent.add("screened tests", time.monotonic() - self._began)
            put(undo)

    def _failure(self, probes: Sequence[str]) -> Answer:
        ended = Ended("missing")
        for id in probes:
            ended = self._ended(id)
            if ended.outcome == "passed":
                break
            if ended.outcome == "timeout":
                return failure(self._screen.screened[id][0], ended)
        else:
            return failure(self._screen.screened[id][0], ended)
        for id in self._tests:
            ended = self._ended(id)
            if ended.outcome != "passed":
                self._tests = [id, *(other for other in self._tests if other != id)]  # others often break it, too
                return failure(self._screen.screened[id][0], ended)
        return None

    def _ended(self, id: str) -> Ended:
        """Run a test. Raises `_Unsure`; may not return if the test exceeds its limit."""
        if id not in self._screen.screened:
            raise _Unsure(id)
        self._place.begin_test()
        ended = self._run(id)
        if ended.exception == "MemoryError":  # less memory is available here than in a fork
            raise _Unsure(id)
        if id in self._screen.unclean and not self._set_back(id):
            raise _Unsure(id)
        return ended

    def _run(self, id: str) -> Ended:
        item, limit = self._screen.screened[id]
        self._running = id
        for number, seconds in (
            (signal.SIGPROF, limit),
            (signal.SIGALRM, wall(limit)),
            (signal.SIGVTALRM, _BEYOND_HANDLERS * limit),
        ):
            signal.signal(number, signal.SIG_DFL if number == signal.SIGVTALRM else self._over_limit)
            signal.setitimer(_TIMERS[number], seconds)
        self._begin_counting(id)
        try:
            ended = self._screen.runner.run_unlimited(item)
        except LimitReached:
            if item not in self._screen.runner.calls:  # the exception bypassed pytest, whose state is now inconsistent
                self._end_here({"outcome": "timeout", "id": id})
            ended = Ended("timeout", LimitReached.__name__)
        finally:
            self._counted_out = False
            if self._counter:
                self._counter.end()
            self._stop_timers()
            if os.getpid() != self._myself:  # a child that the test forked, and that returned here
                os._exit(0)
        if not self._cut:
            return ended
        if ended[:2] != ("timeout", LimitReached.__name__):  # it continued, for whatever reason
            self._end_here({"outcome": "timeout", "id": id})
        return Ended("timeout")

    def _begin_counting(self, id: str) -> None:
        self._counted_out = self._cut = False
        if self._counter and id in self._screen.events:
            self._counter.begin(self._screen.events[id], self._count_out)

    def _count_out(self) -> None:
        """Interrupt the test, if this process runs it and nothing else uses the signal."""
        if os.getpid() == self._myself and signal.getsignal(signal.SIGALRM) == self._over_limit:
            self._counted_out = True
            signal.setitimer(signal.ITIMER_REAL, _SOON_S)

    def _over_limit(self, number: int, _frame: Any) -> None:
        """End the current test: by an exception if it has used up its events, else together with this process."""
        if number == signal.SIGALRM and self._counted_out:
            if self._counter and self._counter.busy:  # an exception would now be raised from the counter
                signal.setitimer(signal.ITIMER_REAL, _SOON_S)
                return
            self._counted_out, self._cut = False, True
            signal.setitimer(signal.ITIMER_REAL, wall(self._screen.screened[self._running][1]))
            raise LimitReached(f"{OVER_LIMIT} of {self._screen.events[self._running]} events")
        # Its wait may have failed because the machine is busy: a fork gives it another chance.
        self._end_here(None if number == signal.SIGALRM else {"outcome": "timeout", "id": self._running})

    def _end_here(self, answer: Answer) -> NoReturn:
        """End, perhaps in the middle of a test: code that catches every exception cannot continue."""
        try:
            if os.getpid() == self._myself:
                self._stop_timers()
                self._spent.add("screened tests", time.monotonic() - self._began)
                sys.setrecursionlimit(sys.getrecursionlimit() + 1000)
                self._answers.append(answer)
                self._send(sound=self._screen.others.changed() <= _OTHER_DURING_A_TEST)
        finally:
            os._exit(0)

    def _stop_timers(self) -> None:
        for timer in _TIMERS.values():
            signal.setitimer(timer, 0)

    def _canaries_live(self) -> bool:
        with self._spent.on("canaries"):
            return all(
                self._run(id)[:2] == expected and (id not in self._screen.unclean or self._clean())
                for id, expected in self._screen.canaries.items()
            )

    def _send(self, *, sound: bool) -> None:
        answers = self._answers if sound else [None] * len(self._answers)
        send(self._writing, json.dumps(answers).encode() + b"\n")
        self._answers = []


class _Unsure(Exception):
    """A fork has to show how this test ends."""
