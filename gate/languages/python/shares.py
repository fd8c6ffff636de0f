"""The parts of a module that code can move between: functions, methods, classes, and statements outside of them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gate.languages.python.literals import COMPARISONS

__all__ = ["Share", "shares_of", "unlike"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Share:
    """A statement, and where it is: the names of the class and of the function or method, as far as there are any."""

    place: tuple[str, ...]
    statement: ast.stmt


def shares_of(statements: Iterable[ast.stmt], around: Sequence[ast.stmt] = ()) -> Iterator[Share]:
    """The parts of some statements inside of definitions. A class is its members, and what it has besides."""
    names = tuple(one.name for one in around if isinstance(one, _DEFINITIONS))[:2]
    inside = len(names) == 2 or (bool(around) and not isinstance(around[0], ast.ClassDef))
    for statement in statements:
        if inside or not isinstance(statement, _DEFINITIONS):
            yield Share(names, statement)
        elif isinstance(statement, ast.ClassDef) and not names:
            shell = copy.copy(statement)
            shell.body = []
            yield Share((statement.name,), shell)
            yield from shares_of(statement.body, [statement])
        else:
            yield Share((*names, statement.name), statement)


def unlike(statements: Iterable[ast.stmt], lines: Sequence[bytes], known: bytes) -> list[ast.stmt]:
    """Statements without those whose lines are, as they are, in a `known` text. `lines` are those of the file."""
    found: list[ast.stmt] = []
    for statement in statements:
        text = b"\n".join(lines[statement.lineno - 1 : statement.end_lineno])
        if b"\n%s\n" % text in known:
            continue
        rest = copy.copy(statement)
        for name in ("body", "orelse", "finalbody") if getattr(statement, "name", "") not in COMPARISONS else ():
            inner = getattr(statement, name, None)
            if isinstance(inner, list):
                setattr(rest, name, unlike(inner, lines, known))
        found.append(rest)
    return found
