"""Which names are like a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

__all__ = ["alike", "likeness"]

_LEAST, _WORTH_IT = 0.6, 0.5
_MOST = 8
_LONGEST = 100


def likeness(name: str, other: str) -> float:
    """How much alike two names are, from 0 to 1, whatever their case (Ratcliff and Obershelp, as in `difflib`)."""
    if max(len(name), len(other)) > _LONGEST:
        return 0.0
    first, second = name.lower(), other.lower()
    if first.replace("_", "") == second.replace("_", ""):
        return 1.0
    matcher = SequenceMatcher(None, first, second)
    return matcher.ratio() if matcher.quick_ratio() >= _WORTH_IT else 0.0


def alike(name: str, others: Iterable[str]) -> list[tuple[str, float]]:
    """The names most like this one, without itself, each with its likeness; the most alike first."""
    scored = ((other, likeness(name, other)) for other in dict.fromkeys(others) if other != name)
    return sorted((pair for pair in scored if pair[1] >= _LEAST), key=lambda pair: -pair[1])[:_MOST]
