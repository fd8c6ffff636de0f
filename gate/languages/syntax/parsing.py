"""Parsing with tree-sitter: the grammar of a language is a wheel, imported when the first file of it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module

from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from gate.patch import Edit

__all__ = ["Grammar", "Source", "parse", "query", "reparse", "text_of"]


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar: the module of its wheel, and the function there that gives it."""

    module: str
    function: str = "language"


class Source:
    """A parsed file. A tree always exists; what the grammar does not know is in nodes named `ERROR`."""

    def __init__(self, content: bytes, tree: Tree, grammar: Grammar) -> None:
        self.content = content
        self.tree = tree
        self.grammar = grammar
        self.root = tree.root_node

    @cached_property
    def has_errors(self) -> bool:
        """Whether the grammar does not know a part of the file."""
        return self.root.has_error


def text_of(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def parse(content: bytes, grammars: Sequence[Grammar]) -> Source:
    """A file parsed with the first of some grammars that knows all of it, or else with the first."""
    sources: list[Source] = []
    for grammar in grammars:
        source = Source(content, Parser(_language(grammar)).parse(content), grammar)
        if not source.has_errors:
            return source
        sources.append(source)
    return sources[0]


def reparse(source: Source, content: bytes, edits: Sequence[Edit]) -> tuple[Source, list[tuple[int, int]]]:
    """A file after edits, and where its structure differs: byte ranges of the new content."""
    tree = source.tree.copy()
    for edit in reversed(edits):
        start, old_end = _point(source.content, edit.start), _point(source.content, edit.end)
        rows = edit.text.count(b"\n")
        columns = len(edit.text) - edit.text.rfind(b"\n") - 1 if rows else start[1] + len(edit.text)
        new_end = (start[0] + rows, columns)
        tree.edit(edit.start, edit.end, edit.start + len(edit.text), start, old_end, new_end)
    new = Parser(_language(source.grammar)).parse(content, tree)
    ranges = [(changed.start_byte, changed.end_byte) for changed in tree.changed_ranges(new)]
    return Source(content, new, source.grammar), ranges


def query(grammar: Grammar, pattern: str, node: Node) -> dict[str, list[Node]]:
    """The nodes beneath one (and itself) that a query in tree-sitter's language captures, by name."""
    return QueryCursor(_query(grammar, pattern)).captures(node)


def _point(content: bytes, offset: int) -> tuple[int, int]:
    return content.count(b"\n", 0, offset), offset - content.rfind(b"\n", 0, offset) - 1


@cache
def _language(grammar: Grammar) -> Language:
    return Language(getattr(import_module(grammar.module), grammar.function)())


@cache
def _query(grammar: Grammar, pattern: str) -> Query:
    return Query(_language(grammar), pattern)
