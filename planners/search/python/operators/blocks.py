"""Whole statements as lines: their positions, and edits that add, remove or move them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from planners.search.language import Replacement, TextEdit
from planners.search.python.operators.base import Site

__all__ = ["delete", "insert", "siblings"]


def siblings(site: Site) -> Sequence[ast.stmt]:
    """The statements of the block that contains the site's statement."""
    block = getattr(site.parent, site.field)
    return block if isinstance(block, list) else []


def insert(site: Site, text: str, *, after: bool = False, weight: float = 1.0) -> list[Replacement]:
    """Add lines before or after the site's statement; `text` has no indentation of its own."""
    assert isinstance(site.node, ast.stmt)
    place = site.source.lines(site.node)
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
    place = site.source.lines(site.node)
    if place is None:
        return None
    if len(siblings(site)) > 1:
        return TextEdit(place[0], place[1], "")
    return TextEdit(site.source.first(site.node), site.source.span(site.node)[1], "pass")
