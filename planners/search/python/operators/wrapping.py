"""Expressions wrapped in a call, an operation, a slice or brackets.

TSSB-3M's "add function around expression", "change binary operand" (an operand added) and "add element".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import ADD_ELEMENT, BINARY_OPERAND, RARE, WRAP_IN_CALL
from planners.search.python.precedence import UNARY, binding
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_CALLS = (
    "abs",
    "len",
    "int",
    "str",
    "sorted",
    "list",
    "set",
    "sum",
    "float",
    "round",
    "tuple",
    "max",
    "min",
    "reversed",
)
_TRUTHS = (ast.Compare, ast.BoolOp)
_STRINGS = (ast.JoinedStr, ast.FormattedValue, ast.Slice, ast.Starred)


def _loaded(site: Site) -> bool:
    """Whether the site is a value that another may replace."""
    node = site.node
    if isinstance(node, _STRINGS) or site.field == "func" or isinstance(site.parent, ast.Expr | ast.JoinedStr):
        return False
    if isinstance(site.parent, ast.Attribute) and isinstance(node, ast.Name) and node.id in {"self", "cls"}:
        return False
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _wrap(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Wrap a value in a call: `x` -> `abs(x)`, `sorted(x)`, or a function of the file.

    That function has one parameter. `a or b` is wrapped too, if it is a value.
    """
    node = site.node
    if not _loaded(site) or isinstance(node, ast.Compare | ast.Constant):
        return
    if isinstance(node, ast.BoolOp) and site.field not in {"value", "args", "iter", "elts"}:
        return
    kind = scope.kind(node.id) if isinstance(node, ast.Name) else frozenset()
    if "callable" in kind:
        return
    inside = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    own = [name for name in scope.functions if scope.arity.get(name, 1) == 1]
    for name in dict.fromkeys([*own, *_CALLS]):
        if name == inside or ("number" in kind and name in _OF_COLLECTIONS):
            continue
        yield from site.put(f"{name}({site.text()})", weight=1.0 if name in own or name in _CALLS[:6] else 0.6)


def _convert(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace a variable by a call on another one: `x` -> `f(y)`."""
    node = site.node
    assert isinstance(node, ast.Name)
    if not _loaded(site):
        return
    own = [name for name in scope.functions if scope.arity.get(name, 1) == 1]
    for other in scope.names(node):
        if other != node.id and "callable" not in scope.kind(other):
            for name in dict.fromkeys([*own, *_CALLS, *_CONVERSIONS]):
                yield from site.put(f"{name}({other})")


_CONVERSIONS = ("bin", "hex", "ord", "chr", "repr")
_OF_COLLECTIONS = frozenset({"len", "sorted", "list", "set", "sum", "tuple", "max", "min", "reversed"})


def _clamp(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Limit a value: `x` -> `max(x, 0)`, `min(x, name)`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if not _loaded(site) or isinstance(node, (*_TRUTHS, ast.Constant)):
        return
    if isinstance(node, ast.Name) and scope.kind(node.id) & {"sequence", "callable"}:
        return
    if site.field not in {"value", "args", "left", "right", "slice", "lower", "upper", "comparators", "elts"}:
        return
    names = [name for name in scope.names(node) if not scope.kind(name) & {"sequence", "callable", "object"}]
    items = [site.text(item) for item in scope.ingredients.expressions if isinstance(item, ast.Subscript)]
    for bound in ["0", "1", *names, *items[:4]]:
        if bound != site.text():
            yield from site.put(f"max({bound}, {site.text()})")
            yield from site.put(f"min({bound}, {site.text()})")


def _operate(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add an operand: `x` -> `x + name`, `x - name`, `x * 2`, `x ** 2`, `x // 2`, `x % 2`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if not _loaded(site) or isinstance(node, _TRUTHS) or isinstance(site.parent, ast.Attribute):
        return
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
        return
    kind = scope.kind(node.id) if isinstance(node, ast.Name) else frozenset()
    if "callable" in kind:
        return
    for name in scope.names(node):
        if scope.kind(name) & {"callable"} or (isinstance(node, ast.Name) and name == node.id):
            continue
        likely = not kind or scope.alike(name, site.text())
        yield from _operation(site, "+-", name, 1.0 if likely else 0.3)
    if "sequence" not in kind:
        for constant in dict.fromkeys(["2", *(text for text in scope.ingredients.constants if text.isdigit())]):
            yield from _operation(site, ("*", "//", "%", "**", "/"), constant, 0.6)
        for name in scope.names(node):
            if not scope.kind(name) & {"callable", "sequence", "object"}:
                yield from _operation(site, ("*", "//", "%", "/"), name, 0.4)


def _operation(site: Site, signs: str | tuple[str, ...], operand: str, weight: float) -> Iterator[Replacement]:
    for sign in signs:
        level = binding(ast.parse(f"a {sign} b", mode="eval").body.op)  # type: ignore[attr-defined]
        yield from site.put(f"{site.text(level=level + (sign == '**'))} {sign} {operand}", weight=weight)


def _slice(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Take an element or a slice: `x` -> `x[1:]`, `x[:-1]`, `x[::-1]`, `x[:n]`, `x[0]`, `x[i]`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if not _loaded(site) or isinstance(node, (*_TRUTHS, ast.Constant, ast.BinOp)):
        return
    kind = scope.kind(node.id) if isinstance(node, ast.Name) else frozenset()
    if kind and not kind & {"sequence", "element"}:
        return
    for text in ("1:", ":-1", "::-1", "0", "-1", "1", ":", "::2"):
        yield from site.put(f"{site.atom()}[{text}]")
    for name in scope.names(node):
        if name != site.text() and not scope.kind(name) & {"callable", "sequence"}:
            for text in (f":{name}", f"{name}:", name):
                yield from site.put(f"{site.atom()}[{text}]", weight=0.7)


def _enclose(site: Site, _: Scope) -> Iterator[Replacement]:
    """Put a value into a collection: `x` -> `[x]`, `(x,)`, `{x}`."""
    if _loaded(site) and not isinstance(site.parent, ast.Attribute):
        for opening, closing in (("[", "]"), ("(", ",)"), ("{", "}")):
            yield from site.put(f"{opening}{site.text()}{closing}")


def _nest(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Nest a call: `f(a, b)` -> `f(f(a, b), b)`; in a recursive function also `x` -> `f(x)`."""
    node = site.node
    if isinstance(node, ast.Call):
        arguments = [site.text(argument, 0) for argument in node.args]
        for place in range(len(arguments)):
            nested = [*arguments[:place], site.text(), *arguments[place + 1 :]]
            yield from site.put(f"{site.atom(node.func)}({', '.join(nested)})")
    if not _loaded(site) or not isinstance(scope.function, FUNCTIONS) or isinstance(node, ast.Constant):
        return
    name, parameters = scope.function.name, scope.parameters
    for place in range(len(parameters)):
        called = [*parameters[:place], site.text(), *parameters[place + 1 :]]
        yield from site.put(f"{name}({', '.join(called)})")


def _negative(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change a sign: `x` -> `-x`, `-x` -> `x`."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Invert):
        yield from site.put(site.text(node.operand))
        return
    collection = isinstance(node, ast.Name) and scope.kind(node.id) & {"sequence", "callable", "object"}
    if (
        _loaded(site)
        and not isinstance(node, _TRUTHS)
        and not isinstance(site.parent, ast.Attribute)
        and not collection
    ):
        yield from site.put(f"-{site.text(level=UNARY)}")


_VALUES = (ast.Name, ast.Call, ast.BinOp, ast.Subscript, ast.Attribute, ast.ListComp, ast.GeneratorExp, ast.IfExp)

OPERATORS = (
    PythonOperator("wrap", WRAP_IN_CALL, 20, 10, (*_VALUES, ast.BoolOp), _wrap),
    PythonOperator("operate", BINARY_OPERAND / 2, 20, 8, (*_VALUES, ast.Constant), _operate),
    PythonOperator("clamp", WRAP_IN_CALL / 4, 12, 4, _VALUES, _clamp),
    PythonOperator("slice", ADD_ELEMENT, 20, 8, _VALUES, _slice),
    PythonOperator("enclose", ADD_ELEMENT / 4, 20, 2, (*_VALUES, ast.Constant, ast.Tuple), _enclose),
    PythonOperator("nest", WRAP_IN_CALL / 8, 20, 2, _VALUES, _nest),
    PythonOperator("convert", WRAP_IN_CALL / 4, 20, 60, (ast.Name,), _convert, width=1),
    PythonOperator("negative", RARE * 2, 10, 1, (*_VALUES, ast.UnaryOp), _negative),
)
