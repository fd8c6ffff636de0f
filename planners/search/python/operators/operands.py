"""Operands dropped, exchanged and replaced.

TSSB-3M's "change binary operand"; PraPR's argument and operand propagation; GenProg's deletion at the expression level.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import BINARY_OPERAND, LOOSER_IF, RARE, STRICTER_IF
from planners.search.python.precedence import binding
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_SIGNS: dict[type[ast.operator], str] = {
    type(node.op): sign
    for sign in ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>", "@")
    if isinstance(node := ast.parse(f"a {sign} b", mode="eval").body, ast.BinOp)
}


_COMMUTATIVE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def _drop(site: Site, _: Scope) -> Iterator[Replacement]:
    """Drop an operand: `a + b` -> `a`, `b`; `a ** b * c` -> `a ** c`."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    for side in (node.left, node.right):
        yield from site.put(site.text(side))
    if isinstance(node.left, ast.BinOp) and binding(node.left.op) > binding(node.op):
        yield from _operation(site, node.left.left, node.left.op, node.right)
    if isinstance(node.right, ast.BinOp) and binding(node.right.op) > binding(node.op):
        yield from _operation(site, node.left, node.right.op, node.right.right)


def _operation(site: Site, left: ast.expr, operator: ast.operator, right: ast.expr) -> Iterator[Replacement]:
    level = binding(operator) + 1
    yield from site.put(f"{site.text(left, level)} {_SIGNS[type(operator)]} {site.text(right, level)}")


def _drop_condition(site: Site, _: Scope) -> Iterator[Replacement]:
    """Drop a part of a condition: `a and b` -> `a`, `b`."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    word, level = (" and ", 5) if isinstance(node.op, ast.And) else (" or ", 4)
    texts = [site.text(value, level) for value in node.values]
    for place in reversed(range(len(texts))):
        yield from site.put(word.join([*texts[:place], *texts[place + 1 :]]))


def _swap(site: Site, _: Scope) -> Iterator[Replacement]:
    """Swap operands: `a - b` -> `b - a`, `a or b` -> `b or a`, `a in b` -> `b in a`.

    Sums and products only as a last resort.
    """
    node = site.node
    if isinstance(node, ast.BinOp):
        weight = 0.2 if isinstance(node.op, _COMMUTATIVE) else 1.0
        yield from (
            replacement._replace(weight=weight) for replacement in _operation(site, node.right, node.op, node.left)
        )
    elif isinstance(node, ast.BoolOp):
        word = " and " if isinstance(node.op, ast.And) else " or "
        texts = [site.text(value, 5) for value in node.values]
        for place in range(1, len(texts)):
            yield from site.put(word.join([texts[place], *texts[:place], *texts[place + 1 :]]))
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        word = "in" if isinstance(node.ops[0], ast.In) else "not in"
        yield from site.put(f"{site.text(node.comparators[0], 7)} {word} {site.text(node.left, 7)}")


def _replace(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace an operand by a variable: `a + f(x)` -> `a + b`."""
    node, parent = site.node, site.parent
    assert isinstance(node, ast.expr)
    if not isinstance(parent, ast.BinOp | ast.Compare | ast.AugAssign | ast.Subscript) or site.field == "target":
        return
    if isinstance(node, ast.Name | ast.Constant | ast.Slice) or not isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        return
    for text in [*scope.names(node), *scope.ingredients.fields]:
        yield from site.put(text)


def _regroup(site: Site, _: Scope) -> Iterator[Replacement]:
    """Group operands differently: `a - b * c` -> `(a - b) * c`."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    outer = _SIGNS[type(node.op)]
    if isinstance(node.right, ast.BinOp):
        inner, level = _SIGNS[type(node.right.op)], 13
        left, middle, right = (site.text(part, level) for part in (node.left, node.right.left, node.right.right))
        yield from site.put(f"({left} {outer} {middle}) {inner} {right}")
    if isinstance(node.left, ast.BinOp):
        inner, level = _SIGNS[type(node.left.op)], 13
        left, middle, right = (site.text(part, level) for part in (node.left.left, node.left.right, node.right))
        yield from site.put(f"{left} {inner} ({middle} {outer} {right})")


OPERATORS = (
    PythonOperator("drop-operand", BINARY_OPERAND / 4, 4, 2, (ast.BinOp,), _drop),
    PythonOperator("drop-condition", (STRICTER_IF + LOOSER_IF) / 3, 4, 2, (ast.BoolOp,), _drop_condition),
    PythonOperator("swap-operands", RARE * 2, 2, 1, (ast.BinOp, ast.BoolOp, ast.Compare), _swap),
    PythonOperator("replace-operand", BINARY_OPERAND / 3, 8, 5, (ast.expr,), _replace),
    PythonOperator("regroup", RARE, 4, 1, (ast.BinOp,), _regroup),
)
