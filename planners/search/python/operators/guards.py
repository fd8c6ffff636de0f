"""New conditions before and around statements: guards, base cases, early ends of loops.

TBar's FP4 "insert missed statement" and FP2 "insert null pointer checker"; SPR's "condition introduction" and
"conditional control flow introduction" (Long and Rinard, FSE 2015); PAR's null checks (Kim et al., ICSE 2013).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import LOOPS, in_loop, insert, is_first, siblings
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.operators.predicates import first_predicates, of_one
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_RESULTS = ("None", "[]", "0", "False", "True", "''", "1", "-1")
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_TESTS_AT_ENTRY = 10
_OF_ABSENCE = (" is None", " == 0", " < 0")
_NAMES_BEFORE_FAILURE, _TESTS_BEFORE_FAILURE, _RESULTS_BEFORE_FAILURE = 4, 3, 4


def _return_early(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return early, where a function begins: `if not x: return []`."""
    if isinstance(scope.function, FUNCTIONS) and site.parent is scope.function and is_first(site):
        tests = list(first_predicates(site, scope, wide=False))
        for test in tests[:_TESTS_AT_ENTRY]:
            for result in _results(site, scope):
                yield from insert(site, f"if {test}:\n    return {result}".rstrip())


def _results(site: Site, scope: Scope) -> list[str]:
    """Results that the function returns elsewhere, then plain values and parameters; none where it returns nothing."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if scope.is_generator or _returns_nothing(scope):
        return [""]
    known = set(scope.names(node)) | set(scope.functions)
    elsewhere = [site.text(value) for value in scope.ingredients.returns if _uses_only(value, known)]
    usual = _usual(scope)
    return list(dict.fromkeys([*elsewhere, *usual, *_RESULTS, *scope.parameters]))[:12]


def _returns_nothing(scope: Scope) -> bool:
    """Whether each `return` is bare and there is one, or the annotation says that there is no result."""
    assert isinstance(scope.function, FUNCTIONS)
    returns = [node.value for node in scope.nodes if isinstance(node, ast.Return)]
    annotated = scope.function.returns is not None and ast.unparse(scope.function.returns) == "None"
    return annotated or (bool(returns) and not any(returns))


def _usual(scope: Scope) -> list[str]:
    """The empty value of the annotated type of the result, if there is one."""
    assert isinstance(scope.function, FUNCTIONS)
    annotation = ast.unparse(scope.function.returns) if scope.function.returns else ""
    empty = {"int": "0", "str": "''", "bool": "False", "float": "0.0", "list": "[]", "List": "[]", "Optional": "None"}
    return [value for name, value in empty.items() if annotation.startswith(name)]


def _uses_only(value: ast.expr, known: set[str]) -> bool:
    return all(node.id in known for node in ast.walk(value) if isinstance(node, ast.Name))


def _leave_loop(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Leave a loop or continue it: `if p: continue`, `if p: break`, `if p: return x`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    inside = isinstance(site.parent, LOOPS) and site.field == "body"
    at_end = isinstance(site.parent, ast.If) and node is siblings(site)[-1] and not isinstance(node, _LEAVING)
    if not inside and not (at_end and isinstance(site.source.parents[site.parent][0], LOOPS)):
        return
    results = [f"return {site.text(value)}" for value in scope.ingredients.returns]
    for test in first_predicates(site, scope, wide=False):
        for action in ("continue", "break", *results[:3]):
            weight = 1.0 if action == "continue" else 0.6
            yield from insert(site, f"if {test}:\n    {action}", after=at_end, weight=weight)


def _return_later(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return early, before a statement that is not the first of its function."""
    if isinstance(scope.function, FUNCTIONS) and not (site.parent is scope.function and is_first(site)):
        for test in first_predicates(site, scope, wide=False):
            for result in _results(site, scope)[:5]:
                yield from insert(site, f"if {test}:\n    return {result}".rstrip())


def _only_element(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Return the only element of a sequence as it is: `if len(items) == 1: return items[0]`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if isinstance(scope.function, FUNCTIONS) and site.parent is scope.function and _results(site, scope) != [""]:
        bound = [name for name, line in scope.bindings.items() if line < node.lineno]
        for name in [name for name in bound if "sequence" in scope.kind(name) and "set" not in scope.kind(name)]:
            yield from insert(site, f"if len({name}) == 1:\n    return {name}[0]")


def _before_failure(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Leave before a statement that raises, if what it reads is empty or absent: `if not x: return y`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    inner: list[ast.stmt] = getattr(node, "body", [])
    lines = range(node.lineno, inner[0].lineno if inner else (node.end_lineno or node.lineno) + 1)
    if not isinstance(scope.function, FUNCTIONS) or isinstance(node, ast.Raise | ast.Assert):
        return
    if not scope.evidence.raised_in(site.source.path, lines):
        return
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    read = [part.id for part in parts if part.lineno in lines and isinstance(part.ctx, ast.Load)]
    known = [name for name in dict.fromkeys(read) if scope.bindings.get(name, node.lineno) < node.lineno]
    results = [f"return {result}".rstrip() for result in _results(site, scope)[:_RESULTS_BEFORE_FAILURE]]
    actions = ["continue", *results] if in_loop(site) else results
    for name in known[:_NAMES_BEFORE_FAILURE]:
        tests = (test for test in of_one(name, scope) if test.startswith("not ") or test.endswith(_OF_ABSENCE))
        for test in islice(tests, _TESTS_BEFORE_FAILURE):
            for action in actions:
                yield from insert(site, f"if {test}:\n    {action}")


def _end_branch(site: Site, _: Scope) -> Iterator[Replacement]:
    """Add a `break` or a `continue` to a branch in a loop."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if node is not siblings(site)[-1] or isinstance(node, _LEAVING):
        return
    if isinstance(site.parent, ast.If) and isinstance(site.source.parents[site.parent][0], LOOPS):
        for action in ("break", "continue"):
            yield from insert(site, action, after=True)


def _surround(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Make a statement conditional: `s` -> `if p: s`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    place = site.source.lines(node)
    if place is None or not isinstance(scope.function, FUNCTIONS):
        return
    start, stop, indent = place
    text = site.source.text[start:stop]
    if site.source.line_of(stop - 1) != node.lineno or not text.endswith(("\n", "\r")):
        return
    step = "\t" if indent.endswith("\t") else "    "
    for test in first_predicates(site, scope, wide=False):
        moved = f"{indent}if {test}:{site.source.newline}{step}{text}"
        yield site.lines(start, stop, moved)


_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)

OPERATORS = (
    PythonOperator("return-early", STATEMENT, 1, 30, (ast.stmt,), _return_early),
    PythonOperator("only-element", STATEMENT, 4, 4, (ast.stmt,), _only_element),
    PythonOperator("leave-before-failure", STATEMENT, 1, 12, (ast.stmt,), _before_failure),
    PythonOperator("leave-loop", STATEMENT / 2, 4, 30, (ast.stmt,), _leave_loop),
    PythonOperator("end-branch", STATEMENT / 4, 1, 6, (ast.stmt,), _end_branch),
    PythonOperator("surround", STATEMENT / 2, 6, 24, _SIMPLE, _surround),
    PythonOperator("return-later", STATEMENT / 2, 8, 60, (ast.stmt,), _return_later, width=1),
)
