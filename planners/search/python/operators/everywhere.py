"""The same change at every place of a constant or a name: what was written twice is often wrong twice.

Systematic edits (Meng, Kim and McKinley, "Systematic Editing: Generating Program Transformations from an Example", PLDI
2011); "evolutionary siblings" that need one change in several places (Saha, Saha and Prasad, "Harnessing Evolution for
Multi-Hunk Program Repair", ICSE 2019).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from planners.search.language import Replacement, TextEdit
from planners.search.python.operators import comparisons, constants, names
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import IDENTIFIER, NUMERAL
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_MOST_PLACES = 6
_NODES = (ast.Name, ast.Constant)
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)
_PAIRS = (
    *(("lt", "gt"), ("le", "ge"), ("min", "max"), ("left", "right"), ("start", "end"), ("first", "last")),
    *(("head", "tail"), ("row", "column"), ("x", "y"), ("width", "height"), ("lower", "upper"), ("prev", "next")),
    *(("lo", "hi"), ("low", "high"), ("before", "after"), ("lstrip", "rstrip"), ("startswith", "endswith")),
)
_OPPOSITES = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
_OTHER_WAY = {ast.Lt: ">", ast.Gt: "<", ast.LtE: ">=", ast.GtE: "<="}
_SINGLE = (*constants.OPERATORS, *names.OPERATORS)


def _in_statement(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change a name or a constant everywhere in a statement: `f(x) < g(x)` -> `f(y) < g(y)`."""
    statement = site.source.statement(site.node)
    same = [node for node in _same(site, scope) if site.source.statement(node) is statement]
    yield from _changed(site, scope, same, block=False)


def _in_function(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change a name or a constant everywhere in a function.

    Only at the first statement that uses it: otherwise each would make the same edit.
    """
    if not isinstance(scope.function, FUNCTIONS):
        return
    for node in ast.walk(site.node):
        if isinstance(node, _NODES) and site.source.statement(node) is site.node:
            first = Site(site.source, node)
            same = _same(first, scope)
            if len({site.source.statement(node) for node in same}) > 1:
                yield from _changed(first, scope, same, block=True)


def _same(site: Site, scope: Scope) -> list[ast.expr]:
    """The places of the function with the same text as the site, if the site is the first of them."""
    text = site.text()
    places = [
        node
        for node in scope.nodes
        if isinstance(node, ast.Name | ast.Constant) and site.source.segment(node) == text and _is_plain(site, node)
    ]
    return [*places] if places and places[0] is site.node and len(places) <= _MOST_PLACES else []


def _is_plain(site: Site, node: ast.AST) -> bool:
    """Whether a value may be put here: it is not part of a formatted text."""
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(site.source.parents[node][0], ast.Expr):
        return False
    return site.source.is_plain(node)


def _changed(site: Site, scope: Scope, same: Sequence[ast.expr], *, block: bool) -> Iterator[Replacement]:
    if len(same) < 2:  # the other operators handle single places
        return
    for operator in _SINGLE:
        if isinstance(site.node, operator.nodes) and not operator.width:
            for change in operator.expand(site, scope):
                text = change.edits[0].text
                if text != site.text():
                    edits = sorted(TextEdit(*site.source.span(node), text) for node in same)
                    yield Replacement(tuple(edits), change.weight, block)


def _mirrored(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Turn a whole statement to the other side: `low = min(left, low)` -> `low = max(right, low)`."""
    if not isinstance(site.node, _SIMPLE) or not isinstance(scope.function, FUNCTIONS):
        return
    known = scope.visible(site.node)
    edits: list[TextEdit] = []
    parts = (part for part in ast.walk(site.node) if isinstance(part, ast.expr) and site.source.is_plain(part))
    for node in parts:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if (other := _OPPOSITES.get(name)) in known:
                edits.append(TextEdit(*site.source.span(node), other))
            case ast.Attribute(attr=name) if name in _OPPOSITES:
                end = site.source.span(node)[1]
                if site.source.text[end - len(name) : end] == name:
                    edits.append(TextEdit(end - len(name), end, _OPPOSITES[name]))
            case ast.Compare():
                wanted = _OTHER_WAY.get(type(node.ops[0]))
                changes = comparisons.compare(Site(site.source, node)) if len(node.ops) == 1 and wanted else ()
                edits += [edit for change in changes for edit in change.edits if edit.text == wanted]
    if len(edits) > 1:  # the other operators turn single words
        yield Replacement(tuple(sorted(edits)))


OPERATORS = (
    PythonOperator("mirror", IDENTIFIER / 16, 4, 1, _SIMPLE, _mirrored),
    PythonOperator("everywhere-in-statement", (IDENTIFIER + NUMERAL) / 16, 4, 12, _NODES, _in_statement),
    PythonOperator("everywhere-in-function", (IDENTIFIER + NUMERAL) / 16, 4, 24, (ast.stmt,), _in_function),
)
