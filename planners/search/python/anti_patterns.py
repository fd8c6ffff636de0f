"""Anti-patterns in changes of Python: both sides are compared as trees."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from planners.search.language import AntiPattern
from planners.search.python.source import fingerprint

__all__ = ["anti_patterns"]

_CONTROL = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Return, ast.Raise, ast.Break, ast.Continue)
_EXITS = (ast.Return, ast.Raise, ast.Break, ast.Continue)

_CONVERSIONS = frozenset(
    fingerprint(ast.Name(name, ast.Load())) for name in ("bool", "float", "int", "list", "round", "str", "tuple")
)
"""Calls without side effects: one too many is as common a mistake as one too few."""

_EMPTY = frozenset(ast.dump(ast.parse(text, mode="eval").body) for text in ("[]", "()", "{}"))


def anti_patterns(before: ast.Module, after: ast.Module) -> Iterator[AntiPattern]:
    """The anti-patterns in a change of a module."""
    old, new = list(ast.walk(before)), list(ast.walk(after))
    lost = _kinds(old) - _kinds(new)
    if any(lost[kind] for kind in _CONTROL):
        yield AntiPattern.CONTROL_FLOW_DELETED
    if sum(isinstance(node, ast.stmt) for node in new) < sum(isinstance(node, ast.stmt) for node in old):
        yield AntiPattern.STATEMENT_DELETED
    if (calls := _calls(old) - _calls(new)) and calls.total() > (_calls(new) - _calls(old)).total():
        yield AntiPattern.CONVERSION_DROPPED if calls.keys() <= _CONVERSIONS else AntiPattern.CALL_DROPPED
    if _loaded(old) - _loaded(new):
        yield AntiPattern.NAME_UNUSED
    if (_kinds(new) - _kinds(old))[ast.If] and any((_kinds(new) - _kinds(old))[kind] for kind in _EXITS):
        yield AntiPattern.EARLY_EXIT
    if _constant_tests(new) > _constant_tests(old):
        yield AntiPattern.CONSTANT_CONDITION
    if _constant_results(new) > _constant_results(old):
        yield AntiPattern.CONSTANT_RESULT
    if _twins(new) > _twins(old):
        yield AntiPattern.SAME_OPERAND_TWICE
    if len(new) < len(old):
        yield AntiPattern.SHORTER


def _kinds(nodes: Iterable[ast.AST]) -> Counter[type[ast.AST]]:
    return Counter(type(node) for node in nodes)


def _calls(nodes: Iterable[ast.AST]) -> Counter[str]:
    return Counter(fingerprint(node.func) for node in nodes if isinstance(node, ast.Call))


def _loaded(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that are read; the names of called functions count as calls instead."""
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    names = (node for node in nodes if isinstance(node, ast.Name) and node not in called)
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _constant_tests(nodes: Iterable[ast.AST]) -> int:
    """The number of conditions that are constant, or have a constant part."""
    tests = [node.test for node in nodes if isinstance(node, ast.If | ast.While | ast.IfExp)]
    parts = [part for test in tests for part in (test.values if isinstance(test, ast.BoolOp) else [test])]
    return sum(isinstance(part, ast.Constant) for part in parts)


def _constant_results(nodes: Iterable[ast.AST]) -> int:
    """The number of results that depend on nothing: constants and empty collections."""
    values = [node.value for node in nodes if isinstance(node, ast.Return)]
    return sum(isinstance(value, ast.Constant) or _is_empty(value) for value in values)


def _is_empty(node: ast.expr | None) -> bool:
    return ast.dump(node) in _EMPTY if isinstance(node, ast.List | ast.Tuple | ast.Dict) else False


def _twins(nodes: Iterable[ast.AST]) -> int:
    """The number of operations with equal operands, such as `a - a`, `a == a`, `a and a`, but not squares."""
    twins = 0
    for node in nodes:
        match node:
            case ast.BinOp(op=ast.Mult() | ast.Pow()):
                continue
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                pair: list[ast.expr] = [left, right]
            case ast.BoolOp(values=values):
                pair = values
            case _:
                continue
        texts = [fingerprint(operand) for operand in pair if not isinstance(operand, ast.Constant)]
        twins += len(set(texts)) < len(texts)
    return twins
