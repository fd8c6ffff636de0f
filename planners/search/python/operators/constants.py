"""Constants changed, and whole-number expressions moved by one.

TSSB-3M's "change numeral" and "change boolean literal"; PraPR's constant and increment mutators; TBar's FP9 "mutate
literal expression".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import BOOLEAN, NUMERAL, RARE
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_SIGNS = ("()[]{}<>", ",;:. \t\n", "+-*/", "'\"`", "_- ", "/\\|")
"""Characters that are mistaken for one another: brackets, separators, signs, quotes."""

_ALIKE = 0.75
"""The minimum similarity of a word and its misspelling (difflib's ratio)."""

_LEAST_TEXT, _REWORDED = 3, 0.6
"""The shortest text that is reworded, and its minimum similarity with the new one (difflib's ratio)."""

_FIGURES = re.compile(r"\d+")
_COUNTED_CALLS = frozenset({"len", "int", "abs", "min", "max", "sum", "ord", "round", "count", "index", "find"})


def _number(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change a number: `1` -> `2`, `0`, `-1`, then other numbers of the function."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return
    if isinstance(node.value, float):
        near = [repr(value) for value in (0.0, 1.0, node.value * 10, node.value / 10, node.value + 1, node.value - 1)]
    else:
        near = [str(value) for value in dict.fromkeys([node.value + 1, node.value - 1, 0, 1, 2, -1, -node.value])]
    for text in dict.fromkeys([*near, *(text for text in scope.ingredients.constants if text[0] not in "'\"bruf")]):
        yield from site.put(text)


def _string(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change a string: to another one of the function, another case, an empty one or a blank."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if not isinstance(node.value, str) or isinstance(site.parent, ast.Expr | ast.JoinedStr):
        return
    others = [text for text in scope.ingredients.constants if text[0] in "'\"r" and text != site.text()]
    variants = [
        node.value.strip(),
        node.value.lower(),
        node.value.upper(),
        "",
        " ",
        node.value + " ",
        node.value + "\n",
    ]
    for text in dict.fromkeys([*others, *(repr(value) for value in variants if value != node.value)]):
        yield from site.put(text)


def _misspelt(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Correct a misspelt string: to a similar word of the file or a failing test, or another character of its kind."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if not isinstance(node.value, str) or isinstance(site.parent, ast.Expr | ast.JoinedStr):
        return
    if len(node.value) == 1:
        for family in _SIGNS:
            if node.value in family:
                for sign in family:
                    yield from site.put(repr(sign))
    elif node.value:
        words = dict.fromkeys([*scope.evidence.words, *scope.ingredients.words])
        for word in get_close_matches(node.value, [word for word in words if word != node.value], 3, _ALIKE):
            yield from site.put(repr(word))


def _reworded(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Reword a text in words of which a test gets another version; a result of its own, and figures, are left alone."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if (
        not isinstance(node.value, str)
        or len(node.value) < _LEAST_TEXT
        or isinstance(site.parent, ast.Expr | ast.Return)
    ):
        return
    for got, wanted in scope.evidence.compared:
        before, _, after = got.partition(node.value)
        if node.value in got and wanted.startswith(before) and wanted.endswith(after):
            new = wanted[len(before) : max(len(before), len(wanted) - len(after))]
            figures = _FIGURES.findall(new) == _FIGURES.findall(node.value)
            if new != node.value and figures and SequenceMatcher(None, node.value, new).ratio() >= _REWORDED:
                yield from site.put(repr(new))


def _documented(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Replace a number or a string by one from the documentation of the function.

    Documentation often specifies such values.
    """
    node = site.node
    assert isinstance(node, ast.Constant)
    numbers, texts = scope.ingredients.documented
    if isinstance(site.parent, ast.Expr | ast.JoinedStr) or isinstance(node.value, bool):
        return
    if isinstance(node.value, str):
        for text in texts:
            yield from site.put(repr(text))
    elif isinstance(node.value, int | float):
        for number in numbers:
            yield from site.put(number)


def _far_number(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change an integer by more than one: some steps up or down, double, half, a round number."""
    node = site.node
    assert isinstance(node, ast.Constant)
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        value = node.value
        steps = [value + step for far in (2, 3, 4, 5) for step in (far, -far)]
        for number in dict.fromkeys([*steps, value * 2, value // 2, value * 10, *range(3, 11), 16, 32, 64, 100, 1000]):
            yield from site.put(str(number))


def _singleton(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change `True`, `False` or `None`: `True` -> `False`, `None` -> `0`, `False`, `[]`.

    As a default, `None` says that nothing was given: another one is an initial value.
    """
    node = site.node
    assert isinstance(node, ast.Constant)
    if isinstance(site.parent, ast.Expr):
        return
    if isinstance(node.value, bool):
        yield from site.put(str(not node.value))
        yield from site.put("None", weight=0.3)
    elif node.value is None and site.field not in {"defaults", "kw_defaults"}:
        for text in ("0", "False", "True", "[]", "''", "{}", "1", "float('inf')"):
            yield from site.put(text)


def _literal(site: Site, _: Scope) -> Iterator[Replacement]:
    """Change an initial value: `0` -> `None`, `[]` -> `{}`, `''`, `float('inf')`."""
    texts = ("None", "[]", "''", "{}", "set()", "0", "1", "float('inf')", "-float('inf')", "True", "False", "0.0")
    node = site.node
    plain = isinstance(node, ast.Constant) or (isinstance(node, ast.List | ast.Dict) and not _elements(node))
    if plain and site.field in {"value", "defaults", "kw_defaults", "elts"} and not isinstance(site.parent, ast.Expr):
        for text in texts:
            yield from site.put(text)


def _elements(node: ast.List | ast.Dict) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List) else node.values


def _off_by_one(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add or subtract one where a number is expected: `n` -> `n + 1`, `n - 1`."""
    node = site.node
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(site.parent, ast.Expr):
        return
    weight = _countable(site, scope)
    if weight:
        # An existing step is changed as a constant.
        stepped = isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
        level = 2 if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) else 12
        for sign in "+-":
            yield from site.put(f"{site.text(level=level)} {sign} 1", weight=weight * (0.3 if stepped else 1.0))


def _countable(site: Site, scope: Scope) -> float:
    """How likely this is a whole number: in an index, a bound, a comparison or a sum."""
    node, parent, field = site.node, site.parent, site.field
    if isinstance(node, ast.Name) and scope.kind(node.id) & {"sequence", "callable", "object"}:
        return 0.0
    match parent:
        case ast.Slice():
            return 1.0
        case ast.Subscript() if field == "slice":
            return 1.0 if not isinstance(node, ast.Slice | ast.Tuple) else 0.0
        case ast.Call(func=ast.Name(id="range")):
            return 1.0
        case ast.Compare() if isinstance(parent.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            return 0.7
        case ast.Compare() if isinstance(parent.ops[0], ast.Eq | ast.NotEq):
            return 0.3
        case ast.BinOp() | ast.AugAssign():
            return 0.4
        case ast.Call() if field == "args":
            return 0.4
        case ast.Return() | ast.Assign() | ast.IfExp() | ast.Tuple() | ast.List():
            return 0.4 if _counts(node, scope) else 0.15
        case ast.Dict() | ast.keyword() | ast.Yield() | ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
            return 0.4 if field != "keys" and _counts(node, scope) else 0.0
    return 0.0


def _counts(node: ast.AST, scope: Scope) -> bool:
    match node:
        case ast.BinOp():
            return True
        case ast.Name():
            return "number" in scope.kind(node.id)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in _COUNTED_CALLS
    return False


_NUMERIC = (ast.Name, ast.Call, ast.BinOp, ast.Subscript, ast.Attribute)

OPERATORS = (
    PythonOperator("number", NUMERAL, 5, 3, (ast.Constant,), _number),
    PythonOperator("boolean-constant", BOOLEAN, 2, 1, (ast.Constant,), _singleton),
    PythonOperator("off-by-one", NUMERAL, 12, 2, _NUMERIC, _off_by_one),
    PythonOperator("string", RARE * 4, 4, 4, (ast.Constant,), _string),
    PythonOperator("misspelt", RARE * 2, 4, 3, (ast.Constant,), _misspelt),
    PythonOperator("reworded", NUMERAL, 4, 2, (ast.Constant,), _reworded),
    PythonOperator("documented", RARE * 2, 5, 10, (ast.Constant,), _documented, width=1),
    PythonOperator("far-number", NUMERAL / 4, 5, 20, (ast.Constant,), _far_number, width=1),
    PythonOperator("initial-value", RARE * 4, 4, 8, (ast.Constant, ast.List, ast.Dict), _literal),
)
