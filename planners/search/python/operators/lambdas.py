"""Keys of sorting and choosing: the body of a lambda with ties broken, and a key if there is none.

TSSB-3M's "add more arguments" to `sorted`, `min` and `max`; TBar's FP10 "mutate method invocation expression".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import MORE_ARGUMENTS, RARE
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_ORDERED = frozenset({"sorted", "sort", "min", "max"})


def _break_ties(site: Site, _: Scope) -> Iterator[Replacement]:
    """Break ties in a sort key: `lambda x: k` -> `lambda x: (k, x)`, `(x, k)`, `(-k, x)`."""
    node = site.node
    assert isinstance(node, ast.Lambda)
    if len(node.args.args) == 1 and not isinstance(node.body, ast.Tuple):
        name, body = node.args.args[0].arg, site.text(node.body)
        negative = site.text(node.body, 13)
        for text in (f"({body}, {name})", f"(-{negative}, {name})", f"({name}, {body})"):
            yield from site.put(text, node.body)


def _add_key(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add a sort key: `sorted(x)` -> `sorted(x, key=f)` for a function of one argument."""
    node = site.node
    assert isinstance(node, ast.Call)
    called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if called not in _ORDERED or any(word.arg == "key" for word in node.keywords):
        return
    own = [name for name in scope.functions if scope.arity.get(name) == 1]
    keys = [key for name in dict.fromkeys([*own, "len", "abs", "str"]) for key in _keys(name)]
    keys += ["lambda item: -item", "lambda item: item[-1]", "str.lower"]
    end = site.source.span(node)[1] - 1
    comma = ", " if node.args or node.keywords else ""
    for key in keys:
        yield site.edit(end, end, f"{comma}key={key}")


def _keys(name: str) -> tuple[str, str, str]:
    return name, f"lambda item: ({name}(item), item)", f"lambda item: -{name}(item)"


OPERATORS = (
    PythonOperator("break-ties", RARE * 2, 1, 3, (ast.Lambda,), _break_ties),
    PythonOperator("add-key", MORE_ARGUMENTS / 8, 5, 12, (ast.Call,), _add_key, width=1),
)
