"""What the gate remembers of trees, to be quick: caches of pure functions, which change no answer."""

from __future__ import annotations

from gate.languages import ANALYZERS
from gate.patch import forget_hashes

__all__ = ["forget"]


def forget() -> None:
    """Let go of all of it: a session has ended, and the next one is about another tree."""
    forget_hashes()
    for analyzer in ANALYZERS:
        analyzer.forget()
