"""Mends of names that nobody defines, of attributes, and of commas that make calls of entries."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

from buildpacks import RepoView
from planners.search.language import TextEdit
from planners.search.python.loading.failure import Failure
from planners.search.python.loading.imports import import_mends
from planners.search.python.loading.modules import bound
from planners.search.python.loading.places import BUILTINS, Found, Places, stored, stored_in
from planners.search.python.loading.spelling import alike
from planners.search.python.loading.syntax import Mend

__all__ = ["name_mends"]

_LITERALS = ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.JoinedStr | ast.Call


def name_mends(failure: Failure, view: RepoView) -> list[Found]:
    """The mends of one failure, likeliest first, each with the file that it edits."""
    places = Places(failure, view)
    return sorted((*_mends(places), *import_mends(places)), key=lambda found: -found[1].weight)


def _mends(places: Places) -> Iterator[Found]:
    failure = places.failure
    if match := failure.match(r"name '(\w+)' is not defined"):
        yield from _undefined(places, match[1])
    elif match := failure.match(r"(?:partially initialized )?module '([\w.]+)' has no attribute '(\w+)'"):
        yield from _no_attribute(places, match[2], places.modules.names(match[1]), match[1])
    elif match := failure.match(r"(?:type object )?'(\w+)'(?: object)? has no attribute '(\w+)'"):
        yield from _no_attribute(places, match[2], _members(places, match[1]))
    elif failure.kind == "TypeError" and re.search(r"not callable|not subscriptable|indices must be", failure.said):
        yield from _commas(places)


def _undefined(places: Places, name: str) -> Iterator[Found]:
    place = next(iter(places.places), None)
    if place is None:
        return
    source = place.source
    known = [*stored(source), *BUILTINS]
    uses = [node for node in place.of(ast.Name) if node.id == name]
    for node in uses[:1] if "." in places.failure.meant else ():
        edit = TextEdit(*source.span(node), places.failure.meant)
        yield source, Mend("name", (edit,), 0.9, node.lineno)
    for other, close in alike(name, known):
        for node in uses[:1]:
            edit = TextEdit(*source.span(node), other)
            yield source, Mend("name", (edit,), close * 0.9, node.lineno)
    yield from places.renamed(source, name, bound(source.tree))
    for made, weight in places.sources_of(name, source.path):
        yield source, places.imported(source, made, weight)


def _no_attribute(places: Places, name: str, members: Sequence[str], module: str = "") -> Iterator[Found]:
    members = [*filter(None, [places.failure.meant]), *members]
    for place in places.places:
        used = [node for node in place.of(ast.Attribute) if node.attr == name]
        for node in used[:1]:
            _, end = place.source.span(node)
            start = end - len(name)
            for other, close in alike(name, members) if place.source.text[start:end] == name else ():
                yield place.source, Mend("attribute", (TextEdit(start, end, other),), close, node.lineno)
        if used:
            break
    if (own := places.file_of(module)) is not None:
        yield from places.renamed(own, name, bound(own.tree))
        for made, weight in places.sources_of(name, own.path):
            yield own, places.imported(own, made, weight * 0.7)


def _members(places: Places, kind: str) -> list[str]:
    """The attributes that files near the fault have for objects of a class: its own, then all others."""
    own: list[str] = []
    others: list[str] = []
    for source in dict.fromkeys(place.source for place in places.places):
        for node in source.parents:
            if isinstance(node, ast.ClassDef):
                names = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
                names += [name for part in node.body for name in stored_in(part)]
                (own if node.name == kind else others).extend(names)
            elif isinstance(node, ast.Attribute):
                others.append(node.attr)
    return [*own, *others, *dir(getattr(builtins, kind, None))]


def _commas(places: Places) -> Iterator[Found]:
    """A comma between two entries, where Python takes the second for a call or an index of the first."""
    for place in places.places[:1]:
        for node in place.nodes:
            if not isinstance(node, ast.Call | ast.Subscript):
                continue
            first = node.func if isinstance(node, ast.Call) else node.value
            if isinstance(first, _LITERALS):
                _, end = place.source.span(first)
                across = "\n" in place.source.text[end : place.source.span(node)[1]]
                weight = 0.9 if across else 0.5
                yield place.source, Mend("comma", (TextEdit(end, end, ","),), weight, first.lineno)
