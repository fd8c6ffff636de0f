"""Exceptions raised, caught and handled: another type, one more type, a handler around a statement.

TBar's FP4.3 "surround with try-catch" (Liu et al., ISSTA 2019); "throw addition" and "try-catch addition" among the
repair actions of Sobreira et al., "Dissection of a Bug Dataset" (SANER 2018).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import in_loop, insert
from planners.search.python.operators.frequencies import RARE, STATEMENT
from planners.search.python.operators.predicates import first_predicates
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, is_docstring

__all__ = ["OPERATORS"]

_USUAL = ("ValueError", "TypeError", "KeyError", "IndexError", "AttributeError")
_OTHERS = (
    "ZeroDivisionError",
    "StopIteration",
    "OSError",
    "FileNotFoundError",
    "UnicodeDecodeError",
    "OverflowError",
    "RuntimeError",
    "NotImplementedError",
    "LookupError",
    "Exception",
)
_ENDINGS = ("Error", "Exception", "Warning", "Exit", "Stop", "Timeout", "Interrupt")
_TESTS = 12


def _own(scope: Scope) -> list[str]:
    """The exceptions that the file defines or imports, by their names."""
    return [name for name in scope.functions if name.endswith(_ENDINGS)]


def _types(scope: Scope) -> list[str]:
    """Names of exceptions; exceptions of the file come first."""
    return list(dict.fromkeys([*_own(scope), *_USUAL, *_OTHERS]))


def _exception(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Catch or raise another exception, of the file or a usual one."""
    node = site.node
    assert isinstance(node, ast.Name)
    raised = isinstance(site.parent, ast.Raise) or (
        isinstance(site.parent, ast.Call) and isinstance(site.source.parents[site.parent][0], ast.Raise)
    )
    caught = isinstance(site.parent, ast.ExceptHandler)
    if (raised and site.field in {"func", "exc"}) or caught:
        for name in _types(scope):
            if name != node.id:
                yield from site.put(name)


def _caught(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Catch one more exception, or one fewer: `except A:` -> `except (A, B):`."""
    node = site.node
    if not isinstance(site.parent, ast.ExceptHandler) or site.field != "type" or not isinstance(node, ast.expr):
        return
    known = node.elts if isinstance(node, ast.Tuple) else [node]
    texts = [site.text(caught) for caught in known]
    for name in _types(scope):
        if name not in texts:
            yield from site.put(f"({', '.join([*texts, name])})")
    for text in texts if len(texts) > 1 else ():
        yield from site.put(f"({', '.join(other for other in texts if other != text)},)", weight=0.5)


def _handle(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Handle an exception that a statement may raise: `s` -> `try: s`, `except E: ...`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    place = site.source.lines(node)
    if place is None or not isinstance(scope.function, FUNCTIONS) or not _may_raise(node):
        return
    start, stop, indent = place
    text = site.source.text[start:stop]
    if site.source.line_of(stop - 1) != node.lineno or not text.endswith("\n"):
        return
    step, newline = ("\t" if indent.endswith("\t") else "    "), site.source.newline
    for name in _types(scope):
        for action in _instead(site, scope):
            handler = f"{indent}except {name}:{newline}{indent}{step}{action}{newline}"
            yield site.lines(start, stop, f"{indent}try:{newline}{step}{text}{handler}")


def _may_raise(node: ast.stmt) -> bool:
    return any(isinstance(part, ast.Call | ast.Subscript | ast.Attribute | ast.BinOp) for part in ast.walk(node))


def _instead(site: Site, scope: Scope) -> list[str]:
    """The possible bodies of a handler: another value, a return, an exception of the file."""
    statements = ["continue"] if in_loop(site) else []
    match site.node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Name(id=argument)])):
            statements += [f"{name} = None", f"{name} = {argument}"]
        case ast.Assign(targets=[ast.Name(id=name)]):
            statements.append(f"{name} = None")
    known = [
        f"return {site.text(value)}"
        for value in scope.ingredients.returns
        if isinstance(value, ast.Constant | ast.Name)
    ]
    return list(dict.fromkeys([*statements, *known[:2], "return None", "pass", "return False", *_raises(scope)]))[:7]


def _raises(scope: Scope) -> list[str]:
    return [f"raise {name}" for name in [*_own(scope)[:2], "ValueError"]]


def _refuse(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Raise an exception before a statement: `if not x: raise ValueError`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if not isinstance(scope.function, FUNCTIONS) or site.parent is not scope.function or is_docstring(node):
        return
    elsewhere = [f"raise {site.text(node.exc)}" for node in scope.nodes if isinstance(node, ast.Raise) and node.exc]
    raised = dict.fromkeys([*elsewhere[:3], *_raises(scope), "raise TypeError"])
    for test in list(first_predicates(site, scope, wide=False))[:_TESTS]:
        for statement in raised:
            yield from insert(site, f"if {test}:\n    {statement}")


OPERATORS = (
    PythonOperator("catch", RARE * 2, 1, 12, (ast.expr,), _caught),
    PythonOperator("exception", RARE * 2, 1, 4, (ast.Name,), _exception),
    PythonOperator("refuse", STATEMENT / 4, 4, 40, (ast.stmt,), _refuse),
    PythonOperator("handle", STATEMENT / 4, 8, 60, (ast.Assign, ast.Return, ast.Expr, ast.AugAssign), _handle),
)
