"""The most recently used results of parsing, bounded by the size of what was parsed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

__all__ = ["Recent"]

_MAX_CACHED, _LEAST_CACHED = 1 << 20, 2


class Recent[Parsed]:
    """The results for the last two contents, and for more while all together have at most `_MAX_CACHED` bytes.

    Trees take about twenty times that.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[bytes, Parsed] = OrderedDict()
        self._bytes = 0

    def get(self, content: bytes, make: Callable[[bytes], Parsed]) -> Parsed:
        """The result for a content, from the cache or made now."""
        with self._lock:
            if content in self._known:
                self._known.move_to_end(content)
                return self._known[content]
        made = make(content)
        with self._lock:
            if content not in self._known:
                self._known[content] = made
                self._bytes += len(content)
            while self._bytes > _MAX_CACHED and len(self._known) > _LEAST_CACHED:
                self._bytes -= len(self._known.popitem(last=False)[0])
        return made

    def forget(self) -> None:
        """Clear the cache."""
        with self._lock:
            self._known.clear()
            self._bytes = 0
