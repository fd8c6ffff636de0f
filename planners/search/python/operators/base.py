"""The basis of Python's edit operators: sites in the tree, and replacements for their texts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import EllipsisType

from gate import Patch
from planners.search.language import Operator, Replacement, TextEdit
from planners.search.python.precedence import ATOM, TEST, precedence, required
from planners.search.python.scope import Scope
from planners.search.python.source import Source

__all__ = ["PythonOperator", "Site", "parse_expression"]

_NEW_OBJECTS = (
    *(ast.Constant, ast.JoinedStr, ast.BinOp, ast.UnaryOp, ast.Lambda),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A node of the tree at which operators may apply (`planners.search.language.Site`)."""

    source: Source
    node: ast.expr | ast.stmt | ast.excepthandler

    @property
    def parent(self) -> ast.AST:
        """The node that contains the site."""
        return self.source.parents[self.node][0]

    @property
    def field(self) -> str:
        """The field of the parent that contains the site."""
        return self.source.parents[self.node][1]

    @property
    def line(self) -> int:
        """The line on which the node begins."""
        return self.node.lineno

    @property
    def statement_line(self) -> int:
        """The line on which the statement around an expression begins."""
        statement = self.source.statement(self.node)
        return statement.lineno if statement else self.node.lineno

    @property
    def location(self) -> str:
        """`path:line`."""
        return f"{self.source.path}:{self.node.lineno}"

    def matches(self, nodes: tuple[type[ast.AST], ...]) -> bool:
        """Whether the node is of one of these classes."""
        return isinstance(self.node, nodes)

    def region(self, *, block: bool) -> ast.AST | None:
        """The statement or handler around the node; for edits of a block the function, or the module."""
        if not block:
            return self.source.statement(self.node)
        return None if isinstance(self.node, ast.expr) else self.source.function(self.node)

    def patch(self, replacement: Replacement) -> Patch:
        """A replacement as a patch of the file.

        Raises `ValueError` for edits that overlap, and for text that the file's encoding cannot represent.
        """
        return self.source.patch(replacement.edits) + replacement.also

    def text(self, node: ast.expr | None = None, level: int = TEST) -> str:
        """The text of a node (the site's own by default) for a place that requires the precedence `level`."""
        if node is None:
            assert isinstance(self.node, ast.expr)
            node = self.node
        segment = self.source.segment(node)
        return segment if precedence(node) >= level else f"({segment})"

    def atom(self, node: ast.expr | None = None) -> str:
        """The text of a node, with parentheses if `.name` or `[0]` could not follow it otherwise."""
        return self.text(node, ATOM)

    def put(self, text: str, node: ast.expr | None = None, *, weight: float = 1.0) -> Iterator[Replacement]:
        """Put an expression in the place of a node, with parentheses if its precedence requires them."""
        if node is None:
            assert isinstance(self.node, ast.expr)
            node = self.node
        parsed = parse_expression(text)
        in_braces = isinstance(self.source.parents[node][0], ast.FormattedValue)
        if parsed is None or (in_braces and text.startswith("{")) or _is_identity_of_a_value(parsed, self.source, node):
            return
        start, end = self.source.span(node)
        enclosed = self.source.text[start - 1 : start] == "(" and self.source.text[end : end + 1] == ")"
        if precedence(parsed) < required(*self.source.parents[node]) and not enclosed:
            text = f"({text})"
        yield Replacement((TextEdit(start, end, text),), weight)

    def edit(self, start: int, end: int, text: str, *, weight: float = 1.0) -> Replacement:
        """Change a piece of the text inside the site's statement."""
        return Replacement((TextEdit(start, end, text),), weight)

    def lines(self, start: int, end: int, text: str, *, weight: float = 1.0) -> Replacement:
        """Change whole lines."""
        return Replacement((TextEdit(start, end, text),), weight, block=True)


def _is_identity_of_a_value(parsed: ast.expr, source: Source, node: ast.expr) -> bool:
    """Whether it would compare a value that is made on the spot with `is`: which object that is, is no condition."""
    parent = source.parents[node][0]
    if not isinstance(parent, ast.Compare) or not isinstance(parsed, _NEW_OBJECTS):
        return False
    single = isinstance(parsed, ast.Constant) and isinstance(parsed.value, bool | EllipsisType | None)
    return not single and any(isinstance(operator, ast.Is | ast.IsNot) for operator in parent.ops)


@dataclass(frozen=True, slots=True)
class PythonOperator(Operator):
    """An edit operator for Python. `nodes` are classes of `ast`; `frequency` is from `frequencies`."""

    nodes: tuple[type[ast.AST], ...]
    expand: Callable[[Site, Scope], Iterator[Replacement]]
    language: str = field(default="python", kw_only=True)


@lru_cache(maxsize=2048)
def parse_expression(text: str) -> ast.expr | None:
    """The tree of an expression; None if the text is not one."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
