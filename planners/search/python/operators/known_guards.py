"""Guards that the project itself has, in functions that lack them; and the exception that a test expects in vain.

Fix ingredients come from the program itself (Le Goues et al., "GenProg", TSE 2012), above all from code that is similar
and near (Wen et al., "CapGen", ICSE 2018; Xin and Reiss, "ssFix", ASE 2017).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import islice, permutations
from typing import NamedTuple

from planners.search.language import Replacement
from planners.search.python.known_guards import Guard
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import copied, in_loop, insert, is_first
from planners.search.python.operators.frequencies import RAISE_EXPECTED, STATEMENT
from planners.search.python.operators.predicates import first_predicates
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS, is_docstring

__all__ = ["OPERATORS"]

_MOST_VARIABLES, _MOST_MAPPINGS, _MOST_GUARDS = 2, 6, 60
_COMMON = 1.5
_RAISED_ALREADY = 0.05
"""The weight of one more check where a function raises the expected exception already: its condition may be wrong."""

_ELSEWHERE, _RENAMED, _FURTHER_ON, _ANOTHER_PLACE = 0.5, 0.6, 0.5, 0.3
"""Factors of guards that occur more than once; of those of other classes, with other names, not at the beginning;
and of those that do not begin a block here as they do there, or the other way round."""


class _Fitting(NamedTuple):
    """A guard as text for a function, with the variables that it reads, its place, what it raises, its likelihood."""

    text: str
    reads: frozenset[str]
    in_loop: bool
    raises: str
    is_first: bool
    weight: float


def _at_entry(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Begin with a guard that another function of the file has, with its variables or with own ones."""
    if site.parent is scope.function and is_first(site):
        yield from _inserted(site, scope, scope.module)


def _further_on(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Insert a guard that another function of the file has before a statement."""
    if not (site.parent is scope.function and is_first(site)) and not is_docstring(site.node):
        yield from _inserted(site, scope, scope.module)


def _from_elsewhere(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Begin with a guard that a function of another file has."""
    if site.parent is scope.function and is_first(site):
        for module in scope.neighbours:
            yield from _inserted(site, scope, module)


def _inserted(site: Site, scope: Scope, module: Scope, raised: Collection[str] | None = None) -> Iterator[Replacement]:
    """Guards of a module, or those that raise one of some exceptions."""
    node = site.node
    assert isinstance(node, ast.stmt)
    for guard in _fitting(scope, module) if isinstance(scope.function, FUNCTIONS) else ():
        bound = all(scope.bindings.get(name, node.lineno) < node.lineno for name in guard.reads)
        if bound and (raised is None or guard.raises in raised) and (in_loop(site) or not guard.in_loop):
            alike = 1.0 if is_first(site) == guard.is_first else _ANOTHER_PLACE
            yield from insert(site, guard.text, weight=guard.weight * alike)


@lru_cache(maxsize=64)
def _fitting(scope: Scope, module: Scope) -> tuple[_Fitting, ...]:
    """The guards of a module for a function that lacks them, likeliest first."""
    known = {ast.unparse(node.test) for node in scope.nodes if isinstance(node, ast.If)}
    made: dict[str, _Fitting] = {}
    for guard, times in module.guards:
        likeness = _likeness(guard, times, scope) / _COMMON
        for names in _mappings(guard, scope):
            text = copied(guard.source, [guard.node], names)
            if text is not None and ast.unparse(_test(text)) not in known:
                reads = frozenset(names.get(name, name) for name in guard.variables) & scope.bindings.keys()
                weight = likeness * (_RENAMED if names else 1.0)
                made.setdefault(text, _Fitting(text, reads, guard.in_loop, guard.raises, guard.is_first, weight))
    return tuple(sorted(made.values(), key=lambda fitting: -fitting.weight)[:_MOST_GUARDS])


def _test(text: str) -> ast.expr:
    first = ast.parse(text).body[0]
    assert isinstance(first, ast.If)
    return first.test


def _likeness(guard: Guard, times: int, scope: Scope) -> float:
    """How well a guard fits a function: by what the tests expect, by its class, by how usual it is."""
    weight = _COMMON if times > 1 else 1.0
    if guard.owner is not scope.source.parents[scope.function][0] and guard.owner is not None:
        weight *= _ELSEWHERE
    return weight


def _mappings(guard: Guard, scope: Scope) -> Iterator[Mapping[str, str]]:
    """Ways to name a guard's variables here: as they are if they are known, or by parameters and own variables."""
    function = scope.function
    assert isinstance(function, FUNCTIONS)
    owned = {argument.arg for argument in function.args.args[:1]} & {"self", "cls"}
    free = {part.id for part in ast.walk(guard.node) if isinstance(part, ast.Name)} - set(guard.variables)
    if not free - {"self", "cls"} <= scope.visible(function.body[-1]) or not free & {"self", "cls"} <= owned:
        return
    unknown = [name for name in guard.variables if name not in scope.bindings]
    if not unknown:
        yield {}
    elif len(unknown) <= _MOST_VARIABLES:
        others = [name for name in dict.fromkeys([*scope.parameters, *scope.bindings]) if name not in guard.variables]
        for chosen in islice(permutations(others, len(unknown)), _MOST_MAPPINGS):
            yield dict(zip(unknown, chosen, strict=True))


def _raise_expected(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Raise the exception that a test expects in vain, as other functions do: `if x < 0: raise ValueError`."""
    node = site.node
    assert isinstance(node, ast.stmt)
    expected = scope.evidence.unraised
    if not isinstance(scope.function, FUNCTIONS) or site.parent is not scope.function or is_docstring(node):
        return
    unraised = {exception.name for exception in expected}
    place = (1.0 if is_first(site) else _FURTHER_ON) * (_RAISED_ALREADY if _raises(scope, unraised) else 1.0)
    if unraised:
        for change in _inserted(site, scope, scope.module, unraised):
            yield change._replace(weight=change.weight * place)
    known = [exception for exception in expected if exception.name in scope.visible(node)]
    for test in _refused(site, scope) if known else ():
        for name, message in known:
            yield from insert(site, f"if {test}:\n    raise {name}{_argument(site, message)}", weight=place)


def _refused(site: Site, scope: Scope) -> Iterator[str]:
    """Conditions for refusing a value: of the function's numbers above all those that are too small."""
    numbers = [name for name in scope.parameters if "number" in scope.kind(name)]
    small = (f"{name} {condition}" for name in numbers for condition in ("< 0", "<= 0"))
    return iter(dict.fromkeys([*small, *first_predicates(site, scope, wide=False)]))


def _argument(site: Site, message: str) -> str:
    """A message as the argument of an exception, in the quotes that the file prefers."""
    if not message:
        return ""
    text = site.source.text
    return f"({repr(message) if text.count("'") >= text.count('"') else json.dumps(message, ensure_ascii=False)})"


def _raises(scope: Scope, names: Collection[str]) -> bool:
    raised = (node.exc for node in scope.nodes if isinstance(node, ast.Raise) and node.exc)
    return any(part.id in names for exc in raised for part in ast.walk(exc) if isinstance(part, ast.Name))


OPERATORS = (
    PythonOperator("raise-expected", RAISE_EXPECTED, 4, 12, (ast.stmt,), _raise_expected),
    PythonOperator("known-guard", STATEMENT, 1, 8, (ast.stmt,), _at_entry),
    PythonOperator("known-guard-further-on", STATEMENT, 4, 12, (ast.stmt,), _further_on),
    PythonOperator("foreign-guard", STATEMENT / 4, 1, 60, (ast.stmt,), _from_elsewhere, width=1),
)
