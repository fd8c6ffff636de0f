"""Whole statements as lines: where they begin and end, and edits that add, remove or move them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from planners.search.operators.base import Replacement, Site, TextEdit
from planners.search.source import Source

__all__ = ["Lines", "delete", "insert", "lines", "siblings"]

type Lines = tuple[int, int, str]
"""Where a statement's lines begin and end (after the line's end), and their indentation."""


def lines(source: Source, statement: ast.stmt) -> Lines | None:
    """A statement's own lines; None where it shares one with another, as an `elif` does with the `if` above it."""
    first, end = source.first(statement), source.span(statement)[1]
    start = max(place for place in _around(source, first) if place <= first)
    stop = min((place for place in _around(source, end) if place > end), default=len(source.text))
    indent = source.text[start:first]
    rest = source.text[end:stop].strip()
    shared = isinstance(statement, ast.If) and source.text.startswith("elif", first)
    if shared or indent.strip() or (rest and not rest.startswith("#")):
        return None
    return start, stop, indent


def _around(source: Source, offset: int) -> list[int]:
    line = source.line_of(offset)
    return source.line_starts[line - 1 : line + 1]


def siblings(site: Site) -> Sequence[ast.stmt]:
    """The statements of the block that holds the site's."""
    block = getattr(site.parent, site.field)
    return block if isinstance(block, list) else []


def insert(site: Site, text: str, *, after: bool = False, weight: float = 1.0) -> list[Replacement]:
    """Add lines before or after the site's statement; `text` has no indentation of its own."""
    assert isinstance(site.node, ast.stmt)
    place = lines(site.source, site.node)
    if place is None:
        return []
    start, stop, indent = place
    newline = site.source.newline
    body = newline.join(indent + line for line in text.split("\n"))
    if not after:
        return [Replacement((TextEdit(start, start, body + newline),), weight, block=True)]
    ended = site.source.text[stop - 1 : stop] in "\r\n"
    return [Replacement((TextEdit(stop, stop, body + newline if ended else newline + body),), weight, block=True)]


def delete(site: Site) -> TextEdit | None:
    """Remove the site's statement; a block that would be empty gets `pass`."""
    assert isinstance(site.node, ast.stmt)
    place = lines(site.source, site.node)
    if place is None:
        return None
    if len(siblings(site)) > 1:
        return TextEdit(place[0], place[1], "")
    return TextEdit(site.source.first(site.node), site.source.span(site.node)[1], "pass")
