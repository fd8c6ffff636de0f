"""Guards that the functions of a file have: a test, and a way out or a default."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from planners.search.python.source import FUNCTIONS, Source, is_docstring

__all__ = ["Guard", "guards_of"]

_MOST_STATEMENTS, _MOST_LINES = 3, 6
_WAYS_OUT = (ast.Return, ast.Raise, ast.Break, ast.Continue)


@dataclass(frozen=True, slots=True)
class Guard:
    """An `if` without `else` in `owner` (the class of its function, or None): a test, and a way out or a default."""

    source: Source
    node: ast.If
    owner: ast.ClassDef | None
    variables: tuple[str, ...]
    """The variables of its function that it reads or binds, in textual order, without `self` and `cls`."""
    raises: str
    """The plain name of the exception that it raises, or empty."""

    @property
    def in_loop(self) -> bool:
        """Whether it fits loops only."""
        return isinstance(self.node.body[-1], ast.Break | ast.Continue)

    @property
    def is_first(self) -> bool:
        """Whether it begins its block, apart from documentation."""
        parent, field = self.source.parents[self.node]
        return self.node is next(node for node in getattr(parent, field) if not is_docstring(node))

    @property
    def bound(self) -> str:
        """The variable that gets a default, or empty."""
        match self.node.body[-1]:
            case ast.Assign(targets=[ast.Name(id=name)]):
                return name
        return ""


def guards_of(source: Source) -> Iterator[Guard]:
    """The guards of a file's functions in textual order."""
    for node in source.parents:
        if (
            isinstance(node, ast.If)
            and not node.orelse
            and _is_guard(node)
            and not source.text.startswith("elif", source.span(node)[0])
        ):
            function = source.function(node)
            if isinstance(function, FUNCTIONS):
                owner = source.parents[function][0]
                yield Guard(
                    source,
                    node,
                    owner if isinstance(owner, ast.ClassDef) else None,
                    _variables(node, _local(function)),
                    _raised(node.body[-1]),
                )


def _is_guard(node: ast.If) -> bool:
    """Whether it is short, and ends with a way out, or gives a tested variable a default."""
    last = node.body[-1]
    if len(node.body) > _MOST_STATEMENTS or (node.end_lineno or 0) - node.lineno >= _MOST_LINES:
        return False
    if isinstance(last, _WAYS_OUT):
        return not any(hasattr(part, "body") for part in node.body)
    match node.body:
        case [ast.Assign(targets=[ast.Name(id=name)])]:
            return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.test))
    return False


def _local(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    names = {part.id for part in ast.walk(function) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return (names | {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}) - {"self", "cls"}


def _variables(node: ast.If, local: set[str]) -> tuple[str, ...]:
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id in local]
    names.sort(key=lambda part: (part.lineno, part.col_offset))
    return tuple(dict.fromkeys(part.id for part in names))


def _raised(last: ast.stmt) -> str:
    match last:
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name
        case ast.Raise(exc=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
    return ""
