"""The `return` that a function or a branch lacks, where its annotation, its callers or its tests want a value.

"Missing return statement" is among the repair actions of Sobreira et al., "Dissection of a Bug Dataset" (SANER 2018),
and among the usual mistakes of beginners in Python; TBar's FP4 "insert missed statement" adds returns.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import insert, siblings
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_DEFAULTS = ("None", "False", "[]", "0", "True", "''")
_CHANGING = frozenset({"append", "add", "extend", "update", "insert", "appendleft", "setdefault", "write"})
_WITHOUT_EVIDENCE = 0.125
"""The weight of a `return` that nothing asks for: most functions without one are meant so."""


def _return_result(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return the result that a function computes and does not return."""
    node = site.node
    assert isinstance(node, ast.stmt)
    function = scope.function
    if site.parent is not function or node is not siblings(site)[-1] or isinstance(node, _LEAVING):
        return
    if not isinstance(function, FUNCTIONS) or scope.is_generator:
        return
    # What a test finds to be None inside the function itself is not its result.
    inside = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    met = scope.evidence.wants_value and not scope.evidence.raised_in(site.source.path, inside)
    wanted = met or _is_wanted(scope)
    for place, value in enumerate(_results(site, scope)):
        weight = 1.0 if wanted else _WITHOUT_EVIDENCE
        if scope.ingredients.returns and place and value not in _DEFAULTS:
            weight /= 2
        yield from insert(site, f"return {value}", after=True, weight=weight)


def _results(site: Site, scope: Scope) -> list[str]:
    """What a function may return at its end: what it built, what it assigned last, its object, plain values."""
    built = [name for name in scope.bindings if name in _changed(scope) and name not in scope.parameters]
    match site.node:
        case (
            ast.Assign(targets=[ast.Name() | ast.Attribute() as target])
            | ast.AugAssign(target=ast.Name() | ast.Attribute() as target)
        ):
            built.insert(0, site.text(target))
    returned = [site.text(value) for value in scope.ingredients.returns if isinstance(value, ast.Constant)]
    other = {"True": "False", "False": "True"}
    plain = [*(other.get(text, text) for text in returned), *_DEFAULTS]
    rest = [name for name in reversed(scope.bindings) if name not in built]
    fields = [field for field in scope.ingredients.fields if field.startswith("self.")]
    owner = ["self"] if _siblings_return_self(scope) else []
    order = [*plain, *built, *rest] if returned else [*owner, *built, *rest, *fields[-2:], *plain]
    return list(dict.fromkeys(order))[:12]


def _changed(scope: Scope) -> set[str]:
    """The variables that a function builds up: by augmented assignment, by items, or by a method that adds."""
    names: set[str] = set()
    for node in scope.nodes:
        match node:
            case ast.AugAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                names.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGING:
                names.add(name)
    return names


def _siblings_return_self(scope: Scope) -> bool:
    owner = scope.source.parents[scope.function][0]
    return isinstance(owner, ast.ClassDef) and any(
        isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id == "self"
        for node in ast.walk(owner)
    )


def _is_wanted(scope: Scope) -> bool:
    """Whether the annotation says that there is a result, or a call in the file uses it."""
    function = scope.function
    assert isinstance(function, FUNCTIONS)
    if function.returns is not None:
        return not (isinstance(function.returns, ast.Constant) and function.returns.value is None)
    if function.name.startswith("__"):
        return function.name not in {"__init__", "__init_subclass__", "__setattr__", "__setitem__", "__delitem__"}
    return function.name in scope.module.used_results


def _return_call(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return the value of a call with which a function ends: `f(x)` -> `return f(x)`."""
    node = site.node
    assert isinstance(node, ast.Expr)
    function = scope.function
    if not isinstance(node.value, ast.Call) or not isinstance(function, FUNCTIONS) or not _ends_function(site, scope):
        return
    called = node.value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    evidence = bool(scope.ingredients.returns) or scope.evidence.wants_value or _is_wanted(scope)
    if name not in _CHANGING and not scope.is_generator:
        start = site.source.span(node)[0]
        yield site.edit(start, start, "return ", weight=1.0 if evidence or name == function.name else 0.25)


def _ends_function(site: Site, scope: Scope) -> bool:
    """Whether nothing of the function runs after the site's statement."""
    node: ast.AST = site.node
    while node is not scope.function:
        parent, field = site.source.parents[node]
        block = getattr(parent, field)
        if isinstance(block, list) and isinstance(node, ast.stmt) and block[-1] is not node:
            return False
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return False
        node = parent
    return True


OPERATORS = (
    PythonOperator("return-result", STATEMENT, 1, 3, (ast.stmt,), _return_result),
    PythonOperator("return-call", STATEMENT / 2, 1, 2, (ast.Expr,), _return_call),
)
