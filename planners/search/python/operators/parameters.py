"""Parameters brought into the form that a function expects, before it uses them.

TSSB-3M's "add method call" and "add function around expression", at the place where all uses are affected; TBar's FP4
"insert missed statement".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import insert, siblings
from planners.search.python.operators.frequencies import ADD_METHOD_CALL
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, is_docstring

__all__ = ["OPERATORS"]

_OF_NUMBERS = ("abs({})", "int({})", "round({})")
_OF_COLLECTIONS = ("sorted({})", "list({})", "set({})", "{}[:]", "{}[::-1]")
_OF_TEXTS = ("str({})", "{}.lower()", "{}.strip()", "{}.split()", "{}.upper()")


def _normalize(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Normalize a parameter where a function begins: `x = sorted(x)`, `x = x.lower()`, `x = abs(x)`."""
    own = (statement for statement in siblings(site) if not is_docstring(statement))
    if site.parent is not scope.function or not isinstance(scope.function, FUNCTIONS) or site.node is not next(own):
        return
    for name in scope.parameters:
        kind = scope.kind(name)
        forms = [] if "number" in kind else [*_OF_COLLECTIONS, *_OF_TEXTS]
        forms += _OF_NUMBERS if "sequence" not in kind else ()
        if "callable" not in kind:
            for form in forms:
                yield from insert(site, f"{name} = {form.format(name)}")


OPERATORS = (PythonOperator("normalize-parameter", ADD_METHOD_CALL / 8, 1, 20, (ast.stmt,), _normalize, width=1),)
