"""The values that code gives to names, as far as they can be read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

__all__ = ["pairs_given", "values_given"]

_FOLLOWED = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Constant)
_GIVING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension, ast.arguments, ast.Match)


def values_given(nodes: Iterable[ast.AST]) -> dict[str, frozenset[ast.expr]]:
    """The values that code gives to plain names: by assignments, loops over literals, and default arguments."""
    given: dict[str, set[ast.expr]] = {}
    for node in nodes:
        for target, value in pairs_given(node) if isinstance(node, _GIVING) else ():
            if isinstance(target, ast.Name) and isinstance(value, _FOLLOWED):
                given.setdefault(target.id, set()).add(value)
    return {name: frozenset(values) for name, values in given.items()}


def pairs_given(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The targets of an assignment or a loop, each with the value that it is given; a tuple's one by one."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(target, value)
        case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.For(target=target, iter=literal) | ast.comprehension(target=target, iter=literal):
            for value in getattr(literal, "elts", ()):
                yield from _unpacked(target, value)
        case ast.arguments(posonlyargs=first, args=second, defaults=defaults):
            named = [*first, *second][len(first) + len(second) - len(defaults) :]
            yield from zip((ast.Name(one.arg) for one in named), defaults, strict=True)
            yield from zip((ast.Name(one.arg) for one in node.kwonlyargs), node.kw_defaults, strict=True)
        case ast.Match(subject=subject, cases=cases):
            for case in cases:
                if isinstance(case.pattern, ast.MatchAs) and case.pattern.name is not None:
                    yield ast.Name(case.pattern.name), subject


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    targets, values = getattr(target, "elts", None), getattr(value, "elts", None)
    if targets and values and len(targets) == len(values):
        for one, its_value in zip(targets, values, strict=True):
            yield from _unpacked(one, its_value)
    else:
        yield target, value
