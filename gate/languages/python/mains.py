"""Where a program may end its own process: in its main function, and in the commands of a command line."""

from __future__ import annotations

import ast

__all__ = ["FATAL", "SOFT_EXITS", "is_main_guard"]

SOFT_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "builtins.SystemExit"})
"""Exits that the process can catch."""

FATAL = frozenset({"builtins.BaseException", "builtins.GeneratorExit", "builtins.KeyboardInterrupt"})
"""Exceptions that ordinary handlers let through."""


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False
