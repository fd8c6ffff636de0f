"""Branches that are missing: an `else`, one more `elif` or `case`, and what a sibling branch does besides.

SPR's "copy and replace" and condition introduction (Long and Rinard, FSE 2015); "conditional block addition" is among
the repair actions of Sobreira et al., "Dissection of a Bug Dataset" (SANER 2018).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import copied, insert, siblings
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.operators.keys import new_keys, spelt_alike
from planners.search.python.operators.predicates import of_one
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign)
_PLAIN = ("None", "[]", "0", "''", "False", "True")
_MOST_TESTS, _CONDITIONAL = 6, 0.4
"""How many conditions on a tested variable the new branch may have, and the weight of those that have one."""

_LONGEST_ARM = 4
"""How many statements an arm may have that is the pattern for another one."""

_LEAST_ARMS = 2
_UNCHANGED = 0.1
"""The weight of an arm that does what another one does, relative to one that spells the new key where that one spells
its own."""

_OPPOSITE = {ast.Add: "-=", ast.Sub: "+="}


def _copy_from_branch(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Do what a sibling branch does besides: copy a simple statement of it into this one."""
    node = site.node
    if not isinstance(scope.function, FUNCTIONS) or not isinstance(node, ast.stmt):
        return
    block = siblings(site)
    known = {ast.unparse(statement) for statement in block}
    for other in _sibling_blocks(site):
        for statement in other:
            text = copied(site.source, [statement], {})
            if isinstance(statement, _SIMPLE) and text and ast.unparse(statement) not in known:
                yield from insert(site, text)
                if node is block[-1] and not isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
                    yield from insert(site, text, after=True)


def _sibling_blocks(site: Site) -> list[list[ast.stmt]]:
    """The other blocks of the `if` with all its `elif`, of the `try`, or of the `match` around a statement."""
    parent = site.parent
    if isinstance(parent, ast.If):
        top = parent
        while isinstance(above := site.source.parents[top][0], ast.If) and above.orelse == [top]:
            top = above
        blocks = _arms(top)
    elif isinstance(parent, ast.match_case):
        match = site.source.parents[parent][0]
        blocks = [case.body for case in match.cases] if isinstance(match, ast.Match) else []
    elif isinstance(parent, ast.ExceptHandler):
        around = site.source.parents[parent][0]
        blocks = [handler.body for handler in around.handlers] if isinstance(around, ast.Try) else []
    else:
        blocks = []
    own = siblings(site)
    return [block for block in blocks if block is not own]


def _arms(top: ast.If) -> list[list[ast.stmt]]:
    """The blocks of an `if` with all its `elif` and its `else`."""
    blocks, node = [top.body], top
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
        blocks.append(node.body)
    return [*blocks, node.orelse] if node.orelse else blocks


def _add_else(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add the `else` or `elif` that an `if` lacks, by the pattern of its last branch: `else: x = 0`."""
    node = site.node
    assert isinstance(node, ast.If)
    last = _last_arm(node)
    if last is None or not isinstance(scope.function, FUNCTIONS):
        return
    bodies = _alternatives(site, last, scope)
    for body in bodies:
        yield from insert(site, f"else:\n    {body}", after=True)
    tested = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)} & scope.bindings.keys()
    tests = [test for name in sorted(tested) for test in islice(of_one(name, scope), _MOST_TESTS)]
    for body in bodies:
        for test in tests:
            yield from insert(site, f"elif {test}:\n    {body}", after=True, weight=_CONDITIONAL)


def _last_arm(node: ast.If) -> ast.If | None:
    """The last arm of an `if` that ends without `else`."""
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
    return None if node.orelse else node


def _alternatives(site: Site, last: ast.If, scope: Scope) -> list[str]:
    """What the last branch does, with another value."""
    match last.body[-1]:
        case ast.Assign(targets=[target], value=value):
            text = site.text(target)
            names = [name for name in scope.names(last) if "callable" not in scope.kind(name)]
            others = [name for name in [*names[:6], *_PLAIN] if name not in {text, site.text(value)}]
            return [f"{text} = {other}" for other in others]
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as operator, value=value):
            text = site.text(target)
            if isinstance(target, ast.Name) and "sequence" in scope.kind(target.id):
                read = dict.fromkeys(part.id for part in ast.walk(value) if isinstance(part, ast.Name))
                appended = [f"{text}.append({name})" for name in read if "callable" not in scope.kind(name)]
                return [*appended, f"{text} {_OPPOSITE[type(operator)]} {site.text(value)}"]
            return [f"{text} {_OPPOSITE[type(operator)]} {site.text(value)}", f"{text} = 0"]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=method), args=[_])):
            names = [name for name in scope.names(last) if "callable" not in scope.kind(name)]
            return [f"{site.text(owner)}.{method}({name})" for name in names[:6]]
    return []


class _Arm(NamedTuple):
    """An arm for one key: the text of its test or pattern, and its block."""

    key: ast.Constant
    head: str
    body: list[ast.stmt]


def _add_arm(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add the `elif` or `case` for a key that the failing test names, by the pattern of another one."""
    node = site.node
    if isinstance(node, ast.If) and not (isinstance(site.parent, ast.If) and site.parent.orelse == [node]):
        arms, word = _compared_arms(site, node), "elif"
    elif isinstance(node, ast.Match):
        arms, word = _matched_arms(site, node), "case"
    else:
        return
    if len(arms) < _LEAST_ARMS or any(len(arm.body) > _LONGEST_ARM for arm in arms):
        return
    for text, weight in new_keys(scope, [arm.key for arm in arms]):
        for arm in reversed(arms):
            body = copied(site.source, arm.body, {})
            if body is None:
                continue
            spelt = spelt_alike(body, arm.key.value, ast.literal_eval(text))
            head = f"{word} {arm.head.replace(site.text(arm.key), text)}:\n    "
            factor = 1.0 if spelt != body else _UNCHANGED
            yield from _placed(site, arms[-1].body, head + spelt.replace("\n", "\n    "), weight * factor)


def _compared_arms(site: Site, node: ast.If) -> list[_Arm]:
    """Those of an `if` with all its `elif`, with tests like `x == KEY`."""
    arms: list[_Arm] = []
    while True:
        match node.test:
            case ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant() as key]):
                arms.append(_Arm(key, site.text(node.test), node.body))
        if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
            return arms
        node = node.orelse[0]


def _matched_arms(site: Site, node: ast.Match) -> list[_Arm]:
    """Those of a `match` with a constant as their pattern."""
    return [
        _Arm(key, site.text(key), case.body)
        for case in node.cases
        if isinstance(case.pattern, ast.MatchValue) and isinstance(key := case.pattern.value, ast.Constant)
    ]


def _placed(site: Site, body: Sequence[ast.stmt], arm: str, weight: float) -> Iterator[Replacement]:
    """Put an arm after the block of another one, with the indentation of that one's head."""
    source, last = site.source, site.source.lines(body[-1])
    if last is None or source.text[last[1] - 1 : last[1]] not in {"\n", "\r"}:
        return
    around = source.parents[body[-1]][0]
    line = around.pattern.lineno if isinstance(around, ast.match_case) else getattr(around, "lineno", 0)
    head = source.text[source.line_starts[line - 1] :]
    margin = head[: len(head) - len(head.lstrip(" \t"))]
    text = "".join(f"{margin}{part}{source.newline}" for part in arm.split("\n"))
    yield site.lines(last[1], last[1], text, weight=weight)


OPERATORS = (
    PythonOperator("copy-from-branch", STATEMENT, 4, 4, (ast.stmt,), _copy_from_branch),
    PythonOperator("add-else", STATEMENT / 2, 1, 10, (ast.If,), _add_else),
    PythonOperator("add-branch", STATEMENT / 2, 1, 6, (ast.If, ast.Match), _add_arm),
)
