"""The same change at two places of a file, or at all of them: a slip of the mind is repeated where the thought is.

Systematic edits (Meng, Kim and McKinley, "Systematic Editing: Generating Program Transformations from an Example", PLDI
2011); "evolutionary siblings" that need one change in several places (Saha, Saha and Prasad, "Harnessing Evolution for
Multi-Hunk Program Repair", ICSE 2019).
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from planners.search.language import Replacement, TextEdit
from planners.search.python.operators import attributes, comparisons, constants, names, operands
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import IDENTIFIER, NUMERAL
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, Source

__all__ = ["OPERATORS"]

_ANYWHERE = {"compare", "arithmetic", "augmented-operator", "boolean-operator", "function", "attribute", "drop-operand"}
"""Operators whose changes mean the same in another function."""

_OF_VALUES = {"variable", "number"}
"""Operators whose changes are about a function's own values."""

_OPERATORS = tuple(
    operator
    for module in (comparisons, names, attributes, operands, constants)
    for operator in module.OPERATORS
    if operator.id in _ANYWHERE | _OF_VALUES
)
_USUAL = 0.003
"""The prior of a usual edit of one place: one of rarer kinds is as much rarer at two."""

_NEAR = 150
"""How many lines after a function a second place may be."""

_MOST_CHANGES, _MOST_PARTNERS, _MOST_AT_ONCE = 8, 4, 6
"""How many changes of a node are made twice, how many places beside the first, and how many at once."""

_APART, _NEXT = 0.6, 0.8
"""The weights of a second place in another function, and of each place relative to the one before it."""


class _Place(NamedTuple):
    """A change of one node: its edit, how likely that is, and the statement with it if that is of the function."""

    edit: TextEdit
    weight: float
    statement: ast.AST | None


def _at_two_places(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Make the same change at two places, or at all: `sum(a)`, `sum(b)` -> `len(a)`, `len(b)`."""
    if isinstance(scope.function, FUNCTIONS):
        made: list[Replacement] = []
        for first, others in _starting(scope).get(site.node, ()):
            for rank, other in enumerate(others[:_MOST_PARTNERS]):
                weight = first.weight * (1.0 if other.statement else _APART) * _NEXT**rank
                made.append(Replacement((first.edit, other.edit), weight, block=True))
            if 1 < len(others) < _MOST_AT_ONCE:
                every = (first.edit, *(other.edit for other in others))
                made.append(Replacement(every, first.weight, block=True))
        yield from sorted(made, key=lambda replacement: -replacement.weight)


@lru_cache(maxsize=1024)
def _starting(scope: Scope) -> Mapping[ast.AST, Sequence[tuple[_Place, Sequence[_Place]]]]:
    """By the statements of a function: the changes of their nodes, each with the later places for the same change."""
    by_change: dict[tuple[str, str, str], list[_Place]] = defaultdict(list)
    nodes = list(_nodes(scope))
    for operator in _OPERATORS:
        for node, statement in nodes:
            if isinstance(node, operator.nodes) and (statement or operator.id in _ANYWHERE):
                assert isinstance(node, ast.expr | ast.stmt)
                changes = islice(operator.expand(Site(scope.source, node), scope), _MOST_CHANGES)
                for option, change in enumerate(changes):
                    edit = change.edits[0]
                    if len(change.edits) > 1 or (statement is None and edit.text in scope.parameters):
                        continue
                    weight = change.weight * min(1.0, operator.prior / _USUAL) / (1 + option / operator.options)
                    old = scope.source.text[edit.start : edit.end]
                    if edit.text != old:
                        by_change[operator.id, old, edit.text].append(_Place(edit, weight, statement))
    starting: dict[ast.AST, list[tuple[_Place, Sequence[_Place]]]] = defaultdict(list)
    for places in by_change.values():
        places.sort(key=lambda place: place.edit)
        if any(one.edit.end > other.edit.start for one, other in pairwise(places)):
            continue
        for index, place in enumerate(places[:-1]):
            if place.statement:
                starting[place.statement].append((place, places[index + 1 :]))
    return starting


def _nodes(scope: Scope) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """The nodes of a function with their statements, then those of functions that follow, without."""
    source, own = scope.source, scope.function
    assert isinstance(own, FUNCTIONS)
    for node in scope.nodes:
        if isinstance(node, ast.expr | ast.stmt) and source.is_plain(node):
            yield node, source.statement(node) if isinstance(node, ast.expr) else node
    end, nodes = own.end_lineno or own.lineno, _by_line(source)
    first, last = (bisect_right(nodes, line, key=lambda node: node.lineno) for line in (end, end + _NEAR))
    for node in nodes[first:last]:
        if source.is_plain(node):
            yield node, None


@lru_cache(maxsize=64)
def _by_line(source: Source) -> Sequence[ast.expr | ast.stmt]:
    """The expressions and statements of a file in the order of their lines."""
    nodes = [node for node in source.parents if isinstance(node, ast.expr | ast.stmt)]
    return sorted(nodes, key=lambda node: node.lineno)


OPERATORS = (PythonOperator("at-two-places", (IDENTIFIER + NUMERAL) / 8, 4, 24, (ast.stmt,), _at_two_places),)
