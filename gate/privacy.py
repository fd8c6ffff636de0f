"""What must not leave this machine in a text: credentials, and what identifies or belongs to people.

What is found has a format of its own. A secret in base64, split over several lines or named only by a variable
(`password = "..."`) is not found.
"""

from __future__ import annotations

from functools import lru_cache

from gate.spans import Span

__all__ = ["forget_texts", "private_spans"]

_MAX_CACHED = 1 << 16


def private_spans(text: str) -> tuple[Span, ...]:
    """Everything private in a text, in order and without overlaps.

    E-mail addresses and phone numbers of those who wrote the code are no secret: none are found in lines about the
    copyright, the licence, authors and maintainers, nor in tables of authors. Placeholders are never found.
    """
    return _cached(text) if len(text) <= _MAX_CACHED else _spans(text)


def _spans(text: str) -> tuple[Span, ...]:
    from gate.findings import spans_in  # noqa: PLC0415  # only what is sent to a model needs it

    return spans_in(text)


_cached = lru_cache(maxsize=128)(_spans)


def forget_texts() -> None:
    """Clear the cache of what texts have."""
    _cached.cache_clear()
