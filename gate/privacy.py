"""What must not leave this machine in a text: credentials, and what identifies or belongs to people.

What is found has a format of its own. A secret in base64, split over several lines or named only by a variable
(`password = "..."`) is not found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property, lru_cache
from io import StringIO
from itertools import islice
from typing import NamedTuple

from gate.credentials import credentials
from gate.numbers import bank_accounts, cards, phones

__all__ = ["PLACEHOLDER", "Excerpts", "PrivateKind", "Span", "cut", "forget_texts", "private_spans"]

PLACEHOLDER = re.compile(r"REDACTED_[A-Z]{4,10}_[0-9a-f]{6,64}")
"""What stands for a private text that was redacted."""

_CUT = "[private]"
_MAX_CACHED = 1 << 16
_MAX_TABLE = 10_000


class PrivateKind(StrEnum):
    """What a private text is. Where two overlap, both become the one that is listed first."""

    CREDENTIAL = "credential"
    IBAN = "iban"
    CARD = "card"
    EMAIL = "email"
    PHONE = "phone"


class Span(NamedTuple):
    """Where a text has something private."""

    start: int
    end: int
    kind: PrivateKind


_ORDER = {kind: at for at, kind in enumerate(PrivateKind)}
_PERSONAL = frozenset({PrivateKind.EMAIL, PrivateKind.PHONE})

# Templates such as {password}, $PASSWORD or %s are no passwords.
_PASSWORD_IN_URL = re.compile(r"://[^\s/:@\"'<>]{0,100}:(?![{$%<*])([^\s/@\"'<>]{1,200})@")
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![^\W\d_])")
_LOCAL_PART = re.compile(r"(?:\\[nrt])?[.%+-]*(?<!\\)(\w[\w.%+-]{0,63})\Z")

_LICENCE = re.compile(
    r"^.*(?:copyright|\(c\) *\d|\N{COPYRIGHT SIGN}|licen[cs]e|spdx|(?<![a-z])(?:authors?|maintainers?)(?![a-z])).*$",
    re.IGNORECASE | re.MULTILINE,
)
_TABLE_OF_AUTHORS = re.compile(r"^[ \t\"']*(?:authors|maintainers)[\"']?\s*[=:]\s*\[", re.IGNORECASE | re.MULTILINE)


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
        end = 0
        for line in StringIO(self.text, newline="\n"):
            start, end = end, end + len(line)
            part = self.part(start, end)
            yield part if part == line else f"{part.rstrip()}\n"


def cut(text: str, most: int) -> str:
    """The first characters of a text, at most so many, in which nothing private is cut."""
    return text if len(text) <= most else Excerpts(text).part(0, most)


def _spans(text: str) -> tuple[Span, ...]:
    found = [Span(start, end, PrivateKind.CREDENTIAL) for start, end, _ in credentials(text)]
    found += [Span(*match.span(1), PrivateKind.CREDENTIAL) for match in _PASSWORD_IN_URL.finditer(text)]
    found += [Span(*span, PrivateKind.IBAN) for span in bank_accounts(text)]
    found += [Span(*span, PrivateKind.CARD) for span in cards(text)]
    personal = [Span(*span, PrivateKind.EMAIL) for span in _addresses(text)]
    personal += [Span(*span, PrivateKind.PHONE) for span in phones(text)]
    if personal:
        found += _outside(personal, _credits(text))
    merged = _merged(found)
    if merged and "REDACTED_" in text:
        pieces = _outside(merged, (match.span() for match in PLACEHOLDER.finditer(text)), cut=True)
        merged = [span for span in pieces if any(map(str.isalnum, text[span.start : span.end]))]
    return tuple(merged)


_cached = lru_cache(maxsize=128)(_spans)


def forget_texts() -> None:
    """Clear the cache of what texts have."""
    _cached.cache_clear()


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _DOMAIN.finditer(text):
        start = max(0, match.start() - 68)
        if local := _LOCAL_PART.search(text[start : match.start()]):
            yield start + local.start(1), match.end()


def _credits(text: str) -> Iterator[tuple[int, int]]:
    """The lines and tables that say whose the code is."""
    yield from (match.span() for match in _LICENCE.finditer(text))
    covered = 0
    for match in _TABLE_OF_AUTHORS.finditer(text):
        depth, at = 1, match.end()
        while match.start() >= covered and depth and at < min(len(text), match.end() + _MAX_TABLE):
            depth += {"[": 1, "]": -1}.get(text[at], 0)
            at += 1
        covered = max(covered, at)
        if not depth:
            yield match.start(), at


def _outside(spans: Iterable[Span], areas: Iterable[tuple[int, int]], *, cut: bool = False) -> Iterator[Span]:
    """The spans that overlap no area, or if they are to be `cut`: what of them is outside."""
    known: list[tuple[int, int]] = []
    for start, end in sorted(areas):
        if known and start < known[-1][1]:
            known[-1] = (known[-1][0], max(known[-1][1], end))
        else:
            known.append((start, end))
    ends = [end for _, end in known]
    for start, end, kind in spans:
        at, left = bisect_right(ends, start), start
        while at < len(known) and known[at][0] < end:
            if cut and left < known[at][0]:
                yield Span(left, known[at][0], kind)
            left = known[at][1] if cut else end
            at += 1
        if left < end:
            yield Span(left, end, kind)


def _merged(spans: list[Span]) -> list[Span]:
    """One span for those that overlap, so that no part of any stays."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            kind = min(last.kind, span.kind, key=_ORDER.__getitem__)
            merged[-1] = Span(last.start, max(last.end, span.end), kind)
        elif span.start < span.end:
            merged.append(span)
    return merged
