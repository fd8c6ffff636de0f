"""The same change in every copy of a statement, in one file or several: a fault that was copied is repaired at once.

Systematic edits (Meng, Kim and McKinley, PLDI 2011); "evolutionary siblings" that need one change in several places
(Saha, Saha and Prasad, "Harnessing Evolution for Multi-Hunk Program Repair", ICSE 2019).
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from gate import Patch
from planners.search.language import Replacement, TextEdit
from planners.search.python.operators import attributes, calls, comparisons, constants, names
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import IDENTIFIER, NUMERAL
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, Source

__all__ = ["OPERATORS"]

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise)
_MOST_COPIES, _LEAST_TEXT = 8, 12
_MOST_CHANGES = 6
"""How many changes of one node by one operator are made everywhere."""

_USUAL = 0.003
"""The prior of a usual edit of one place: one of rarer kinds is as much rarer in every copy."""

_SINGLE = sorted(
    (
        operator
        for module in (attributes, calls, comparisons, constants, names)
        for operator in module.OPERATORS
        if not operator.width
    ),
    key=lambda operator: -operator.prior,
)


def _in_copies(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Make one change in every copy of a statement, in this file and in others: `f(x)` -> `g(x)` everywhere."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if not isinstance(node, _SIMPLE) or not isinstance(scope.function, FUNCTIONS):
        return
    start, end = site.source.span(node)
    text = site.source.text[start:end]
    copies = _copies(site.source).get(text, [])
    others = {
        module.source: found for module in scope.neighbours if (found := _copies(module.source).get(text)) is not None
    }
    if len(copies) + sum(map(len, others.values())) < 2 or (copies and copies[0] is not node):
        return
    for operator in _SINGLE:
        for part in ast.walk(node):
            if isinstance(part, operator.nodes) and isinstance(part, ast.expr):
                for change in islice(operator.expand(Site(site.source, part), scope), _MOST_CHANGES):
                    if not change.block and all(start <= edit.start and edit.end <= end for edit in change.edits):
                        weight = change.weight * min(1.0, operator.prior / _USUAL)
                        edits = _moved(change.edits, start, site.source, copies or [node])
                        yield Replacement(edits, weight, block=True, also=_also(change.edits, start, others))


@lru_cache(maxsize=64)
def _copies(source: Source) -> Mapping[str, Sequence[ast.stmt]]:
    """The simple statements in functions that occur more than once in a file, or could in another, by their text."""
    by_text: dict[str, list[ast.stmt]] = defaultdict(list)
    for node in source.parents:
        if isinstance(node, _SIMPLE) and isinstance(source.function(node), FUNCTIONS):
            start, end = source.span(node)
            if end - start >= _LEAST_TEXT and node.lineno == node.end_lineno:
                by_text[source.text[start:end]].append(node)
    return {
        text: sorted(nodes, key=lambda node: node.lineno)
        for text, nodes in by_text.items()
        if len(nodes) <= _MOST_COPIES
    }


def _moved(edits: Sequence[TextEdit], start: int, source: Source, copies: Sequence[ast.stmt]) -> tuple[TextEdit, ...]:
    """Edits of a statement that begins at `start`, in its copies."""
    return tuple(
        TextEdit(begin + edit.start - start, begin + edit.end - start, edit.text)
        for begin in (source.span(copy)[0] for copy in copies)
        for edit in edits
    )


def _also(edits: Sequence[TextEdit], start: int, others: Mapping[Source, Sequence[ast.stmt]]) -> Patch:
    return tuple(
        operation
        for source, copies in others.items()
        for operation in source.patch(_moved(edits, start, source, copies))
    )


OPERATORS = (PythonOperator("every-copy", (IDENTIFIER + NUMERAL) / 16, 1, 12, (ast.stmt,), _in_copies),)
