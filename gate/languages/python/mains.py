"""Where a program may end its own process: in its main function, and in the commands of a command line."""

from __future__ import annotations

import ast

__all__ = ["FATAL", "SOFT_EXITS", "is_main", "is_main_guard"]

SOFT_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "builtins.SystemExit"})
"""Exits that the process can catch."""

FATAL = frozenset({"builtins.BaseException", "builtins.GeneratorExit", "builtins.KeyboardInterrupt"})
"""Exceptions that ordinary handlers let through."""

_WORDS = ("main", "cli", "run", "handle", "command", "execute", "cmd", "exit", "quit", "usage", "error", "fail", "die")


def is_main(function: str) -> bool:
    """Whether a function is, by its name, a main program or one of its commands, which may end the process."""
    return any(word in _WORDS for word in function.lower().strip("_").split("_"))


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False
