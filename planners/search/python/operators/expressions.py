"""Expressions replaced by other expressions of the function or of the file.

GenProg's and SPR's plastic-surgery hypothesis: the ingredients of a fix are often in the program (Le Goues et al.,
"GenProg", TSE 2012; Barr et al., "The Plastic Surgery Hypothesis", FSE 2014).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import IDENTIFIER
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_LONGEST = 80
_PLACES = frozenset(
    {
        "value",
        "args",
        "left",
        "right",
        "comparators",
        "slice",
        "lower",
        "upper",
        "test",
        "iter",
        "elts",
        "body",
        "orelse",
    }
    | {"values", "elt", "operand", "ifs"}
)


def _from_function(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace an expression by another one of the function, first by one in the same role."""
    yield from _replacements(site, scope.ingredients.expressions)


def _from_file(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace an expression by one from elsewhere in the file."""
    own = {scope.source.segment(node) for node in scope.ingredients.expressions}
    yield from _replacements(
        site, tuple(node for node in scope.ingredients.file_expressions if scope.source.segment(node) not in own)
    )


def _from_repository(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace an expression by one from another file whose names are all known here."""
    node = site.node
    assert isinstance(node, ast.expr)
    if not _is_place(site):
        return
    visible = scope.visible(node)
    for module in scope.neighbours:
        for other in module.ingredients.file_expressions:
            if all(part.id in visible for part in ast.walk(other) if isinstance(part, ast.Name)):
                text = module.source.segment(other)
                if text != site.text() and len(text) < _LONGEST:
                    yield from site.put(text)


def _replacements(site: Site, ingredients: tuple[ast.expr, ...]) -> Iterator[Replacement]:
    node = site.node
    assert isinstance(node, ast.expr)
    if not _is_place(site):
        return
    role = _role(site, node)
    alike = [other for other in ingredients if _role(site, other) == role]
    for other in alike:
        yield from _fitting(site, other, 1.0)
    for other in ingredients:
        if _role(site, other) != role:
            yield from _fitting(site, other, 0.3)


def _is_place(site: Site) -> bool:
    """Whether another value may be put here."""
    if site.field not in _PLACES or isinstance(site.parent, ast.Expr | ast.Attribute | ast.FormattedValue):
        return False
    return isinstance(getattr(site.node, "ctx", ast.Load()), ast.Load) and not isinstance(
        site.node, ast.Slice | ast.Starred
    )


def _target(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Assign to another element or attribute: `a[i] = ...` -> `c[j] = ...`."""
    node = site.node
    assert isinstance(node, ast.Subscript | ast.Attribute)
    if isinstance(node.ctx, ast.Store) and site.field in {"targets", "target"}:
        for other in scope.ingredients.expressions:
            if isinstance(other, ast.Subscript | ast.Attribute) and not scope.ingredients.is_called(other):
                yield from _fitting(site, other, 1.0 if type(other) is type(node) else 0.3)


def _fitting(site: Site, other: ast.expr, weight: float) -> Iterator[Replacement]:
    """Replace the expression by another one, unless that is too long."""
    text = site.text(other, 0)
    if text != site.text() and len(text) < _LONGEST:
        yield from site.put(text, weight=weight)


def _role(site: Site, node: ast.expr) -> str:
    """What an expression is used for: a test, an index, an argument of a function, an operand, a value."""
    parent, field = site.source.parents[node]
    match parent:
        case ast.Call(func=ast.Name(id=name)):
            return f"argument of {name}"
        case ast.Call(func=ast.Attribute(attr=name)):
            return f"argument of .{name}"
        case ast.Compare() | ast.BinOp():
            return "operand"
        case ast.Return() | ast.Assign() | ast.AugAssign():
            return "value"
    return field


_REPLACED = (
    ast.Name,
    ast.Call,
    ast.BinOp,
    ast.Subscript,
    ast.Attribute,
    ast.Compare,
    ast.BoolOp,
    ast.Constant,
    ast.List,
)

OPERATORS = (
    PythonOperator("expression", IDENTIFIER / 4, 20, 10, _REPLACED, _from_function),
    PythonOperator("target-expression", IDENTIFIER / 16, 2, 6, (ast.Subscript, ast.Attribute), _target),
    PythonOperator("file-expression", IDENTIFIER / 8, 20, 100, _REPLACED, _from_file, width=1),
    PythonOperator("repository-expression", IDENTIFIER / 16, 20, 200, _REPLACED, _from_repository, width=1),
)
