"""A limit on what one test may use, enforced by signals: CPU time first, wall-clock time as the backstop."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, Iterator

WALL_FACTOR = 5.0
"""A test that waits instead of computing may take this many times its CPU limit, and never less than a second."""


class LimitReached(BaseException):
    """Raised inside a test that used up its limit; no `except Exception` in the test stops it."""


def _raise(_signum: int, _frame: Any) -> None:
    raise LimitReached("rfsn: the test reached its time limit")


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `LimitReached` in the block once it used `seconds` of CPU time, and again every second after that."""
    handlers = [(signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, wall(seconds))]
    before = [signal.signal(number, _raise) for number, _, _ in handlers]
    for _, timer, limit in handlers:
        signal.setitimer(timer, limit, 1.0)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(handlers, before):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def wall(seconds: float) -> float:
    """The wall-clock backstop that goes with a CPU limit, in seconds."""
    return max(1.0, WALL_FACTOR * seconds)
