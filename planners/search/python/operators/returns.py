"""What a function returns or yields, and how it leaves.

PraPR's return mutators; TBar's FP12 "mutate return statement"; the "change of control-flow word" fixes of Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import in_loop
from planners.search.python.operators.frequencies import IDENTIFIER, RARE
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]


def _value(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return another value: a variable, a constant, or what the function returns elsewhere."""
    node = site.node
    if not isinstance(site.parent, ast.Return):
        return
    assert isinstance(node, ast.expr)
    elsewhere = [site.text(value) for value in scope.ingredients.returns]
    for text in dict.fromkeys([*scope.names(node), *elsewhere, "None", "0", "[]", "True", "False", "''", "1", "-1"]):
        if text != site.text():
            yield from site.put(text)


def _leave(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Leave in another way: `break` -> `continue`, `return`; `pass` and `return x` -> any of them."""
    start, end = site.source.span(site.node)
    elsewhere = [f"return {site.text(value)}" for value in scope.ingredients.returns]
    for text in dict.fromkeys(["break", "continue", "return", *elsewhere]):
        if text != site.source.text[start:end] and (text not in {"break", "continue"} or in_loop(site)):
            yield site.edit(start, end, text)


def _yield(site: Site, _: Scope) -> Iterator[Replacement]:
    """Exchange `yield`, `yield from` and `return`, or return the value of an expression statement."""
    node = site.node
    assert isinstance(node, ast.Return | ast.Expr)
    start, end = site.source.span(node)
    value = node.value
    if isinstance(value, ast.Yield | ast.YieldFrom):
        inner = f" {site.text(value.value)}" if value.value else ""
        word = "yield from" if isinstance(value, ast.Yield) else "yield"
        for text in (f"{word}{inner}", f"return{inner}"):
            yield site.edit(start, end, text)
    elif isinstance(node, ast.Expr) and not isinstance(value, ast.Constant):
        yield site.edit(start, end, f"return {site.text(value)}", weight=0.5)
        if isinstance(value, ast.Call):
            yield site.edit(start, end, f"yield from {site.text(value)}", weight=0.3)
    elif isinstance(node, ast.Return) and value:
        for text in (f"yield {site.text(value)}", f"yield from {site.text(value)}"):
            yield site.edit(start, end, text, weight=0.3)


OPERATORS = (
    PythonOperator("return-value", IDENTIFIER / 4, 3, 6, (ast.expr,), _value),
    PythonOperator("leave", RARE * 2, 1, 4, (ast.Break, ast.Continue, ast.Pass, ast.Return), _leave),
    PythonOperator("yield-or-return", RARE, 4, 2, (ast.Return, ast.Expr), _yield),
)
