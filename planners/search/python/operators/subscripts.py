"""Indices and slices changed.

TSSB-3M's "change numeral" and "change binary operand" inside subscripts; PraPR's constant mutators at an index.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import ADD_ELEMENT, FEWER_ARGUMENTS, NUMERAL, RARE
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]


def _index(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change an index: `x[i]` -> `x[-1]`, `x[0]`, `x[i:]`, `x[:i]`, `x[-i]`, `x[name]`."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if isinstance(node.slice, ast.Slice | ast.Tuple):
        return
    index = site.text(node.slice)
    texts = ["-1", "0", f"-{site.text(node.slice, 13)}"]
    if isinstance(node.ctx, ast.Load):
        texts += [f"{index}:", f":{index}"]
    if not isinstance(node.slice, ast.Name):
        texts += [name for name in scope.names(node) if not scope.kind(name) & {"callable", "sequence"}]
    for text in dict.fromkeys(texts):
        yield from _subscript(site, node, text)


def _drop(site: Site, _: Scope) -> Iterator[Replacement]:
    """Drop a subscript: `x[i]` -> `x`, `i`."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if isinstance(node.ctx, ast.Load):
        yield from site.put(site.text(node.value))
        if not isinstance(node.slice, ast.Slice):
            yield from site.put(site.text(node.slice), weight=0.4)


def _whole(site: Site, _: Scope) -> Iterator[Replacement]:
    """Use all elements instead of one: `x[i]` -> `sum(x)`, `max(x)`, `min(x)`, `len(x)`."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
        for name in ("sum", "max", "min", "len"):
            yield from site.put(f"{name}({site.text(node.value)})")


def _slice(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change the bounds or the step of a slice: `x[a:b]` -> `x[a:]`, `x[:b]`, `x[a:b + 1]`."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if not isinstance(node.slice, ast.Slice):
        return
    lower, upper, step = (
        site.text(part) if part else "" for part in (node.slice.lower, node.slice.upper, node.slice.step)
    )
    tail = f":{step}" if step else ""
    shapes: list[str] = []
    if lower:
        shapes += [f":{upper}{tail}", f"{lower}:{lower} + {upper}{tail}" if upper else f":{lower}{tail}"]
    if upper:
        shapes += [f"{lower}:{tail}", f"{lower}:-{site.text(node.slice.upper, 13)}{tail}"]
    shapes += [f"{upper}:{lower}{tail}", f"{lower}:{upper}:-1" if not step else f"{lower}:{upper}"]
    names = [name for name in scope.names(node) if not scope.kind(name) & {"callable", "sequence", "object"}]
    for bound in ["1", "-1", "2", *names, *(f"{name} + 1" for name in names)]:
        shapes += [f"{bound}:{upper}{tail}", f"{lower}:{bound}{tail}"]
    shapes += ["::-1", "::2"]
    for text in dict.fromkeys(shapes):
        yield from _subscript(site, node, text)


def _range(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change the bounds or the step of a range: `range(n)` -> `range(1, n)`, `range(n + 1)`."""
    node = site.node
    assert isinstance(node, ast.Call)
    if not (isinstance(node.func, ast.Name) and node.func.id == "range") or node.keywords:
        return
    texts = [site.text(argument, 0) for argument in node.args]
    match texts:
        case [stop]:
            shapes = [(f"1, {stop}"), f"1, {stop} + 1", f"{stop} - 1, -1, -1", f"2, {stop}", f"2, {stop} + 1"]
            shapes += [f"{name}, {stop}" for name in scope.names(node)]
            shapes += [f"{name} + 1, {stop}" for name in scope.names(node)]
            shapes += [f"len({stop})"]
        case [start, stop]:
            shapes = [stop, f"{start} + 1, {stop} + 1", f"{start} - 1, {stop} - 1", f"{stop}, {start}"]
            shapes += [f"{start}, {stop}, 2", f"{stop} - 1, {start} - 1, -1", f"{stop}, {start}, -1"]
            shapes += [f"{start}, {stop}, {name}" for name in scope.names(node)]
        case [start, stop, step]:
            shapes = [
                f"{start}, {stop}",
                f"{stop}, {start}, {step}",
                f"{start}, {stop}, -{site.text(node.args[2], 13)}",
            ]
            shapes += [f"{stop} - 1, {start} - 1, -1", f"{start} - 1, {stop} - 1, {step}"]
        case _:
            return
    for shape in shapes:
        yield from site.put(f"range({shape})")


def _subscript(site: Site, node: ast.Subscript, text: str) -> Iterator[Replacement]:
    """Change only the text between the brackets."""
    end = site.source.span(node)[1]
    start = site.source.span(node.value)[1]
    opening = site.source.text.find("[", start, end)
    if not site.source.text[start:opening].strip(" )"):
        yield site.edit(opening + 1, end - 1, text)


_SUBSCRIPT = (ast.Subscript,)

OPERATORS = (
    PythonOperator("index", NUMERAL / 2, 5, 4, _SUBSCRIPT, _index),
    PythonOperator("drop-subscript", FEWER_ARGUMENTS / 2, 5, 1, _SUBSCRIPT, _drop),
    PythonOperator("whole-collection", FEWER_ARGUMENTS / 4, 5, 4, _SUBSCRIPT, _whole, width=1),
    PythonOperator("slice-bounds", ADD_ELEMENT / 2, 2, 6, _SUBSCRIPT, _slice),
    PythonOperator("range", RARE * 4, 2, 5, (ast.Call,), _range),
)
