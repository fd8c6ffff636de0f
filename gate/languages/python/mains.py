"""Where a program may end its own process: in its main function, and in the commands of a command line."""

from __future__ import annotations

import ast

from gate.languages.mains import is_main

__all__ = ["FATAL", "SOFT_EXITS", "is_main_guard", "is_program"]

SOFT_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "builtins.SystemExit"})
"""Exits that the process can catch."""

FATAL = frozenset({"builtins.BaseException", "builtins.GeneratorExit", "builtins.KeyboardInterrupt"})
"""Exceptions that ordinary handlers let through."""

_COMMANDS = frozenset({"callback", "command", "group"})
_PARSERS = frozenset({"ArgumentParser", "OptionParser", "parse_args", "parse_known_args"})


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def is_program(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is a program or a command of one: by its name, a decorator, or because it parses options."""
    if is_main(function.name) or any(map(_is_command, function.decorator_list)):
        return True
    return any(map(_parses_options, function.body))


def _parses_options(statement: ast.stmt) -> bool:
    """`options = parser.parse_args()`, or a parser that is made."""
    called = getattr(getattr(statement, "value", None), "func", None)
    return getattr(called, "attr", getattr(called, "id", "")) in _PARSERS


def _is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "attr", getattr(called, "id", "")) in _COMMANDS
