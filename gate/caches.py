"""The gate's caches of trees: they speed up pure functions and change no answer."""

from __future__ import annotations

from gate.languages import ANALYZERS
from gate.patch import forget_hashes
from gate.privacy import forget_texts

__all__ = ["forget"]


def forget() -> None:
    """Clear all caches: a session has ended, and the next one has another tree."""
    forget_hashes()
    forget_texts()
    for analyzer in ANALYZERS:
        analyzer.forget()
