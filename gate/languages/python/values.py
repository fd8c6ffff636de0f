"""Values that code writes as constant expressions, in any spelling: `1700 + 2500`, `int("4200")`, `len("abc")`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from gate.languages.python.folding import fold_text

__all__ = ["Value", "fold_value", "is_specific", "is_telling", "scalars_of", "spelled"]

type Value = bool | int | float | complex | str | bytes | tuple[Value, ...] | None
"""A value; every collection is a tuple, a dictionary one of pairs."""

_LEAST_TEXT, _LEAST_NUMBER = 3, 100
_EMPTY = 2
_MAX_DEPTH, _MAX_SIZE, _MAX_BITS, _MAX_POWER = 12, 1000, 256, 64

_OPERATORS: Mapping[type[ast.operator], Callable[..., Value]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.BitXor: operator.xor,
}  # fmt: skip
_SIGNS: Mapping[type[ast.unaryop], Callable[..., Value]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip
_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": abs, "chr": chr, "float": float, "frozenset": tuple, "int": int, "len": len, "list": tuple, "max": max,
    "min": min, "ord": ord, "round": round, "set": tuple, "str": str, "sum": sum, "tuple": tuple,
}  # fmt: skip


def fold_value(node: ast.expr, depth: int = 0) -> tuple[Value] | None:
    """The value of an expression of constants, alone in a tuple; None for any other, or for what would be huge."""
    if depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=None | bool() | int() | float() | complex() | str() | bytes() as value):
            return (value,) if _is_small(value) else None
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _SIGNS:
            return _applied(_SIGNS[type(sign)], [operand], depth)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], [left, right], depth)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return _all(elements, depth)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            folded = [_all([key, value], depth) for key, value in zip(keys, values, strict=True) if key is not None]
            return (tuple(pair[0] for pair in folded if pair),) if None not in folded else None
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS and arguments:
            return _applied(_FUNCTIONS[name], arguments, depth)
    text = fold_text(node)
    return (text,) if text is not None and _is_small(text) else None


def spelled(value: Value) -> str | None:
    """A scalar in its one spelling: equal numbers have the same, and so has a text as bytes. None for truths."""
    match value:
        case None | bool() | tuple():
            return None
        case bytes():
            return repr(value.decode("latin-1"))
        case float() if value.is_integer():
            return repr(int(value))
    return repr(value)


def scalars_of(value: Value) -> Iterator[str]:
    """The scalars in a value, spelled."""
    if isinstance(value, tuple):
        for inner in value:
            yield from scalars_of(inner)
    elif (text := spelled(value)) is not None:
        yield text


def is_telling(scalar: str) -> bool:
    """Whether a scalar is specific enough to give a test away: no short text, no small round number."""
    if scalar.startswith(("'", '"')):
        return len(scalar) - 2 >= _LEAST_TEXT
    number = _number(scalar)
    return number is None or abs(number) >= _LEAST_NUMBER or number != round(number, 1)


def is_specific(scalar: str) -> bool:
    """Whether a scalar can be an answer that was not guessed: no empty text, and not -1, 0 or 1."""
    return len(scalar) > _EMPTY if scalar.startswith(("'", '"')) else scalar not in {"-1", "0", "1"}


def _number(scalar: str) -> float | None:
    try:
        return float(scalar)
    except (ValueError, OverflowError):
        return None


def _all(nodes: Sequence[ast.expr], depth: int) -> tuple[Value] | None:
    folded = [fold_value(node, depth + 1) for node in nodes[:_MAX_SIZE]]
    known = [value for one in folded if one is not None for value in one]
    return (tuple(known),) if len(known) == len(nodes) else None


def _applied(function: Callable[..., Value], nodes: Sequence[ast.expr], depth: int) -> tuple[Value] | None:
    given = _all(nodes, depth)
    if given is None or not _is_harmless(function, given[0]):
        return None
    with suppress(ArithmeticError, TypeError, ValueError):
        result = function(*given[0])  # type: ignore[misc]
        return (result,) if _is_small(result) else None
    return None


def _is_harmless(function: object, given: Value) -> bool:
    """Whether a result is of limited size, before it is made."""
    assert isinstance(given, tuple)
    if function in (operator.pow, operator.lshift):
        return all(isinstance(one, int | float) and abs(one) <= _MAX_SIZE for one in given) and (
            isinstance(given[1], int | float) and abs(given[1]) <= _MAX_POWER
        )
    if function is operator.mul:
        return all(isinstance(one, int | float | complex) for one in given) or all(
            len(one) <= _MAX_SIZE if isinstance(one, str | bytes | tuple) else isinstance(one, int) and one <= _MAX_SIZE
            for one in given
        )
    return function is not operator.mod or not isinstance(given[0], str | bytes)


def _is_small(value: object) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= _MAX_BITS
    return not isinstance(value, str | bytes | tuple) or len(value) <= _MAX_SIZE
