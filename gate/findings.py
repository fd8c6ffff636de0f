"""Everything private in a text: what `gate.privacy` finds. Its expressions take a while to compile."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from gate.credentials import credentials
from gate.numbers import bank_accounts, cards, phones
from gate.spans import PLACEHOLDER, PrivateKind, Span

__all__ = ["spans_in"]

_MAX_TABLE = 10_000

_ORDER = {kind: at for at, kind in enumerate(PrivateKind)}
_PERSONAL = frozenset({PrivateKind.EMAIL, PrivateKind.PHONE})

# Templates such as {password}, $PASSWORD or %s are no passwords.
_PASSWORD_IN_URL = re.compile(r"://[^\s/:@\"'<>]{0,100}:(?![{$%<*])([^\s/@\"'<>]{1,200})@")
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![^\W\d_])")
_LOCAL_PART = re.compile(r"(?:\\[nrt])?[.%+-]*(?<!\\)(\w[\w.%+-]{0,63})\Z")

_LICENCE = re.compile(
    r"copyright|\(c\) *\d|\N{COPYRIGHT SIGN}|licen[cs]e|spdx|(?<![a-z])(?:authors?|maintainers?)(?![a-z])",
    re.IGNORECASE,
)
_TABLE_OF_AUTHORS = re.compile(r"^[ \t\"']*(?:authors|maintainers)[\"']?\s*[=:]\s*\[", re.IGNORECASE | re.MULTILINE)


def spans_in(text: str) -> tuple[Span, ...]:
    """Every span, in order and without overlaps."""
    found = [Span(start, end, PrivateKind.CREDENTIAL) for start, end, _ in credentials(text)]
    found += [Span(*match.span(1), PrivateKind.CREDENTIAL) for match in _PASSWORD_IN_URL.finditer(text)]
    found += [Span(*span, PrivateKind.IBAN) for span in bank_accounts(text)]
    found += [Span(*span, PrivateKind.CARD) for span in cards(text)]
    personal = [Span(*span, PrivateKind.EMAIL) for span in _addresses(text)]
    personal += [Span(*span, PrivateKind.PHONE) for span in phones(text)]
    if personal:
        found += _outside(personal, _credits(text, personal))
    merged = _merged(found)
    if merged and "REDACTED_" in text:
        pieces = _outside(merged, (match.span() for match in PLACEHOLDER.finditer(text)), cut=True)
        merged = [span for span in pieces if any(map(str.isalnum, text[span.start : span.end]))]
    return tuple(merged)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _DOMAIN.finditer(text):
        start = max(0, match.start() - 68)
        if local := _LOCAL_PART.search(text[start : match.start()]):
            yield start + local.start(1), match.end()


def _credits(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """The lines of these spans, and the tables, that say whose the code is."""
    for span in spans:
        start, end = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.end)
        end = len(text) if end < 0 else end
        if _LICENCE.search(text, start, end):
            yield start, end
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
