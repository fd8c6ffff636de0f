"""Elements of lists, tuples, sets and dicts; the conditions and sources of comprehensions; concatenation.

TSSB-3M's "add elements to iterable" and its reverse; PraPR's and TBar's argument templates carried over to displays.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from itertools import combinations

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import ADD_ELEMENT, ARGUMENT_SWAP, FEWER_ARGUMENTS, RARE, STRICTER_IF
from planners.search.python.operators.predicates import first_predicates
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_LISTED = (ast.List, ast.ListComp)


def _elements(site: Site) -> list[ast.expr]:
    node = site.node
    assert isinstance(node, ast.List | ast.Tuple | ast.Set)
    return node.elts if isinstance(getattr(node, "ctx", ast.Load()), ast.Load) else []


def _add(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add an element: `[a]` -> `[a, b]`, `[b, a]`; `[]` -> `[a]`, `[[]]`."""
    node = site.node
    assert isinstance(node, ast.List | ast.Tuple | ast.Set)
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or site.field == "slice":
        return
    texts = [site.text(element) for element in node.elts]
    for extra in [*scope.names(node), "0", "1", "[]", "None", "''", *scope.ingredients.constants]:
        for place in dict.fromkeys([len(texts), 0]):
            yield from _display(site, [*texts[:place], extra, *texts[place:]])


def _remove(site: Site, _: Scope) -> Iterator[Replacement]:
    """Remove an element: `[a, b]` -> `[a]`, `[b]`."""
    texts = [site.text(element) for element in _elements(site)]
    for place in reversed(range(len(texts))):
        yield from _display(site, [*texts[:place], *texts[place + 1 :]])


def _swap(site: Site, _: Scope) -> Iterator[Replacement]:
    """Swap two elements: `(a, b)` -> `(b, a)`.

    Less likely on the left of an assignment.
    """
    node = site.node
    assert isinstance(node, ast.List | ast.Tuple | ast.Set)
    if 1 < len(node.elts) <= 6:
        for first, second in combinations(range(len(node.elts)), 2):
            texts = [site.text(element) for element in node.elts]
            texts[first], texts[second] = texts[second], texts[first]
            stored = isinstance(getattr(node, "ctx", None), ast.Store)
            yield from (replacement._replace(weight=0.5 if stored else 1.0) for replacement in _display(site, texts))


def _display(site: Site, texts: list[str]) -> Iterator[Replacement]:
    node = site.node
    if isinstance(node, ast.List):
        yield from site.put(f"[{', '.join(texts)}]")
    elif isinstance(node, ast.Set):
        yield from site.put(f"{{{', '.join(texts)}}}" if texts else "set()")
    elif site.source.text[site.source.span(node)[0]] == "(" or len(texts) < 2:
        yield from site.put(f"({', '.join(texts)}{',' if len(texts) == 1 else ''})")
    else:
        start, end = site.source.span(node)
        yield site.edit(start, end, ", ".join(texts))


def _entries(site: Site, _: Scope) -> Iterator[Replacement]:
    """Remove an entry of a dict: `{a: b, c: d}` -> `{a: b}`."""
    node = site.node
    assert isinstance(node, ast.Dict)
    pairs = [
        (f"{site.text(key)}: " if key else "**") + site.text(value)
        for key, value in zip(node.keys, node.values, strict=True)
    ]
    for place in reversed(range(len(pairs))):
        yield from site.put("{" + ", ".join([*pairs[:place], *pairs[place + 1 :]]) + "}")


def _conditions(site: Site, scope: Scope, *, wide: bool) -> Iterator[Replacement]:
    """Add or remove the condition of a comprehension: `[a for b in c]` -> `[a for b in c if p]`."""
    node = site.node
    assert isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp)
    last = node.generators[-1]
    for test in last.ifs:
        if not wide and len(last.ifs) == 1:
            start, end = site.source.span(last.iter)[1], site.source.span(test)[1]
            gap = site.source.text[start : site.source.span(test)[0]]
            if gap.strip().strip("()").strip() == "if" and gap.count("(") == 0:
                yield site.edit(start + gap.index("if"), end, "")
    if not last.ifs:
        at = site.source.span(node)[1] - 1
        inner = Site(site.source, node.elt if not isinstance(node, ast.DictComp) else node.value)
        for text in first_predicates(inner, scope, wide=wide):
            yield site.edit(at, at, f" if {text}")


def _concatenate(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Concatenate lists: `f(x)` -> `[y] + f(x)`, `f(x) + [y]`, `f(x) + x`."""
    node = site.node
    assert isinstance(node, ast.expr)
    if isinstance(node, ast.Name) and not scope.kind(node.id) <= {"sequence"}:
        return
    listed = isinstance(node, _LISTED) or (isinstance(node, ast.Name) and "sequence" in scope.kind(node.id))
    if not isinstance(site.parent, ast.Return | ast.Assign | ast.AugAssign | ast.Call) or site.field == "func":
        return
    weight = 1.0 if listed or isinstance(site.parent, ast.Return) else 0.4
    extras = [name for name in scope.names(node) if "callable" not in scope.kind(name)]
    for name in extras:
        plain = "sequence" in scope.kind(name)
        text = site.text(level=11)
        yield from site.put(f"{text} + [{name}]", weight=weight)
        yield from site.put(f"[{name}] + {text}", weight=weight)
        if plain and name != text:
            yield from site.put(f"{name} + {text}", weight=weight)
    yield from site.put(f"{site.text(level=11)} + [[]]", weight=weight / 2)


_DISPLAYS = (ast.List, ast.Tuple, ast.Set)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)

OPERATORS = (
    PythonOperator("add-element", ADD_ELEMENT, 4, 8, _DISPLAYS, _add),
    PythonOperator("remove-element", FEWER_ARGUMENTS / 4, 4, 2, _DISPLAYS, _remove),
    PythonOperator("swap-elements", ARGUMENT_SWAP, 2, 1, _DISPLAYS, _swap),
    PythonOperator("entries", RARE, 2, 2, (ast.Dict,), _entries),
    PythonOperator("comprehension-condition", STRICTER_IF, 2, 24, _COMPREHENSIONS, partial(_conditions, wide=False)),
    PythonOperator(
        "concatenate", ADD_ELEMENT / 2, 10, 6, (ast.Call, ast.Name, *_LISTED, ast.BinOp, ast.Subscript), _concatenate
    ),
    PythonOperator(
        "comprehension-condition-wide", RARE, 2, 60, _COMPREHENSIONS, partial(_conditions, wide=True), width=1
    ),
)
