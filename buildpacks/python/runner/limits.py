"""A limit on what one test may use, enforced by signals: CPU time first, wall-clock time as the backstop."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, Iterator, List

WALL_FACTOR = 5.0
"""A test that waits instead of computing may take this many times its CPU limit, and never less than a second."""


OVER_LIMIT = "rfsn: over the limit"
"""How every message begins that tells of a test over its limit."""


class LimitReached(BaseException):
    """Raised inside a test that used up its limit; no `except Exception` in the test stops it."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[List[bool]]:
    """Raise `LimitReached` in the block once it used `seconds` of CPU time, and again every second after that.

    The list that it gives is empty until then: a block may well catch what is raised.
    """
    reached: List[bool] = []

    def _raise(_signum: int, _frame: Any) -> None:
        reached.append(True)
        raise LimitReached(f"{OVER_LIMIT} of {seconds:g} s")

    handlers = [(signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, wall(seconds))]
    before = [signal.signal(number, _raise) for number, _, _ in handlers]
    for _, timer, limit in handlers:
        signal.setitimer(timer, limit, 1.0)
    try:
        yield reached
    finally:
        for (number, timer, _), handler in zip(handlers, before):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def wall(seconds: float) -> float:
    """The wall-clock backstop that goes with a CPU limit, in seconds."""
    return max(1.0, WALL_FACTOR * seconds)
