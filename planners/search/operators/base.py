"""What an edit operator is: a kind of fix with its frequency, and the replacements that it makes at a site."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from planners.search.render import ATOM, TEST, precedence, required
from planners.search.scope import Scope
from planners.search.source import Source

__all__ = ["Operator", "Replacement", "Site", "TextEdit", "parse_expression"]


class TextEdit(NamedTuple):
    """Replace the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


class Replacement(NamedTuple):
    """One edit of the source. `weight` (0 to 1) says how likely it is beside the operator's best.

    Edits of a `block` add, remove or move whole statements; the others stay inside one statement.
    """

    edits: tuple[TextEdit, ...]
    weight: float = 1.0
    block: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A node of the tree that an operator is asked about."""

    source: Source
    node: ast.expr | ast.stmt | ast.excepthandler

    @property
    def parent(self) -> ast.AST:
        """The node that holds the site."""
        return self.source.parents[self.node][0]

    @property
    def field(self) -> str:
        """The field of the parent that holds the site."""
        return self.source.parents[self.node][1]

    def text(self, node: ast.expr | None = None, level: int = TEST) -> str:
        """The text of a node (the site's own by default) for a place that asks for `level`."""
        if node is None:
            assert isinstance(self.node, ast.expr)
            node = self.node
        segment = self.source.segment(node)
        return segment if precedence(node) >= level else f"({segment})"

    def atom(self, node: ast.expr | None = None) -> str:
        """The text of a node such that `.name` or `[0]` may follow."""
        return self.text(node, ATOM)

    def put(self, text: str, node: ast.expr | None = None, *, weight: float = 1.0) -> Iterator[Replacement]:
        """Put an expression in the place of a node, with parentheses where its precedence asks for them."""
        if node is None:
            assert isinstance(self.node, ast.expr)
            node = self.node
        parsed = parse_expression(text)
        in_braces = isinstance(self.source.parents[node][0], ast.FormattedValue)
        if parsed is None or (in_braces and text.startswith("{")):
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


type Expand = Callable[[Site, Scope], Iterator[Replacement]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of fix.

    `frequency` is the percentage of single-statement fixes of this kind (see `frequencies`); `sites` and `options` are
    how many places a function of usual size has for it, and how many replacements each of them. Together they say how
    likely one replacement is.
    """

    id: str
    frequency: float
    sites: int
    options: int
    nodes: tuple[type[ast.AST], ...]
    expand: Expand
    width: int = 0

    @property
    def prior(self) -> float:
        """The likelihood of the operator's best replacement at one site."""
        return self.frequency / 100 / (self.sites * self.options)


@lru_cache(maxsize=2048)
def parse_expression(text: str) -> ast.expr | None:
    """The tree of an expression; None where the text is none."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
