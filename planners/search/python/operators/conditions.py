"""Conditions negated, tightened, loosened and replaced.

TSSB-3M's "more specific if" and "less specific if"; TBar's FP6 "mutate conditional expression"; SPR's and Prophet's
condition refinement (Long and Rinard, FSE 2015, POPL 2016).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from itertools import combinations

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import BOOLEAN, LOOSER_IF, RARE, STRICTER_IF
from planners.search.python.operators.predicates import first_predicates
from planners.search.python.precedence import AND, NOT
from planners.search.python.scope import Scope

__all__ = ["OPERATORS", "is_condition"]


def is_condition(site: Site) -> bool:
    """Whether the site decides something: a test, a part of one, or a returned comparison."""
    node, parent, field = site.node, site.parent, site.field
    if field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension)):
        return True
    if isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
        return True
    return isinstance(node, ast.Compare | ast.BoolOp) and isinstance(parent, ast.Return | ast.Assign)


def _negate(site: Site, _: Scope) -> Iterator[Replacement]:
    """Negate a condition: `c` -> `not c`, `not c` -> `c`.

    A single comparison is left to `compare`.
    """
    node = site.node
    assert isinstance(node, ast.expr)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from site.put(site.text(node.operand))
    elif is_condition(site) and not isinstance(node, ast.Compare | ast.Constant):
        yield from site.put(f"not {site.text(level=NOT)}")
    elif site.field in {"value", "elt", "args"} and isinstance(node, ast.Call | ast.Name) and _returned(site):
        yield from site.put(f"not {site.text()}", weight=0.3)


def _returned(site: Site) -> bool:
    return isinstance(site.parent, ast.Return) or (isinstance(site.parent, ast.GeneratorExp) and site.field == "elt")


def _whole(site: Site) -> bool:
    """Whether the site is a condition, but not part of a larger one."""
    return is_condition(site) and not isinstance(site.parent, ast.BoolOp | ast.UnaryOp)


def _tighten(site: Site, scope: Scope, *, wide: bool) -> Iterator[Replacement]:
    """Add a condition with `and`: `c` -> `c and p`, `p and c`."""
    if _whole(site) and not isinstance(site.node, ast.Constant):
        for text in first_predicates(site, scope, wide=wide):
            if text != site.text():
                yield from site.put(f"{site.text(level=AND)} and {text}")
                yield from site.put(f"{text} and {site.text(level=AND)}")


def _loosen(site: Site, scope: Scope, *, wide: bool) -> Iterator[Replacement]:
    """Add a condition with `or`: `c` -> `c or p`, `p or c`."""
    if _whole(site) and not isinstance(site.node, ast.Constant):
        for text in first_predicates(site, scope, wide=wide):
            if text != site.text():
                yield from site.put(f"{site.text(level=3)} or {text}")
                yield from site.put(f"{text} or {site.text(level=3)}")


def _replace(site: Site, scope: Scope, *, wide: bool) -> Iterator[Replacement]:
    """Replace a condition by a simple one on variables in scope: `c` -> `p`.

    A constant condition is likelier to be wrong than another.
    """
    node = site.node
    constant = isinstance(node, ast.Constant)
    returned = isinstance(site.parent, ast.Return) and isinstance(node, ast.Constant) and isinstance(node.value, bool)
    if is_condition(site) or returned:
        if not constant and not wide:
            yield from site.put("True", weight=0.3)
            yield from site.put("False", weight=0.3)
        for text in first_predicates(site, scope, wide=wide):
            yield from site.put(text, weight=1.0 if constant else 0.3)


def _vary(site: Site, _: Scope) -> Iterator[Replacement]:
    """Repeat a condition with two variables exchanged: `c(a, b)` -> `c(a, b) or c(b, a)`.

    Expression templates with other variables: Martinez and Monperrus, "Cardumen" (SSBSE 2018).
    """
    node = site.node
    assert isinstance(node, ast.Compare)
    if not is_condition(site):
        return
    words: tuple[str, ...] = ("and", "or")
    if isinstance(site.parent, ast.BoolOp):
        words = ("and",) if isinstance(site.parent.op, ast.And) else ("or",)
    for first, second in combinations(_names_in(node), 2):
        other = _exchanged(site, node, first, second)
        for word in words:
            yield from site.put(f"{site.text(level=AND)} {word} {other}")


def _names_in(node: ast.AST) -> list[str]:
    called = {part.func for part in ast.walk(node) if isinstance(part, ast.Call)}
    return list(dict.fromkeys(part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part not in called))


def _exchanged(site: Site, node: ast.expr, first: str, second: str) -> str:
    """The text of an expression with two names exchanged."""
    start = site.source.span(node)[0]
    other, text = {first: second, second: first}, site.source.segment(node)
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id in other]
    for part in sorted(names, key=site.source.span, reverse=True):
        begin, end = (place - start for place in site.source.span(part))
        text = text[:begin] + other[part.id] + text[end:]
    return text


def _choice(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change a conditional expression: `a if c else b` -> `b if c else a`, `a`, `b`."""
    node = site.node
    assert isinstance(node, ast.IfExp)
    body, test, other = site.text(node.body, 3), site.text(node.test, 3), site.text(node.orelse)
    yield from site.put(f"{site.text(node.orelse, 3)} if {test} else {site.text(node.body)}")
    yield from site.put(body)
    yield from site.put(other)


def _default(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add a default: `return x` -> `return x if x else 0`, `return x or y`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if not isinstance(site.parent, ast.Return | ast.Assign) or site.field != "value":
        return
    for other in ("None", "0", "[]", "''", "False", *scope.names(node)):
        for test in scope.parameters:
            if "callable" not in scope.kind(test):
                yield from site.put(f"{site.text(level=3)} if {test} else {other}")


_TESTS = (ast.expr,)
_VALUES = (ast.Name, ast.Call, ast.BinOp, ast.Subscript, ast.Attribute)

OPERATORS = (
    PythonOperator("negate", (STRICTER_IF + LOOSER_IF) / 4, 4, 1, _TESTS, _negate),
    PythonOperator("tighten", STRICTER_IF, 4, 16, _TESTS, partial(_tighten, wide=False)),
    PythonOperator("loosen", LOOSER_IF, 4, 8, _TESTS, partial(_loosen, wide=False)),
    PythonOperator("replace-condition", BOOLEAN / 2, 4, 8, _TESTS, partial(_replace, wide=False)),
    PythonOperator("vary-condition", (STRICTER_IF + LOOSER_IF) / 8, 4, 4, (ast.Compare,), _vary),
    PythonOperator("choice", RARE * 2, 1, 2, (ast.IfExp,), _choice),
    PythonOperator("default-value", RARE, 4, 10, _VALUES, _default, width=1),
    PythonOperator("tighten-wide", STRICTER_IF / 2, 4, 40, _TESTS, partial(_tighten, wide=True), width=1),
    PythonOperator("loosen-wide", LOOSER_IF / 2, 4, 40, _TESTS, partial(_loosen, wide=True), width=1),
    PythonOperator("replace-condition-wide", RARE, 4, 40, _TESTS, partial(_replace, wide=True), width=1),
)
