"""Functions that are parallel to another one: their statements side by side, and what only the other one has.

Similar code as the pattern of a repair: Jiang, Xiong, Zhang, Gao and Chen, "Shaping Program Repair Space with Existing
Patches and Similar Code" (SimFix, ISSTA 2018); its differences as candidates: Xin and Reiss, "ssFix" (ASE 2017).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from planners.search.python.source import FUNCTIONS, Source, is_docstring

__all__ = ["Gap", "Peer", "gaps", "likeness", "own_block", "peers_of", "shared_names"]

type _Function = ast.FunctionDef | ast.AsyncFunctionDef

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LEAST_LIKENESS, _OF_SAME_NAME = 0.55, 0.15
_MOST_PEERS, _MOST_LINES, _MOST_STATEMENTS = 4, 80, 40
_SAME_STATEMENT = 0.55
"""How alike two statements must be to be the same step of two functions."""

_BLOCKS = ("body", "orelse", "finalbody")


class Peer(NamedTuple):
    """A function that is parallel to another one, and how alike they are (at most 1)."""

    source: Source
    function: _Function
    likeness: float


class Gap(NamedTuple):
    """What a block of a peer has where the function's own block has `own` (perhaps nothing).

    The gap is after `before` and before `behind`, statements of the function. `branch` is the `if` whose `else` is
    meant, if it has none.
    """

    theirs: Sequence[ast.stmt]
    own: Sequence[ast.stmt]
    before: ast.stmt | None = None
    behind: ast.stmt | None = None
    branch: ast.If | None = None


def peers_of(source: Source, function: _Function, others: Sequence[Source]) -> list[Peer]:
    """The functions that are most like a function: of its file, and those with its name in other files."""
    own, lines = _tokens(source, function), _lines(function)
    found: list[Peer] = []
    for origin in (source, *others):
        for node in origin.parents:
            if not isinstance(node, FUNCTIONS) or node is function or _lines(node) > _MOST_LINES:
                continue
            same = node.name == function.name
            if (origin is not source and not same) or not lines / 4 <= _lines(node) <= 4 * lines + 4:
                continue
            value = min(1.0, _contained(own, _tokens(origin, node)) + _OF_SAME_NAME * same)
            if value >= _LEAST_LIKENESS:
                found.append(Peer(origin, node, value))
    return sorted(found, key=lambda peer: (-peer.likeness, peer.function.lineno))[:_MOST_PEERS]


def likeness(first: Counter[str], second: Counter[str]) -> float:
    """The share of the tokens that two texts have in common (Dice)."""
    return 2 * (first & second).total() / max(1, first.total() + second.total())


def _contained(first: Counter[str], second: Counter[str]) -> float:
    """How alike two texts are if one may lack a part of the other: the mean of Dice and of the overlap."""
    smaller = max(1, min(first.total(), second.total()))
    return (likeness(first, second) + (first & second).total() / smaller) / 2


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@lru_cache(maxsize=4096)
def _tokens(source: Source, node: ast.stmt) -> Counter[str]:
    start, end = source.span(node)
    return Counter(_TOKEN.findall(source.text[start:end]))


def own_block(function: _Function) -> list[ast.stmt]:
    """The statements of a function without its documentation."""
    return [statement for statement in function.body if not is_docstring(statement)]


def gaps(source: Source, own: Sequence[ast.stmt], peer: Source, theirs: Sequence[ast.stmt]) -> Iterator[Gap]:
    """The differences of two blocks and of the blocks in their common statements."""
    pairs = [(-1, -1), *_aligned(source, own, peer, theirs), (len(own), len(theirs))]
    for (left, right), (next_left, next_right) in pairwise(pairs):
        if right + 1 < next_right:
            yield Gap(
                theirs[right + 1 : next_right],
                own[left + 1 : next_left],
                own[left] if left >= 0 else None,
                own[next_left] if next_left < len(own) else None,
            )
        if 0 <= next_left < len(own):
            yield from _inside(source, own[next_left], peer, theirs[next_right])


def _inside(source: Source, own: ast.stmt, peer: Source, theirs: ast.stmt) -> Iterator[Gap]:
    """The differences of two statements that are the same step."""
    if not hasattr(own, "body"):
        if _tokens(source, own) != _tokens(peer, theirs):
            yield Gap([theirs], [own])
        return
    for field in _BLOCKS:
        left, right = getattr(own, field, []), getattr(theirs, field, [])
        if left and right:
            yield from gaps(source, left, peer, right)
        elif right and field == "orelse" and isinstance(own, ast.If):
            yield Gap(right, (), branch=own)


def _aligned(
    source: Source, own: Sequence[ast.stmt], peer: Source, theirs: Sequence[ast.stmt]
) -> list[tuple[int, int]]:
    """The places of the statements that are the same steps, in order: the alignment that is most alike."""
    if max(len(own), len(theirs)) > _MOST_STATEMENTS:
        return []
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]] = [[(0.0, ())] * (len(theirs) + 1)]
    for left, statement in enumerate(own):
        row: list[tuple[float, tuple[tuple[int, int], ...]]] = [(0.0, ())]
        for right, other in enumerate(theirs):
            options = [best[left][right + 1], row[right]]
            alike = _alike(source, statement, peer, other)
            if alike >= _SAME_STATEMENT:
                value, path = best[left][right]
                options.append((value + alike, (*path, (left, right))))
            row.append(max(options, key=lambda option: option[0]))
        best.append(row)
    return list(best[-1][-1][1])


def _alike(source: Source, own: ast.stmt, peer: Source, theirs: ast.stmt) -> float:
    return likeness(_tokens(source, own), _tokens(peer, theirs)) if type(own) is type(theirs) else 0.0


def shared_names(source: Source, function: _Function, peer: Peer) -> dict[str, str]:
    """How the peer's variables, and its attributes (with a dot before them), are called in the function."""
    votes: Counter[tuple[str, str]] = Counter()
    parameters = zip(function.args.args, peer.function.args.args, strict=False)
    votes.update((other.arg, argument.arg) for argument, other in parameters)
    _vote(source, own_block(function), peer.source, own_block(peer.function), votes)
    names: dict[str, str] = {}
    for (other, name), _ in votes.most_common():
        names.setdefault(other, name)
    return {other: name for other, name in names.items() if other != name}


def _vote(
    source: Source, own: Sequence[ast.stmt], peer: Source, theirs: Sequence[ast.stmt], votes: Counter[tuple[str, str]]
) -> None:
    for left, right in _aligned(source, own, peer, theirs):
        _vote_nodes(own[left], theirs[right], votes)
        for field in _BLOCKS:
            blocks = getattr(own[left], field, []), getattr(theirs[right], field, [])
            if all(blocks):
                _vote(source, blocks[0], peer, blocks[1], votes)


def _vote_nodes(own: ast.AST, theirs: ast.AST, votes: Counter[tuple[str, str]]) -> None:
    """Count the names at the same places of two trees."""
    match own, theirs:
        case ast.Name(id=name), ast.Name(id=other):
            votes[other, name] += 1
        case ast.Attribute(value=ast.Name(), attr=name), ast.Attribute(value=ast.Name(), attr=other):
            votes[f".{other}", f".{name}"] += 1
    for field in own._fields if type(own) is type(theirs) else ():
        left, right = getattr(own, field, None), getattr(theirs, field, None)
        if isinstance(left, ast.AST) and isinstance(right, ast.AST):
            _vote_nodes(left, right, votes)
        elif isinstance(left, list) and isinstance(right, list) and field not in _BLOCKS and len(left) == len(right):
            for one, two in zip(left, right, strict=True):
                if isinstance(one, ast.AST) and isinstance(two, ast.AST):
                    _vote_nodes(one, two, votes)
