"""Mends of imports: a misspelt name or module, one that is elsewhere, a level too many."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planners.search.language import TextEdit
from planners.search.python.loading.modules import bound, full_name, modules_near
from planners.search.python.loading.places import Found, Place, Places, lacking
from planners.search.python.loading.spelling import alike
from planners.search.python.loading.syntax import Mend
from planners.search.python.source import Source

__all__ = ["import_mends"]

_NOT_IN_MODULE = r"cannot import name '?(\w+)'?(?: from (?:partially initialized module )?'([\w.]+)')?"


def import_mends(places: Places) -> Iterator[Found]:
    """The mends of a failed import, in no order."""
    failure = places.failure
    if match := failure.match(_NOT_IN_MODULE):
        yield from _not_in_module(places, match[1], match[2] or "")
    elif match := failure.match(r"No module named '?([\w.]+)'?"):
        yield from _no_module(places, match[1])
    elif failure.kind == "ImportError" and "relative import" in failure.said:
        yield from _levels(places)


def _not_in_module(places: Places, name: str, module: str) -> Iterator[Found]:
    found = _import_of(places, name)
    if found is None:
        return
    place, node, alias = found
    source, package = place.source, places.package(place.source.path)
    module = module or full_name(node, package)
    missed = [] if alias.asname else lacking(source, but=name)
    there = places.modules.names(module)
    for other, close in alike(name, dict.fromkeys([*missed, *there])):
        likely = close + (0.5 if other in missed else 0.0)
        if not there or other in there:
            yield source, _alias_renamed(source, alias, other, likely)
    if (own := places.file_of(module)) is not None:
        yield from places.renamed(own, name, bound(own.tree))
        for made, weight in places.sources_of(name, own.path):
            if made.module != module:
                yield own, places.imported(own, made, weight * 0.7)
    if len(node.names) == 1:
        for made, weight in places.sources_of(name, source.path):
            if made.module != module and made.original:
                yield source, _from_elsewhere(places, source, node, made.module, weight)


def _import_of(places: Places, name: str) -> tuple[Place, ast.ImportFrom, ast.alias] | None:
    for place in places.places:
        for node in place.of(ast.ImportFrom):
            for alias in node.names:
                if alias.name == name:
                    return place, node, alias
    return None


def _no_module(places: Places, missing: str) -> Iterator[Found]:
    last = missing.rpartition(".")[2]
    for place in places.places:
        statements: list[ast.Import | ast.ImportFrom] = [*place.of(ast.Import), *place.of(ast.ImportFrom)]
        for node in statements:
            yield from _other_modules(places, place.source, node, missing, last)
        if statements:
            return


def _other_modules(
    places: Places, source: Source, node: ast.Import | ast.ImportFrom, missing: str, last: str
) -> Iterator[Found]:
    start, end = source.span(node)
    text = source.text[start:end]
    head = text.partition(" import ")[0] if isinstance(node, ast.ImportFrom) else text
    wanted = frozenset(alias.name for alias in node.names) if isinstance(node, ast.ImportFrom) else frozenset()
    if (token := re.search(rf"(?<!\w){re.escape(last)}(?!\w)", head)) is None:
        return
    beside = {name.rpartition(".")[2]: name for name in places.modules.beside(missing)}
    for other, close in alike(last, beside):
        fits = bool(wanted) and wanted.issubset(places.modules.names(beside[other]))
        edit = TextEdit(start + token.start(), start + token.end(), other)
        yield source, Mend("module", (edit,), close + 0.3 * fits, node.lineno)
    if isinstance(node, ast.ImportFrom):
        same = [name for name in places.modules.paths if name.rpartition(".")[2] == last and name != missing]
        others = [module for name in wanted for module in places.modules.defining(name, source.path)]
        for module in dict.fromkeys([*same, *others]):
            fits = wanted.issubset(places.modules.names(module))
            yield source, _from_elsewhere(places, source, node, module, 0.9 if fits else 0.4)


def _from_elsewhere(places: Places, source: Source, node: ast.ImportFrom, module: str, weight: float) -> Mend:
    """The same names from another module."""
    start, end = source.span(node)
    place = re.compile(r"from\s+([\w.]+)\s+import\b").match(source.text, start, end)
    near = modules_near(module, places.package(source.path)) if node.level else module
    edits = (TextEdit(place.start(1), place.end(1), near),) if place else ()
    return Mend("module", edits, weight, node.lineno)


def _levels(places: Places) -> Iterator[Found]:
    """Relative imports from one package more, or less."""
    for place in places.places:
        for node in place.of(ast.ImportFrom):
            start, _ = place.source.span(node)
            dots = re.compile(r"from\s+(\.+)").match(place.source.text, start)
            if dots and len(dots[1]) > 1:
                edit = TextEdit(dots.start(1), dots.start(1) + 1, "")
                yield place.source, Mend("module", (edit,), 0.9, node.lineno)


def _alias_renamed(source: Source, alias: ast.alias, other: str, weight: float) -> Mend:
    start = source.offset(alias.lineno, alias.col_offset)
    return Mend("import", (TextEdit(start, start + len(alias.name), other),), weight, alias.lineno)
