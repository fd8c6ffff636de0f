"""What must not leave this machine in a text: credentials, and what identifies or belongs to people.

What is found has a format of its own. A secret in base64, split over several lines or named only by a variable
(`password = "..."`) is not found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property, lru_cache
from io import StringIO
from itertools import islice

from gate.spans import Span

__all__ = ["Excerpts", "cut", "forget_texts", "private_spans"]

_CUT = "[private]"
_MAX_CACHED = 1 << 16


def private_spans(text: str) -> tuple[Span, ...]:
    """Everything private in a text, in order and without overlaps.

    E-mail addresses and phone numbers of those who wrote the code are no secret: none are found in lines about the
    copyright, the licence, authors and maintainers, nor in tables of authors. Placeholders are never found.
    """
    return _cached(text) if len(text) <= _MAX_CACHED else _spans(text)


class Excerpts:
    """Parts of a text, for models: a part has nothing of what is private and goes on outside of it.

    A line of a private key, or the beginning of a token, is no longer like one, and so nothing else would find it.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _private(self) -> tuple[Span, ...]:
        return private_spans(self.text)

    def part(self, start: int, end: int) -> str:
        """The text from `start` up to `end`, with a note in place of what would be cut."""
        parts: list[str] = []
        first = bisect_right(self._private, start, key=lambda span: span.end)
        for span in islice(self._private, first, None):
            if span.start >= end:
                break
            if span.start < start or span.end > end:
                parts += (self.text[start : max(start, span.start)], _CUT)
                start = min(end, span.end)
        return "".join([*parts, self.text[start:end]])

    def lines(self) -> Iterator[str]:
        """Each line as a part, with its end, which is the only character that ends one."""
        if not self._private:
            yield from StringIO(self.text, newline="\n")
            return
        end = 0
        for line in StringIO(self.text, newline="\n"):
            start, end = end, end + len(line)
            part = self.part(start, end)
            yield part if part == line else f"{part.rstrip()}\n"


def cut(text: str, most: int) -> str:
    """The first characters of a text, at most so many, in which nothing private is cut."""
    return text if len(text) <= most else Excerpts(text).part(0, most)


def _spans(text: str) -> tuple[Span, ...]:
    from gate.findings import spans_in  # noqa: PLC0415  # only what is sent to a model needs it

    return spans_in(text)


_cached = lru_cache(maxsize=128)(_spans)


def forget_texts() -> None:
    """Clear the cache of what texts have."""
    _cached.cache_clear()
