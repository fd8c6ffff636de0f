"""Where the time of candidates goes: wall-clock seconds by kind, in memory that a server shares with its forks."""

import contextlib
import mmap
import time
from typing import Dict, Iterator

KINDS = ("compile", "swap", "screened tests", "state", "canaries", "screeners", "forks", "tests in forks", "imports")
"""What takes time: `state` is comparing it and setting it back, `screeners` their start, `forks` all but the tests."""


class Spent:
    """The seconds of each kind since the last plan. A candidate could falsify them: they decide nothing."""

    def __init__(self) -> None:
        self._seconds = memoryview(mmap.mmap(-1, 8 * len(KINDS))).cast("d")

    def reset(self) -> None:
        """Begin again at 0."""
        for place in range(len(KINDS)):
            self._seconds[place] = 0.0

    def add(self, kind: str, seconds: float) -> None:
        """Add to one kind."""
        self._seconds[KINDS.index(kind)] += seconds

    @contextlib.contextmanager
    def on(self, kind: str) -> Iterator[None]:
        """Add the time of a block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(kind, time.monotonic() - began)

    def read(self) -> Dict[str, float]:
        """The seconds by kind."""
        return dict(zip(KINDS, self._seconds))
