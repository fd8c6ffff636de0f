"""Strings that code puts together from constants: `"os" + "._exit"` is the text `os._exit`."""

from __future__ import annotations

import ast
import re

__all__ = ["fold_text"]

_MAX_TEXT = 100_000
_MAX_DEPTH = 20
_FIELDS = re.compile(r"(?:[^{}]|\{\{|\}\}|\{\w*+(?:\[\d++\])*+(?::s)?\})*+")
_METHODS = frozenset({"capitalize", "decode", "encode", "format", "lower", "replace", "strip", "swapcase", "upper"})


def fold_text(node: ast.expr, depth: int = 0) -> str | None:
    """The text of an expression of constants; None for any other. Bytes count as text, one character each."""
    value = _fold(node, depth)
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else None


def _fold(node: ast.expr, depth: int) -> str | bytes | None:
    if depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=str() | bytes() as value):
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined("", [left, right], depth)
        case ast.JoinedStr(values=values):
            return _joined("", values, depth)
        case ast.FormattedValue(value=value, format_spec=None):
            return _fold(value, depth + 1)
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
            whole = _fold(value, depth + 1)
            bounds = [_number(bound) for bound in (lower, upper, step)]
            return whole[slice(*bounds)] if whole is not None and 0 not in bounds[2:] else None
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(code))]) if 0 <= code < 0x110000:
            return chr(code)
        case ast.Call(func=ast.Attribute(value=holder, attr=method), args=arguments, keywords=[]):
            return _called(holder, method, arguments, depth)
    return None


def _called(holder: ast.expr, method: str, arguments: list[ast.expr], depth: int) -> str | bytes | None:
    text = _fold(holder, depth + 1)
    if text is None:
        return None
    if method == "join" and len(arguments) == 1 and isinstance(arguments[0], ast.List | ast.Tuple):
        glue = text.decode("latin-1") if isinstance(text, bytes) else text
        return _joined(glue, arguments[0].elts, depth)
    given = [folded for argument in arguments if (folded := _fold(argument, depth + 1)) is not None]
    if method not in _METHODS or len(given) < len(arguments) or not _is_small(text, method, given):
        return None
    try:
        result = getattr(text, method)(*given)
    except (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError):
        return None
    return result if isinstance(result, str | bytes) and len(result) <= _MAX_TEXT else None


def _is_small(text: str | bytes, method: str, given: list[str | bytes]) -> bool:
    """Whether a call's result is small, before it is made: a width or a repeated text could ask for any amount."""
    longest = max(map(len, given), default=0)
    if method == "format":
        return isinstance(text, str) and bool(_FIELDS.fullmatch(text)) and text.count("{") * longest <= _MAX_TEXT
    return len(text) * (longest + 1 if method == "replace" else 1) <= _MAX_TEXT


def _joined(glue: str, nodes: list[ast.expr], depth: int) -> str | None:
    parts = [fold_text(node, depth + 1) for node in nodes]
    known = [part for part in parts if part is not None]
    size = sum(map(len, known)) + len(glue) * len(known)
    return glue.join(known) if len(known) == len(parts) and size <= _MAX_TEXT else None


def _number(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None
