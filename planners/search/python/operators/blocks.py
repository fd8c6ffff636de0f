"""Whole statements as lines: their positions, and edits that add, remove or move them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from planners.search.language import Replacement, TextEdit
from planners.search.python.operators.base import Site
from planners.search.python.source import FUNCTIONS, Source, is_docstring

__all__ = ["LOOPS", "copied", "delete", "in_loop", "indented", "insert", "is_first", "is_last", "renamed", "siblings"]


LOOPS = (ast.For, ast.While, ast.AsyncFor)


def siblings(site: Site) -> Sequence[ast.stmt]:
    """The statements of the block that contains the site's statement."""
    block = getattr(site.parent, site.field)
    return block if isinstance(block, list) else []


def is_first(site: Site) -> bool:
    """Whether the site is the first statement of its block, apart from documentation."""
    return site.node is next((statement for statement in siblings(site) if not is_docstring(statement)), None)


def is_last(site: Site) -> bool:
    """Whether the site is the last statement of its block, and does not leave it."""
    block = siblings(site)
    return bool(block) and block[-1] is site.node and not isinstance(site.node, ast.Return | ast.Break | ast.Continue)


def in_loop(site: Site) -> bool:
    """Whether the site is in the body of a loop of its function."""
    node, field = site.source.parents[site.node]
    while not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module)):
        if isinstance(node, LOOPS) and field == "body":
            return True
        node, field = site.source.parents[node]
    return False


def insert(site: Site, text: str, *, after: bool = False, weight: float = 1.0) -> list[Replacement]:
    """Add lines before or after the site's statement; `text` has no indentation of its own."""
    assert isinstance(site.node, ast.stmt)
    place = site.source.lines(site.node)
    if place is None:
        return []
    start, stop, indent = place
    newline = site.source.newline
    body = newline.join(indent + line if line else line for line in text.split("\n"))
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


def indented(text: str, old: str, new: str, newline: str) -> str | None:
    """The lines of a statement with another indentation; None if a line has less than the statement's."""
    lines = [line.rstrip("\r\n") for line in text.splitlines()]
    if any(line.strip() and not line.startswith(old) for line in lines) or "'''" in text or '"""' in text:
        return None
    return "".join(f"{new}{line[len(old) :]}{newline}" if line.strip() else newline for line in lines)


def renamed(source: Source, nodes: Sequence[ast.stmt | ast.expr], names: Mapping[str, str]) -> str:
    """The text from the first of some nodes to the last, with variables and attributes of `self` renamed.

    A name with a dot before it (`.size`) stands for such an attribute.
    """
    start, end = source.span(nodes[0])[0], source.span(nodes[-1])[1]
    if isinstance(nodes[0], ast.stmt):
        start = source.first(nodes[0])
    edits: list[TextEdit] = []
    for part in (part for node in nodes for part in ast.walk(node)):
        match part:
            case ast.Name(id=name) if name in names:
                edits.append(TextEdit(*source.span(part), names[name]))
            case ast.Attribute(value=ast.Name(), attr=name) if f".{name}" in names:
                last = source.span(part)[1]
                edits.append(TextEdit(last - len(name), last, names[f".{name}"][1:]))
    text = source.text[start:end]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return text


def copied(source: Source, nodes: Sequence[ast.stmt], names: Mapping[str, str]) -> str | None:
    """Statements in a row as text without their indentation, renamed; None if it cannot be taken away."""
    places = [source.lines(node) for node in nodes]
    if not places or places[0] is None or None in places:
        return None
    old = places[0][2]
    text = indented(old + renamed(source, nodes, names), old, "", "\n")
    return text.rstrip("\n") if text is not None else None
