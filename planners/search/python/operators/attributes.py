"""Attributes and methods exchanged, added and removed.

TSSB-3M's "change attribute used", "add attribute access" and "add method call"; TBar's FP10 "mutate method invocation".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.frequencies import (
    ADD_ATTRIBUTE,
    ADD_METHOD_CALL,
    ATTRIBUTE,
    FEWER_ARGUMENTS,
    RARE,
)
from planners.search.python.scope import Scope

__all__ = ["OPERATORS"]

_FAMILIES: tuple[tuple[str, ...], ...] = (
    ("append", "extend", "insert", "add"),
    ("add", "update", "discard", "remove"),
    ("append", "appendleft"),
    ("pop", "popleft", "get", "remove"),
    ("keys", "values", "items"),
    ("left", "right"),
    ("next", "prev", "previous"),
    ("first", "last"),
    ("start", "end", "stop"),
    ("head", "tail"),
    ("width", "height"),
    ("x", "y"),
    ("row", "column"),
    ("upper", "lower", "swapcase", "title", "capitalize"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum", "isnumeric", "isspace"),
    ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind", "index", "rindex", "count"),
    ("split", "rsplit", "splitlines", "partition"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset"),
    ("read", "readline", "readlines"),
    ("search", "match", "fullmatch", "findall"),
    ("encode", "decode"),
    ("sort", "reverse"),
    ("floor", "ceil"),
    ("get", "setdefault"),
)
_ADDED_CALLS = ("copy", "items", "keys", "values", "lower", "upper", "strip", "split", "pop", "sort", "get")


def _swap(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change an attribute or a method: `node.left` -> `node.right`."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    called = site.field == "func"
    family = [name for names in _FAMILIES if node.attr in names for name in names]
    seen = scope.ingredients.methods if called else scope.ingredients.attributes
    # Only the name's own characters: the expression before it may span lines.
    end = site.source.span(node)[1]
    if site.source.text[end - len(node.attr) : end] == node.attr:
        constants = isinstance(node.ctx, ast.Store) and not node.attr.isupper()
        for name in dict.fromkeys([*family, *seen]):
            if name != node.attr and not (constants and name.isupper()):
                yield site.edit(end - len(node.attr), end, name, weight=1.0 if name in family else 0.6)


def _drop(site: Site, _: Scope) -> Iterator[Replacement]:
    """Drop an attribute access: `x.name` -> `x`."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    if isinstance(node.ctx, ast.Load) and site.field != "func":
        yield from site.put(site.text(node.value))


def _add(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add an attribute access: `x` -> `x.name`, for an attribute that the file reads."""
    node = site.node
    if site.field == "func" or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if isinstance(node, ast.Name) and scope.kind(node.id) == {"number"}:
        return
    for name in scope.ingredients.attributes:
        yield from site.put(f"{site.atom()}.{name}")


def _add_call(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Call a method without arguments: `x` -> `x.copy()`, `x.items()`, or one that the file calls."""
    node = site.node
    if site.field == "func" or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if isinstance(node, ast.Name) and scope.kind(node.id) == {"number"}:
        return
    if isinstance(site.parent, ast.Attribute | ast.Compare | ast.BinOp) and isinstance(node, ast.Constant):
        return
    for name in dict.fromkeys([*_bare_methods(scope), *_ADDED_CALLS]):
        yield from site.put(f"{site.atom()}.{name}()")


def _bare_methods(scope: Scope) -> list[str]:
    calls = (node for node in scope.source.parents if isinstance(node, ast.Call) and not node.args)
    return [node.func.attr for node in calls if isinstance(node.func, ast.Attribute)]


def _lookup(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Look a key up with `get`: `d[k]` -> `d.get(k)`, with and without a default."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if not isinstance(node.ctx, ast.Load) or isinstance(node.slice, ast.Slice | ast.Tuple):
        return
    value, key = site.atom(node.value), site.text(node.slice)
    for default in ("", ", 0", ", []", f", {key}", ", ''", *(f", {name}" for name in scope.parameters)):
        yield from site.put(f"{value}.get({key}{default})")


OPERATORS = (
    PythonOperator("attribute", ATTRIBUTE, 6, 4, (ast.Attribute,), _swap),
    PythonOperator("drop-attribute", FEWER_ARGUMENTS / 4, 3, 1, (ast.Attribute,), _drop),
    PythonOperator("add-attribute", ADD_ATTRIBUTE, 15, 4, (ast.Name, ast.Attribute, ast.Subscript), _add),
    PythonOperator(
        "add-method-call", ADD_METHOD_CALL, 20, 8, (ast.Name, ast.Attribute, ast.Subscript, ast.Call), _add_call
    ),
    PythonOperator("lookup", RARE, 4, 4, (ast.Subscript,), _lookup),
)
