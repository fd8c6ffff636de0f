"""The ingredients of edits: expressions, statements, attributes, constants, words of a function and its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cached_property

from planners.search.python.source import Function, Source, is_docstring

__all__ = ["Ingredients"]

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\w.])(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?(?![\w.]*\w)")
_QUOTED = re.compile(r"""'([^'\n]{1,24})'|"([^"\n]{1,24})\"""")


class Ingredients:
    """The ingredients in one function (or in the module's own statements) and its file, in a fixed order."""

    def __init__(self, source: Source, function: Function, nodes: Sequence[ast.AST]) -> None:
        """`nodes` are the function's own, without the nodes of nested functions."""
        self._source, self._function, self._nodes = source, function, nodes

    @cached_property
    def constants(self) -> tuple[str, ...]:
        """The numbers and strings of the function as text, docstrings left out."""
        texts: dict[str, None] = {}
        for node in self._nodes:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, int | float | str)
                and node.value not in {0, 1}
            ):
                parent = self._source.parents[node][0]
                if not isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue):
                    texts[self._source.segment(node)] = None
        return tuple(texts)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word of the file's text, comments and documentation included."""
        return tuple(dict.fromkeys(_WORD.findall(self._source.text)))

    @cached_property
    def documented(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The numbers, and the quoted texts, in the documentation of the function or of the module."""
        text = ast.get_docstring(self._function) or ""
        quoted = (quote for pair in _QUOTED.findall(text) for quote in pair if quote)
        return tuple(dict.fromkeys(_NUMBER.findall(text))), tuple(dict.fromkeys(quoted))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Attributes of the file that are not called; attributes in the function come first."""
        return self._attributes(called=False)

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Methods that the file calls; methods in the function come first."""
        return self._attributes(called=True)

    def _attributes(self, *, called: bool) -> tuple[str, ...]:
        names: dict[str, None] = {}
        scopes = [self._nodes, self._source.parents]
        for nodes in scopes:
            for node in nodes:
                if isinstance(node, ast.Attribute) and self.is_called(node) == called:
                    names[node.attr] = None
        return tuple(names)

    def is_called(self, node: ast.expr) -> bool:
        """Whether a node is the function of a call."""
        return self._source.parents[node][1] == "func"

    @cached_property
    def expressions(self) -> tuple[ast.expr, ...]:
        """The function's loaded expressions other than names and constants, each text once."""
        by_text: dict[str, ast.expr] = {}
        for node in self._nodes:
            if isinstance(node, ast.expr) and _is_ingredient(node) and self._source.parents[node][1] != "annotation":
                by_text.setdefault(self._source.segment(node), node)
        return tuple(by_text.values())

    @cached_property
    def file_expressions(self) -> tuple[ast.expr, ...]:
        """The same for the whole file."""
        by_text: dict[str, ast.expr] = {}
        for node, (_, field) in self._source.parents.items():
            if isinstance(node, ast.expr) and _is_ingredient(node) and field not in {"annotation", "returns"}:
                by_text.setdefault(self._source.segment(node), node)
        return tuple(by_text.values())

    @cached_property
    def statements(self) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
        """The simple statements in the functions of the file, each text once, with the names it reads and binds."""
        by_text: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        for node, (parent, _) in self._source.parents.items():
            if (
                isinstance(node, _SIMPLE)
                and not isinstance(parent, ast.Module | ast.ClassDef)
                and not is_docstring(node)
            ):
                start, end = self._source.span(node)
                text = self._source.text[start:end]
                if text not in by_text and "\n" not in text and "\r" not in text:
                    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
                    bound = frozenset(name.id for name in names if isinstance(name.ctx, ast.Store))
                    by_text[text] = frozenset(name.id for name in names) - bound, bound
        return tuple((text, read, bound) for text, (read, bound) in by_text.items())

    @cached_property
    def conditions(self) -> tuple[ast.expr, ...]:
        """The function's comparisons and other tests."""
        tests = (ast.Compare, ast.BoolOp)
        return tuple(
            node
            for node in self.expressions
            if isinstance(node, tests)
            or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
            or self._source.parents[node][1] in {"test", "ifs"}
        )

    @cached_property
    def returns(self) -> tuple[ast.expr, ...]:
        """The expressions that the function returns, each text once."""
        by_text: dict[str, ast.expr] = {}
        for node in self._nodes:
            if isinstance(node, ast.Return) and node.value:
                by_text.setdefault(self._source.segment(node.value), node.value)
        return tuple(by_text.values())

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Attributes of names, such as `self.size` or `node.left`, that the function reads or writes."""
        texts: dict[str, None] = {}
        for node in self._nodes:
            match node:
                case ast.Attribute(value=ast.Name()) if not self.is_called(node):
                    texts[self._source.segment(node)] = None
        return tuple(texts)


def _is_ingredient(node: ast.expr) -> bool:
    if isinstance(node, ast.Name | ast.Constant | ast.Starred | ast.JoinedStr | ast.FormattedValue | ast.Slice):
        return False
    return not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
