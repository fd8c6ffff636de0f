"""The simplest equivalent of what an edit made: what a person who meant the same would have written.

An edit that turns `len(v) + 1` into `len(v) + 0` means `len(v)`. The rules are those of any algebra: neutral elements,
double negation, the complement of a comparison, equal branches, conversions of what has that type already. Only
expressions that the edit made are simplified, and the result is tried like every other candidate, so a rule may be
wrong for exotic operands without harm.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from keyword import iskeyword

from planners.search.python.source import fingerprint, parse

__all__ = ["absurd", "simplest"]

_MOST_ROUNDS = 4
_TELLING = re.compile(
    r"\b(?:[01]|and|or|if|is|not|True|False|abs|bool|dict|float|frozenset|int|list|max|min|set|sorted|str|tuple)\b"
    r"|--|- -|[-+]= ?-"
)
"""Only a text with one of these has something to simplify, or to call absurd."""
_LAST = re.compile(r"(\w+|[\])}])\s*$")
"""What a parenthesis after it calls, unless it is a keyword."""
_COMPLEMENTS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
"""Orders are left out: `not a < b` is not `a >= b` for sets or NaN."""
_IDEMPOTENT = frozenset({"bool", "dict", "float", "frozenset", "int", "list", "set", "sorted", "str", "tuple", "abs"})
_SINGLETONS = (type(None), bool, type(Ellipsis))


def simplest(before: str, after: str) -> str:
    """A statement after an edit with the expressions that the edit made simplified; `before` is what it was.

    It is `after` itself, to the letter, if there is nothing to simplify, or if it does not parse.
    """
    if not _TELLING.search(after):
        return after
    try:
        known = {fingerprint(node) for node in ast.walk(parse(before)) if isinstance(node, ast.expr)}
        for _ in range(_MOST_ROUNDS):
            simpler = _simpler(after, known)
            if simpler is None:
                break
            after = simpler
    except (SyntaxError, ValueError, RecursionError):
        pass
    return after


def _simpler(text: str, known: set[str]) -> str | None:
    """The text with one expression simplified that is not in `known`; None if there is none."""
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.AugAssign) and (turned := _turned(text, node)):
            return _replaced(text, node, turned)
        if isinstance(node, ast.expr) and (same := _same(node)) is not None and fingerprint(node) not in known:
            return _replaced(text, node, ast.unparse(same) if same not in ast.walk(node) else _text(text, same))
    return None


def _turned(text: str, node: ast.AugAssign) -> str:
    """The subtraction in place of adding something negative, and the reverse; empty for anything else."""
    match node:
        case ast.AugAssign(target, ast.Add() | ast.Sub() as operator, ast.UnaryOp(ast.USub(), value)):
            sign = "-" if isinstance(operator, ast.Add) else "+"
            return f"{_text(text, target)} {sign}= {_text(text, value)}"
    return ""


def _same(node: ast.expr) -> ast.expr | None:
    """A simpler expression for the same value; None if there is none."""
    match node:
        case ast.BinOp(
            left, ast.Add() | ast.Sub() | ast.BitOr() | ast.BitXor() | ast.LShift() | ast.RShift(), right
        ) if _is(right, 0):
            return left
        case ast.BinOp(left, ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Pow(), right) if _is(right, 1):
            return left
        case ast.BinOp(left, ast.Add(), right) if _is(left, 0):
            return right
        case ast.BinOp(left, ast.Mult(), right) if _is(left, 1):
            return right
        case ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), ast.Compare() as inner)):
            return inner
        case ast.UnaryOp(ast.USub(), ast.UnaryOp(ast.USub(), inner)):
            return inner
        case ast.UnaryOp(ast.Not(), ast.Compare(left, [operator], [right])) if type(operator) in _COMPLEMENTS:
            return ast.Compare(left, [_COMPLEMENTS[type(operator)]()], [right])
        case ast.IfExp(body=body, orelse=other) if fingerprint(body) == fingerprint(other):
            return body
        case ast.BoolOp(values=[left, right]) if fingerprint(left) == fingerprint(right):
            return left
        case ast.BoolOp(ast.And(), [ast.Constant(True), right]) | ast.BoolOp(ast.Or(), [ast.Constant(False), right]):
            return right
        case ast.Call(ast.Name("min" | "max"), [left, right], []) if fingerprint(left) == fingerprint(right):
            return left
        case ast.Call(ast.Name(outer), [ast.Call(ast.Name(inner)) as call], []) if outer == inner in _IDEMPOTENT:
            return call
    return None


def _is(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == number


def _text(text: str, node: ast.expr) -> str:
    """An expression as it stands in the text, in parentheses where it may need them."""
    inner = ast.get_source_segment(text, node) or ast.unparse(node)
    tight = ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript | ast.List | ast.Dict | ast.Set
    return inner if isinstance(node, tight) else f"({inner})"


def _replaced(text: str, node: ast.expr | ast.stmt, by: str) -> str:
    """The text with an expression replaced, without parentheses that it no longer needs."""
    lines = text.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
    last = lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode()
    end = sum(map(len, lines[: node.end_lineno - 1])) + len(last)
    made = text[:start] + by + text[end:]
    return next(shorter for shorter in _without_parentheses(made, start, start + len(by)) if _means(shorter, made))


def _without_parentheses(text: str, start: int, end: int) -> Iterator[str]:
    """The text with fewer and fewer parentheses left out at this place: what is around it, what it has itself."""
    around = text[:start].endswith("(") and text[end:].startswith(")")
    own = text[start:end].startswith("(") and text[start:end].endswith(")")
    before = _LAST.search(text[: start - 1]) if around else None
    if around and (before is None or iskeyword(before.group(1))):
        if own:
            yield text[: start - 1] + text[start + 1 : end - 1] + text[end + 1 :]
        yield text[: start - 1] + text[start:end] + text[end + 1 :]
    if own:
        yield text[:start] + text[start + 1 : end - 1] + text[end:]
    yield text


def _means(one: str, other: str) -> bool:
    try:
        return fingerprint(parse(one)) == fingerprint(parse(other))
    except SyntaxError:
        return one == other


def absurd(before: str, after: str) -> bool:
    """Whether an edit made a comparison by identity with a literal, which Python warns of: it is never meant."""
    try:
        return "is" in after and _identities(after) > _identities(before)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _identities(text: str) -> int:
    """The number of comparisons by identity with a literal other than None, True, False and `...`."""
    return sum(
        isinstance(operator, ast.Is | ast.IsNot)
        and any(isinstance(side, ast.Constant) and not isinstance(side.value, _SINGLETONS) for side in sides)
        for node in ast.walk(parse(text))
        if isinstance(node, ast.Compare)
        for operator, sides in zip(
            node.ops, zip([node.left, *node.comparators], node.comparators, strict=False), strict=True
        )
    )
