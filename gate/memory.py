"""What the rules remember of trees, to be quick: caches of pure functions, which change no answer."""

from __future__ import annotations

from gate.languages.python.module import forget_modules
from gate.patch import forget_hashes
from gate.rules.answers import forget_texts
from gate.rules.dependencies import forget_trees

__all__ = ["forget"]


def forget() -> None:
    """Let go of all of it: a session has ended, and the next one is about another tree."""
    for one in (forget_hashes, forget_modules, forget_texts, forget_trees):
        one()
