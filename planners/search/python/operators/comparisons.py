"""Comparisons, arithmetic and Boolean operators exchanged for others of their kind.

PraPR's conditional and math mutators (Ghanbari, Benton and Zhang, ISSTA 2019), TBar's FP11 "mutate operators" (Liu et
al., ISSTA 2019); TSSB-3M's "change binary operator".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import BINARY_OPERATOR
from planners.search.python.precedence import binding
from planners.search.python.scope import Scope

__all__ = ["OPERATORS", "compare"]

_COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">", ">=", "!=", "=="),
    ast.LtE: ("<", ">=", ">", "!=", "=="),
    ast.Gt: (">=", "<", "<=", "!=", "=="),
    ast.GtE: (">", "<=", "<", "!=", "=="),
    ast.Eq: ("!=", "<=", ">=", "<", ">", "in", "is"),
    ast.NotEq: ("==", "<", ">", "<=", ">=", "not in", "is not"),
    ast.In: ("not in", "=="),
    ast.NotIn: ("in", "!="),
    ast.Is: ("is not", "=="),
    ast.IsNot: ("is", "!="),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-", "*", "//", "%", "/"),
    ast.Sub: ("+", "*", "//", "/", "%"),
    ast.Mult: ("+", "**", "//", "/", "-", "%"),
    ast.Div: ("//", "*", "%", "-"),
    ast.FloorDiv: ("/", "%", "*", "-"),
    ast.Mod: ("//", "/", "*", "-", "+"),
    ast.Pow: ("*", "+", "//"),
    ast.BitAnd: ("|", "^", "%"),
    ast.BitOr: ("&", "^", "+"),
    ast.BitXor: ("&", "|", "+"),
    ast.LShift: (">>", "*"),
    ast.RShift: ("<<", "//"),
    ast.MatMult: ("*",),
}
_ALIKE = 2
_PARSED: dict[str, ast.operator] = {
    text: node.op
    for text in ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>")
    if isinstance(node := ast.parse(f"a {text} b", mode="eval").body, ast.BinOp)
}
_COMPARISON = re.compile(r"<=|>=|==|!=|<|>|\bnot\s+in\b|\bis\s+not\b|\bin\b|\bis\b")
_BINARY = re.compile(r"\*\*|//|<<|>>|[-+*/%&|^@]")
_BOOLEAN = re.compile(r"\b(and|or)\b")


def _compare(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change a comparison: `a < b` -> `a <= b`."""
    yield from compare(site)


def compare(site: Site) -> Iterator[Replacement]:
    """The other comparisons in place of each one of a site."""
    assert isinstance(site.node, ast.Compare)
    operands = [site.node.left, *site.node.comparators]
    for place, operator in enumerate(site.node.ops):
        for text in _COMPARISONS[type(operator)]:
            if text.startswith("is") and isinstance(operands[place + 1], ast.Constant):
                continue  # identity with a literal is an accident
            yield from _between(site, operands[place], operands[place + 1], _COMPARISON, text)


def _identity(site: Site, _: Scope) -> Iterator[Replacement]:
    """Compare values, not objects: `a is b` -> `a == b`.

    None and other single objects, classes and what is named like a constant are compared as objects on purpose.
    """
    node = site.node
    assert isinstance(node, ast.Compare)
    match node.ops, node.comparators:
        case [ast.Is() | ast.IsNot() as operator], [
            ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(value=ast.Name(id=name)) as other
        ] if name.strip("_")[:1].islower():
            text = "==" if isinstance(operator, ast.Is) else "!="
            weight = 0.3 if isinstance(other, ast.Attribute) else 1.0
            yield from _between(site, node.left, other, _COMPARISON, text, weight)


def _arithmetic(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change an arithmetic operator: `a + b` -> `a - b`, with and without parentheses if that matters."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if isinstance(node.left, ast.Constant | ast.JoinedStr) and isinstance(getattr(node.left, "value", ""), str):
        return
    for place, text in enumerate(_ARITHMETIC[type(node.op)]):
        weight, level = _weight(place), binding(_PARSED[text])
        yield from _between(site, node.left, node.right, _BINARY, text, weight)
        if level != binding(node.op):
            grouped = f"{site.text(node.left, level)} {text} {site.text(node.right, level + 1)}"
            yield from site.put(grouped, weight=weight / 2)


def _augmented(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change the operator of an augmented assignment: `a += b` -> `a -= b`."""
    node = site.node
    assert isinstance(node, ast.AugAssign)
    for place, text in enumerate(_ARITHMETIC[type(node.op)]):
        yield from _between(site, node.target, node.value, _BINARY, text, _weight(place))


def _weight(place: int) -> float:
    """An operator is usually mistaken for a similar one, and similar ones come first in its list."""
    return 1.0 if place < _ALIKE else 0.3


def _boolean(site: Site, _: Scope) -> Iterator[Replacement]:
    """Exchange `and` and `or`: all of an expression's, then one at a time."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    word = "or" if isinstance(node.op, ast.And) else "and"
    each = [change for left, right in pairwise(node.values) for change in _between(site, left, right, _BOOLEAN, word)]
    if len(each) > 1:
        yield Replacement(tuple(edit for change in each for edit in change.edits))
    yield from each


def _between(
    site: Site, left: ast.expr, right: ast.expr, pattern: re.Pattern[str], text: str, weight: float = 1.0
) -> Iterator[Replacement]:
    """Change only the operator's own characters, unless a comment makes them hard to find."""
    start, end = site.source.span(left)[1], site.source.span(right)[0]
    gap = site.source.text[start:end]
    match = pattern.search(gap)
    if match and "#" not in gap:
        before, after = gap[: match.start()], gap[match.end() :]
        if text[0].isalpha():  # a word needs blanks around it
            text = f"{'' if before else ' '}{text}{'' if after else ' '}"
        yield site.edit(start + match.start(), start + match.end(), text, weight=weight)


OPERATORS = (
    PythonOperator("compare", BINARY_OPERATOR, 3, 3, (ast.Compare,), _compare),
    PythonOperator("identity", BINARY_OPERATOR, 1, 2, (ast.Compare,), _identity),
    PythonOperator("arithmetic", BINARY_OPERATOR, 4, 4, (ast.BinOp,), _arithmetic),
    PythonOperator("augmented-operator", BINARY_OPERATOR, 3, 4, (ast.AugAssign,), _augmented),
    PythonOperator("boolean-operator", BINARY_OPERATOR, 4, 1, (ast.BoolOp,), _boolean),
)
