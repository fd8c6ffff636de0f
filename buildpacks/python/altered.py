"""Copies of tests in which an assertion asks for something else: what passes these as well passes for another reason.

A mutated oracle must be violated: Fraser and Zeller, "Mutation-Driven Generation of Unit Tests and Oracles" (ISSTA
2010), the other way round. The assertion is one that the test comes to for certain; where it expects nothing that can
be altered, it is negated.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from buildpacks.api import AlteredTests, RepoView
from buildpacks.python.expectations import Edits, Expectations, Function, Source, elements
from buildpacks.results import CaseId, CaseResult, Frame

__all__ = ["altered_tests"]

_MOST_TESTS, _LARGEST_FILE = 24, 1 << 20
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WITHS = (ast.With, ast.AsyncWith)
_LEAVING = (ast.Return, ast.Break, ast.Continue)
_EXCUSING = re.compile(r"raises|suppress", re.IGNORECASE)
"""Managers and decorators that an assertion's failure may please."""

_OPPOSITES = {
    one: other
    for pair in (
        ("assertEqual", "assertNotEqual"),
        ("assertTrue", "assertFalse"),
        ("assertIn", "assertNotIn"),
        ("assertIs", "assertIsNot"),
        ("assertIsNone", "assertIsNotNone"),
        ("assertAlmostEqual", "assertNotAlmostEqual"),
        ("assertIsInstance", "assertNotIsInstance"),
    )
    for one, other in (pair, pair[::-1])
}


def altered_tests(view: RepoView, cases: Sequence[CaseResult], key: bytes) -> AlteredTests:
    """The files of some tests, at most two dozen, with one assertion of each altered, as far as that is possible.

    It is the assertion on the line at which the test failed, if its `places` say so, else the next one that the test
    comes to for certain. `key` chooses the new values.
    """
    chance = random.Random(key)  # noqa: S311  # from a key that nobody knows
    by_function = {case.parsed.function: case for case in cases if case.parsed.name}
    chosen = sorted(by_function, key=repr)
    chosen = chance.sample(chosen, _MOST_TESTS) if len(chosen) > _MOST_TESTS else chosen
    files: dict[str, bytes] = {}
    places: dict[CaseId, Frame] = {}
    for path in dict.fromkeys(test.file for test in chosen):
        source = _read(view, path)
        edits: Edits = {}
        if source is None:
            continue
        for test in (test for test in chosen if test.file == path):
            found = _altered(source, test, by_function[test].places, chance)
            # Tests that share an expectation share its new value.
            if found and not any(_overlap(one, other) for one in found[1] for other in edits if one != other):
                edits = found[1] | edits
                places[test] = Frame(path, found[0], test.name)
        if edits:
            files[path] = _edited(source.raw, edits)
    return AlteredTests(files, places)


def _read(view: RepoView, path: str) -> Source | None:
    if not path.endswith(".py") or not view.exists(path):
        return None
    raw = view.read(path)
    if len(raw) > _LARGEST_FILE or raw.startswith(b"\xef\xbb\xbf") or b"\r" in raw.replace(b"\r\n", b""):
        return None
    try:
        raw.decode("utf-8")
        return Source(raw, ast.parse(raw))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _edited(raw: bytes, edits: Edits) -> bytes:
    for (start, end), text in sorted(edits.items(), reverse=True):
        raw = raw[:start] + text + raw[end:]
    return raw


def _altered(source: Source, test: CaseId, places: Sequence[Frame], chance: random.Random) -> tuple[int, Edits] | None:
    """The line of an assertion of a test, and the edits that make it ask for something else."""
    function = _function(source, test)
    if function is None or any(_EXCUSING.search(ast.unparse(one)) for one in function.decorator_list):
        return None
    failed = [(own, place.line) for place in reversed(places) if (own := _around(source, place, test))]
    line = failed[-1][1] if failed else 0
    first = [(own, one) for own, line in failed for one in _certain(source, own) if _is_on(one, line)]
    rest = sorted(_certain(source, function), key=lambda one: one.lineno <= line)
    order = [*first, *((function, one) for one in rest)]
    for own, statement in order:
        if edits := Expectations(source, own, chance).altered(statement):
            return statement.lineno, edits
    for _, statement in order:
        if edits := _negated(source, statement):
            return statement.lineno, edits
    return None


def _function(source: Source, test: CaseId) -> Function | None:
    body: Iterable[ast.stmt] = source.tree.body
    for name in test.scope:
        owner = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
        body = owner[-1].body if owner else ()
    found = [node for node in body if isinstance(node, _FUNCTIONS) and node.name == test.name]
    return found[0] if len(found) == 1 else None


def _around(source: Source, place: Frame, test: CaseId) -> Function | None:
    """The function of the test's own file in which a test failed: itself, one within it, or a helper."""
    if place.path != test.file:
        return None
    named = (node for node in ast.walk(source.tree) if isinstance(node, _FUNCTIONS) and node.name == place.function)
    return next((node for node in named if _is_on(node, place.line)), None)


def _is_on(node: Any, line: int) -> bool:
    return bool(node.lineno <= line <= node.end_lineno)


def _certain(source: Source, function: Function) -> Iterator[ast.stmt]:
    """The assertions that a function comes to if it does not fail before, in order."""
    leaving = min((node.lineno for node in _own(function) if isinstance(node, _LEAVING)), default=1 << 30)
    for node in _own(function):
        if isinstance(node, ast.Assert | ast.Expr) and node.lineno < leaving and _is_reached(source, node, function):
            yield node


def _is_reached(source: Source, node: ast.AST, function: Function) -> bool:
    while node is not function:
        node = source.parents[node]
        if isinstance(node, ast.For):
            if not elements(source.value_of(node.iter, function)):
                return False
        elif isinstance(node, _WITHS):
            if any(_EXCUSING.search(ast.unparse(item.context_expr)) for item in node.items):
                return False
        elif node is not function:
            return False
    return True


def _own(function: Function) -> Iterator[Any]:
    """The nodes of a function without those of functions in it, in order."""
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            stack += reversed(list(ast.iter_child_nodes(node)))


def _negated(source: Source, statement: ast.stmt) -> Edits:
    match statement:
        case ast.Assert(test=test):
            start, end = source.span(test)
            return {(start, start): b"(not (", (end, end): b"))"}
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as function)) if name in _OPPOSITES:
            end = source.span(function)[1]
            return {(end - len(name), end): _OPPOSITES[name].encode()}
    return {}
