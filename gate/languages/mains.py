"""Where a program of any language may end its own process, by the name of a function."""

from __future__ import annotations

import re

__all__ = ["is_main"]

_WORDS = frozenset({
    "main", "cli", "run", "handle", "command", "execute", "cmd", "exit", "quit", "usage", "error", "fail", "die",
})  # fmt: skip
_PART = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


def is_main(function: str) -> bool:
    """Whether a function is, by its name, a main program or one of its commands, which may end the process."""
    return any(part.lower() in _WORDS for part in _PART.findall(function))
