"""Precedence: when an expression needs parentheses (the table of the Python reference, "Operator precedence")."""

from __future__ import annotations

import ast

__all__ = ["AND", "ATOM", "NOT", "TEST", "UNARY", "binding", "precedence", "required"]

WALRUS, TEST, OR, AND, NOT, COMPARE = 0, 2, 3, 4, 5, 6
BIT_OR, UNARY, POWER, AWAIT, ATOM = 7, 13, 14, 15, 16

_OPERATORS: dict[type[ast.operator], int] = {
    ast.BitOr: BIT_OR,
    ast.BitXor: 8,
    ast.BitAnd: 9,
    ast.LShift: 10,
    ast.RShift: 10,
    ast.Add: 11,
    ast.Sub: 11,
    ast.Mult: 12,
    ast.MatMult: 12,
    ast.Div: 12,
    ast.FloorDiv: 12,
    ast.Mod: 12,
    ast.Pow: POWER,
}


def binding(operator: ast.operator) -> int:
    """How tightly a binary operator binds."""
    return _OPERATORS[type(operator)]


def precedence(node: ast.expr) -> int:
    """The precedence of an expression; higher binds tighter."""
    match node:
        case ast.NamedExpr() | ast.Yield() | ast.YieldFrom() | ast.Starred():
            return WALRUS
        case ast.Lambda() | ast.IfExp():
            return TEST
        case ast.BoolOp():
            return OR if isinstance(node.op, ast.Or) else AND
        case ast.UnaryOp():
            return NOT if isinstance(node.op, ast.Not) else UNARY
        case ast.Compare():
            return COMPARE
        case ast.BinOp():
            return binding(node.op)
        case ast.Await():
            return AWAIT
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and value < 0:
            return UNARY
    return ATOM


def required(parent: ast.AST, field: str) -> int:
    """The precedence that an expression needs in a parent's field without parentheses."""
    match parent:
        case ast.Attribute() | ast.Await():
            return ATOM
        case ast.Subscript() | ast.Call() if field in {"value", "func"}:
            return ATOM
        case ast.BoolOp():
            return AND if isinstance(parent.op, ast.Or) else NOT
        case ast.UnaryOp():
            return NOT if isinstance(parent.op, ast.Not) else UNARY
        case ast.Compare() | ast.Starred():
            return BIT_OR
        case ast.BinOp():
            if isinstance(parent.op, ast.Pow):
                return AWAIT if field == "left" else UNARY
            return binding(parent.op) + (field == "right")
        case ast.comprehension():
            return OR
        case ast.IfExp() if field != "orelse":
            return OR
    return TEST
