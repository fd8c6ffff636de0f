"""Names exchanged for others that are visible at the site.

TSSB-3M's "change identifier used" and "wrong function name"; PraPR's local-variable mutators; TBar's FP13 "mutate
variables"; Prophet's and SPR's value replacement (Long and Rinard, POPL 2016, FSE 2015).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import FUNCTION_NAME, IDENTIFIER, RARE
from planners.search.python.scope import Scope

__all__ = ["FAMILIES", "OPERATORS"]

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("min", "max", "sum", "len"),
    ("any", "all"),
    ("sorted", "reversed", "list", "set", "tuple"),
    ("int", "float", "round", "str", "abs"),
    ("enumerate", "zip", "range"),
    ("dict", "list", "set"),
    ("isinstance", "issubclass"),
    ("getattr", "hasattr"),
    ("ord", "chr"),
    ("str", "repr"),
    ("filter", "map"),
    ("floor", "ceil"),
)


def _variable(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace a variable by another one, similarly used ones first."""
    node = site.node
    assert isinstance(node, ast.Name)
    if not isinstance(node.ctx, ast.Load) or site.field == "func":
        return
    names = [name for name in scope.names(node) if name != node.id]
    for name in sorted(names, key=lambda name: not scope.alike(name, node.id)):
        yield from site.put(name, weight=1.0 if scope.alike(name, node.id) else 0.5)


def _to_field(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace a variable by an attribute that the function uses: `x` -> `self.x`, `node.left`."""
    node = site.node
    assert isinstance(node, ast.Name)
    if isinstance(node.ctx, ast.Load) and site.field != "func" and not isinstance(site.parent, ast.Attribute):
        for text in scope.ingredients.fields:
            yield from site.put(text, weight=1.0 if text.endswith(f".{node.id}") else 0.5)


def _target(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Assign to another variable: `x = ...` -> `y = ...`.

    The variable of a loop keeps its name, which the body uses.
    """
    node = site.node
    assert isinstance(node, ast.Name)
    if isinstance(node.ctx, ast.Store) and isinstance(site.source.statement(node), ast.Assign | ast.AugAssign):
        for name in scope.bindings:
            if name != node.id:
                yield from site.put(name)


def _function(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Call another function: `min(...)` -> `max(...)`, then what the file defines, imports or uses."""
    node = site.node
    assert isinstance(node, ast.Name)
    passed = site.field == "args" and node.id in scope.functions
    if not isinstance(node.ctx, ast.Load) or not (site.field == "func" or passed):
        return
    family = [name for names in FAMILIES if node.id in names for name in names]
    alike = [name for name in scope.functions if scope.module.arity.get(name) == scope.module.arity.get(node.id)]
    for name in dict.fromkeys([*family, *alike, *scope.functions, *scope.parameters]):
        if name != node.id:
            yield from site.put(name, weight=1.0 if name in family else 0.6)


def _constant(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Exchange a variable and a constant: `x` -> `0`, `None`; `1` -> `x`."""
    node = site.node
    if site.field == "func" or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if isinstance(site.parent, ast.Expr | ast.Attribute | ast.Subscript | ast.FormattedValue) and site.field == "value":
        return
    if isinstance(node, ast.Constant):
        for name in scope.names(node):
            yield from site.put(name)
        return
    for text in dict.fromkeys(["0", "1", "None", *scope.ingredients.constants, "[]"]):
        yield from site.put(text, weight=0.5)


OPERATORS = (
    PythonOperator("variable", IDENTIFIER, 20, 4, (ast.Name,), _variable),
    PythonOperator("function", FUNCTION_NAME, 5, 4, (ast.Name,), _function),
    PythonOperator("target", IDENTIFIER / 4, 5, 4, (ast.Name,), _target),
    PythonOperator("variable-to-field", RARE * 4, 10, 4, (ast.Name,), _to_field),
    PythonOperator("constant-and-variable", IDENTIFIER / 4, 20, 4, (ast.Name, ast.Constant), _constant),
)
