"""Changes of an object's state that another method of its class makes and this one forgot: a reset, an entry, a call.

Missing method calls and assignments by the pattern of similar methods: Monperrus and Mezini, "Detecting Missing Method
Calls as Violations of the Majority Rule" (TOSEM 2013); ingredients of the same class first: Wen et al., "CapGen" (ICSE
2018).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import copied, insert, is_last
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, is_docstring

__all__ = ["OPERATORS"]

_MOST_UPDATES, _MOST_NAMES = 24, 4
_RENAMED, _CALLED, _STORED, _COMPUTED = 0.6, 0.6, 0.3, 0.7
"""The weights of updates with another variable, of calls of the object's own methods, of fields to which the method
stores already, and of values that are no constants.
"""


class _Update(NamedTuple):
    """A statement as text, with the variables that it reads."""

    text: str
    reads: frozenset[str]
    weight: float


def _as_elsewhere(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Change the object as another method of its class does: `self.size = 0`, `self.index[key] = node`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    if is_docstring(node) or isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return
    updates = _updates(scope)
    visible = scope.visible(node) if updates else frozenset[str]()
    for update in updates:
        if update.reads <= visible:
            yield from insert(site, update.text, weight=update.weight)
            if is_last(site):
                yield from insert(site, update.text, after=True, weight=update.weight)


@lru_cache(maxsize=64)
def _updates(scope: Scope) -> Sequence[_Update]:
    """The updates that a method lacks, likeliest first."""
    function = scope.function
    owner = scope.source.parents.get(function, (None, ""))[0]
    if not isinstance(function, FUNCTIONS) or not isinstance(owner, ast.ClassDef) or not _is_of_object(function):
        return ()
    own = {ast.unparse(node) for node in scope.nodes if isinstance(node, ast.stmt)}
    stored = {
        _field(node)
        for node in scope.nodes
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    found: dict[str, _Update] = {}
    for method in owner.body:
        if isinstance(method, FUNCTIONS) and method is not function:
            for node in ast.walk(method):
                if isinstance(node, ast.stmt) and (weight := _weight(node, stored)):
                    for names in _mappings(node, method, scope):
                        text = copied(scope.source, [node], names)
                        if text and "\n" not in text and text not in own:
                            reads = frozenset(
                                part.id for part in ast.walk(ast.parse(text)) if isinstance(part, ast.Name)
                            )
                            found.setdefault(text, _Update(text, reads, weight * (_RENAMED if names else 1.0)))
    return sorted(found.values(), key=lambda update: -update.weight)[:_MOST_UPDATES]


def _is_of_object(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == "self"


def _weight(node: ast.stmt, stored: Collection[str]) -> float:
    """The likelihood of a statement that changes a field of the object or calls one of its methods; 0 for others."""
    match node:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            weight = 1.0 if isinstance(value, ast.Constant | ast.Name) else _COMPUTED
        case ast.Delete(targets=[target]):
            weight = 1.0
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="self")))):
            return _CALLED
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=target))):
            weight = 1.0
        case _:
            return 0.0
    field = _field(target)
    return (weight * (_STORED if field in stored else 1.0)) if field else 0.0


def _field(node: ast.expr) -> str:
    """The field of `self` that it is, or an entry of which it is; empty for anything else."""
    while isinstance(node, ast.Subscript):
        node = node.value
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""


def _mappings(node: ast.stmt, method: ast.AST, scope: Scope) -> Iterator[Mapping[str, str]]:
    """Ways to name the variables of a statement here: as they are, or with another one for the only unknown one."""
    local = {part.id for part in ast.walk(method) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    local |= {part.arg for part in ast.walk(method) if isinstance(part, ast.arg)}
    read = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    unknown = sorted((read & local) - scope.bindings.keys() - {"self"})
    if not unknown:
        yield {}
    elif len(unknown) == 1:
        others = [name for name in scope.bindings if name not in read]
        yield from ({unknown[0]: name} for name in others[:_MOST_NAMES])


OPERATORS = (PythonOperator("update-as-elsewhere", STATEMENT, 4, 8, (ast.stmt,), _as_elsewhere),)
