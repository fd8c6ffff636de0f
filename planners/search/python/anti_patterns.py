"""Anti-patterns in changes of Python: both sides are compared as trees."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from planners.search.language import AntiPattern
from planners.search.python.source import FUNCTIONS, fingerprint
from planners.search.python.unread import unread

__all__ = ["anti_patterns"]

_CONTROL = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Return, ast.Raise, ast.Break, ast.Continue)
_EXITS = (ast.Return, ast.Raise, ast.Break, ast.Continue)

_CONVERSIONS = frozenset(
    fingerprint(ast.Name(name, ast.Load())) for name in ("bool", "float", "int", "list", "round", "str", "tuple")
)
"""Calls without side effects: one too many is as common a mistake as one too few."""

_COMMON = frozenset((None, 0, 1, 2, -1, ""))
"""What code is compared with everywhere; True and False are equal to 1 and 0."""

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
    if _certain(new) > _certain(old):
        yield AntiPattern.CONSTANT_OUTCOME
    if _fewer_arguments(old, new):
        yield AntiPattern.ARGUMENT_DROPPED
    if _without_effect(new) > _without_effect(old):
        yield AntiPattern.DEAD_CODE
    if _constants_assigned(after) > _constants_assigned(before):
        yield AntiPattern.CONSTANT_ASSIGNED
    if _singled_out(new) - _singled_out(old) - _literals(old):
        yield AntiPattern.NARROWED
    if _requoted(_texts(old), _texts(new)):
        yield AntiPattern.QUOTES_CHANGED
    if _twins(new) > _twins(old):
        yield AntiPattern.SAME_OPERAND_TWICE
    if _left_unread(old, new):
        yield AntiPattern.STILL_UNREAD
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


def _certain(nodes: Iterable[ast.AST]) -> int:
    """The number of comparisons whose outcome is certain: of two constants, or of a length with less than nothing."""
    count = 0
    for node in nodes:
        match node:
            case ast.Compare(left, [_], [right]) if _is_fixed(left) and _is_fixed(right):
                count += 1
            case ast.Compare(ast.Call(ast.Name("len")), [ast.GtE() | ast.Lt()], [ast.Constant(0)]):
                count += 1
            case ast.Compare(ast.Constant(0), [ast.LtE() | ast.Gt()], [ast.Call(ast.Name("len"))]):
                count += 1
    return count


def _is_fixed(node: ast.expr) -> bool:
    """Whether it is a constant, a collection of constants, or an empty one that is made by a call."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_fixed, parts))
        case ast.Call(func=ast.Name(id="set" | "list" | "dict" | "tuple" | "frozenset"), args=[], keywords=[]):
            return True
    return isinstance(node, ast.Constant)


def _fewer_arguments(old: Iterable[ast.AST], new: Iterable[ast.AST]) -> bool:
    """Whether a function is called as often as before, with fewer arguments."""

    def counted(nodes: Iterable[ast.AST]) -> tuple[Counter[str], Counter[str]]:
        calls, arguments = Counter[str](), Counter[str]()
        for node in nodes:
            if isinstance(node, ast.Call):
                calls[fingerprint(node.func)] += 1
                arguments[fingerprint(node.func)] += len(node.args) + len(node.keywords)
        return calls, arguments

    (calls, before), (still, after) = counted(old), counted(new)
    return any(calls[name] == still[name] and after[name] < before[name] for name in calls)


def _without_effect(nodes: Iterable[ast.AST]) -> int:
    """The number of statements that follow one after which nothing follows, or whose value the next one overwrites."""
    fields = (getattr(node, field, None) for node in nodes for field in ("body", "orelse", "finalbody"))
    blocks = [field for field in fields if isinstance(field, list)]
    unreachable = sum(
        len(block) - 1 - place
        for block in blocks
        for place, statement in enumerate(block)
        if isinstance(statement, _EXITS)
    )
    return unreachable + sum(_overwrites(one, other) for block in blocks for one, other in pairwise(block))


def _overwrites(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether the second of two statements assigns to what the first one assigns to, without reading it."""
    match one, other:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=first),
            ast.Assign(targets=[ast.Name(id=again)], value=value),
        ) if not any(isinstance(part, ast.Call | ast.Await | ast.Yield) for part in ast.walk(first)):
            return name == again and name not in {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
    return False


def _constants_assigned(tree: ast.Module) -> int:
    """How often functions assign to what is named like a constant (PEP 8)."""
    functions = (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))
    stored = (
        node for function in functions for node in ast.walk(function) if isinstance(node, ast.Name | ast.Attribute)
    )
    names = (node.id if isinstance(node, ast.Name) else node.attr for node in stored if isinstance(node.ctx, ast.Store))
    return sum(name.isupper() and len(name) > 1 for name in names)


def _singled_out(nodes: Iterable[ast.AST]) -> set[str]:
    """The literals, but not the most common ones, that something is compared with for equality or is looked for in."""
    sides = (
        part
        for node in nodes
        if isinstance(node, ast.Compare)
        for operator, side in zip(node.ops, node.comparators, strict=True)
        for part in (side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side])
        if isinstance(operator, ast.Eq | ast.NotEq) or part is not side
    )
    return {repr(side.value) for side in sides if isinstance(side, ast.Constant) and side.value not in _COMMON}


def _literals(nodes: Iterable[ast.AST]) -> set[str]:
    return {repr(node.value) for node in nodes if isinstance(node, ast.Constant)}


def _texts(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _requoted(old: set[str], new: set[str]) -> bool:
    """Whether a text differs from one that it replaces only in its kind of quotes."""
    gone, made = ({text.replace('"', "'") for text in texts} for texts in (old - new, new - old))
    return not gone.isdisjoint(made)


def _is_empty(node: ast.expr | None) -> bool:
    return ast.dump(node) in _EMPTY if isinstance(node, ast.List | ast.Tuple | ast.Dict) else False


def _twins(nodes: Iterable[ast.AST]) -> int:
    """The number of operations with equal operands, such as `a - a`, `a == a`, `f(a, a)`, but not squares."""
    twins = 0
    for node in nodes:
        match node:
            case ast.BinOp(op=ast.Mult() | ast.Pow()):
                continue
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                pair: list[ast.expr] = [left, right]
            case ast.BoolOp(values=values):
                pair = values
            case ast.Call(args=arguments):
                pair = arguments
            case _:
                continue
        texts = [fingerprint(operand) for operand in pair if not isinstance(operand, ast.Constant)]
        twins += len(set(texts)) < len(texts)
    return twins


def _left_unread(old: Iterable[ast.AST], new: Iterable[ast.AST]) -> bool:
    """Whether a changed function had variables that nothing reads, and each of them is still so."""
    before, after = ([node for node in nodes if isinstance(node, FUNCTIONS)] for nodes in (old, new))
    for one, other in zip(before, after, strict=False):
        idle = unread(one, ast.walk(one)).keys()
        if idle and idle <= unread(other, ast.walk(other)).keys() and ast.dump(one) != ast.dump(other):
            return True
    return False
