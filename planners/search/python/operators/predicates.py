"""Simple conditions over what is in scope: the ingredients of new and changed `if` and `while` tests.

SPR's and Prophet's condition synthesis restricts itself to such comparisons (Long and Rinard, FSE 2015, POPL 2016).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice, permutations

from planners.search.python.operators.base import Site
from planners.search.python.scope import Scope

__all__ = ["first_predicates", "of_one"]

_LIMIT = 24
"""How many conditions the normal search tries at a site; the widened search tries the rest."""


def _predicates(site: Site, scope: Scope) -> Iterator[str]:
    """Conditions as text, the most usual first: tests of one name, existing tests of the function, pairs of names."""
    node = site.node
    assert isinstance(node, ast.expr | ast.stmt)
    seen: set[str] = set()
    own = [*scope.names(node), *scope.ingredients.fields]
    sources = (
        (test for name in own[:6] for test in of_one(name, scope)),
        (text for condition in scope.ingredients.conditions for text in _known(site, condition)),
        (test for first, second in permutations(own[:6], 2) for test in _of_two(first, second, scope)),
        (test for name in own[6:] for test in of_one(name, scope)),
    )
    for source in sources:
        for text in source:
            if text not in seen:
                seen.add(text)
                yield text


def of_one(name: str, scope: Scope) -> Iterator[str]:
    """Conditions on one variable: on None first if a test fails because of it, else the most usual first."""
    kind = scope.kind(name)
    if "callable" in kind:
        return
    absent = f"{name} is None"
    if scope.evidence.fails_on_none:
        yield absent
    yield from (test for test in _of_kind(name, kind) if test != absent or not scope.evidence.fails_on_none)


def _of_kind(name: str, kind: frozenset[str]) -> Iterator[str]:
    """Conditions on one variable by the kinds of its values, the most usual first."""
    if "number" in kind or "index" in kind:
        yield from (f"{name} == 0", f"{name} > 0", f"{name} < 0", f"{name} == 1")
        if kind - {"number", "index", "element"}:
            yield from (f"{name} is not None", f"{name} is None")
    elif kind:
        yield from (f"not {name}", name, f"{name} is None", f"{name} is not None")
        if "sequence" in kind:
            yield f"len({name}) == 1"
    else:
        yield from (f"not {name}", f"{name} is None", name, f"{name} == 0", f"{name} is not None", f"{name} < 0")


def _known(site: Site, condition: ast.expr) -> Iterator[str]:
    text = site.text(condition)
    yield text
    for part in ast.walk(condition):
        match part:
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                start, end = (at - site.source.span(condition)[0] for at in site.source.span(part))
                yield from (f"{text[:start]}{other}{text[end:]}" for other in (number + 1, number - 1) if other >= 0)
    negated = condition.operand if isinstance(condition, ast.UnaryOp) else None
    yield site.text(negated) if negated else f"not {site.text(condition, 5)}"


def _of_two(first: str, second: str, scope: Scope) -> Iterator[str]:
    left, right = scope.kind(first), scope.kind(second)
    if "callable" in left | right:
        return
    if "sequence" in right and "sequence" not in left:
        yield from (f"{first} not in {second}", f"{first} in {second}")
        if "number" in left or "index" in left:
            yield from (f"{first} < len({second})", f"{first} == len({second})", f"{first} >= len({second})")
    elif "sequence" not in left:
        yield f"{first} < {second}"
        if first < second:
            yield from (f"{first} != {second}", f"{first} == {second}")
        yield f"{first} <= {second}"
    elif first < second:
        yield from (f"len({first}) != len({second})", f"len({first}) < len({second})", f"{first} == {second}")


def first_predicates(site: Site, scope: Scope, *, wide: bool) -> Iterator[str]:
    """The part of the conditions for the normal or for the widened search."""
    return islice(_predicates(site, scope), _LIMIT, None) if wide else islice(_predicates(site, scope), _LIMIT)
