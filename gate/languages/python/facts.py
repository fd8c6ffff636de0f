"""What tests say: which results they expect for which inputs, as values, whatever the spelling."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gate.languages.python.module import parse_bytes
from gate.languages.python.values import fold_value, scalars_of

__all__ = ["Fact", "facts_of", "forget_facts"]

_LEAST_PAIR = 2


@dataclass(frozen=True, slots=True)
class Fact:
    """The scalars of the inputs, and of the result, that one statement of a test has."""

    inputs: frozenset[str]
    answers: frozenset[str]


@lru_cache(maxsize=64)
def facts_of(content: bytes) -> tuple[Fact, ...]:
    """The facts of a file of tests; none if it does not parse."""
    tree = parse_bytes(content)
    return tuple(fact for fact in _facts(tree) if fact.inputs and fact.answers) if tree else ()


def forget_facts() -> None:
    """Clear the cache of files that were read."""
    facts_of.cache_clear()


def _facts(tree: ast.Module) -> Iterator[Fact]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
                named = {
                    target.id: node.value
                    for node in body
                    if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name)
                }
                yield from (_compared(inner, named) for outer in body for inner in _assertions(outer))
            case ast.Tuple(elts=rows) | ast.List(elts=rows) if all(
                isinstance(row, ast.Tuple | ast.List) for row in rows
            ):
                parts = [row.elts for row in rows if isinstance(row, ast.Tuple | ast.List)]
                yield from (Fact(_scalars(elements[:-1]), _scalars(elements[-1:])) for elements in parts)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                yield from (Fact(_scalars([key]), _scalars([value])) for key, value in pairs if key is not None)


def _assertions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, and of those in it, that compare results with what is expected."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and len(node.args) >= _LEAST_PAIR):
            yield node


def _compared(node: ast.expr, named: Mapping[str, ast.expr]) -> Fact:
    """The fact in a comparison, or in a call such as `assertEqual(f(2), 3)`."""
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else node.args  # type: ignore[attr-defined]
    literal = [side for side in sides if fold_value(side) is not None]
    calls = [call for side in sides for call in ast.walk(side) if isinstance(call, ast.Call)]
    given = [argument for call in calls for argument in (*call.args, *(keyword.value for keyword in call.keywords))]
    given += [named[one.id] for one in given if isinstance(one, ast.Name) and one.id in named]
    return Fact(_scalars(given), _scalars(literal))


def _scalars(nodes: Sequence[ast.expr]) -> frozenset[str]:
    folded = [fold_value(node) for node in nodes]
    return frozenset(text for one in folded if one is not None for value in one for text in scalars_of(value))
