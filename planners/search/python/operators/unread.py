"""Variables that get a value which nothing reads, put to use: a part of an expression was forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import IDENTIFIER
from planners.search.python.precedence import ATOM
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS
from planners.search.python.unread import unread

__all__ = ["OPERATORS"]

_VALUES = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp)
_PLACES = frozenset({"value", "args", "left", "right", "comparators", "slice", "lower", "upper", "iter", "elts"})
_OF_PARAMETERS, _COMBINED = 0.3, 0.8
"""The weights of parameters, which an interface may ask for in vain, and of variables beside what is there."""


def _use(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Use a variable that is not read anywhere: `return size` -> `return start`, `return start + size`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if site.field not in _PLACES or isinstance(site.parent, ast.Expr | ast.Attribute):
        return
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or not isinstance(scope.function, FUNCTIONS):
        return
    for name, line in _in_vain(scope).items():
        if line < node.lineno:
            weight = 1.0 if line else _OF_PARAMETERS
            yield from site.put(name, weight=weight)
            text = site.text(level=ATOM)
            if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
                continue
            for combined in (f"{name} + {text}", f"{text} + {name}", f"{text} - {name}", f"{text} * {name}"):
                yield from site.put(combined, weight=weight * _COMBINED)


@lru_cache(maxsize=256)
def _in_vain(scope: Scope) -> Mapping[str, int]:
    """The variables and parameters that nothing reads, by the line of their assignment; parameters have 0."""
    read = {node.id for node in ast.walk(scope.function) if isinstance(node, ast.Name)}
    given = {name: 0 for name in scope.parameters if name not in read and not name.startswith("_")}
    return {**given, **unread(scope.function, scope.nodes)}


OPERATORS = (PythonOperator("use-unread", IDENTIFIER / 4, 3, 5, _VALUES, _use),)
