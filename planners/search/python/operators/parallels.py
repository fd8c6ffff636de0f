"""What similar functions have and this one lacks: one statement, or a few lines, with the names that it uses here.

See `planners.search.python.parallel` for which functions are similar, and whose method this is.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from planners.search.language import Replacement
from planners.search.python.operators.base import PythonOperator, Site
from planners.search.python.operators.blocks import copied, insert
from planners.search.python.operators.frequencies import STATEMENT
from planners.search.python.parallel import Gap, Peer, gaps, own_block, peers_of, shared_names
from planners.search.python.scope import Scope
from planners.search.python.source import FUNCTIONS

__all__ = ["OPERATORS"]

_MOST_LINES = 9
_REPLACED, _PART = 0.5, 0.5
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class _Change(NamedTuple):
    """Lines to add at a statement, or to put in the place of the statements up to `last`."""

    text: str
    weight: float
    after: bool = False
    last: ast.stmt | None = None


def _complete(site: Site, scope: Scope) -> Iterator[Replacement]:
    """Add what a similar function has at this place, or put it in the place of what is here."""
    node = site.node
    assert isinstance(node, ast.stmt)
    for change in _changes(scope).get(node, ()) if isinstance(scope.function, FUNCTIONS) else ():
        if change.last is None:
            yield from insert(site, change.text, after=change.after, weight=change.weight)
        else:
            yield from _replaced(site, node, change.last, change)


def _replaced(site: Site, first: ast.stmt, last: ast.stmt, change: _Change) -> Iterator[Replacement]:
    start, end = site.source.lines(first), site.source.lines(last)
    if start is not None and end is not None and site.source.text[end[1] - 1 : end[1]] in {"\n", "\r"}:
        lines = (f"{start[2]}{line}" if line else line for line in change.text.split("\n"))
        text = "".join(line + site.source.newline for line in lines)
        if text != site.source.text[start[0] : end[1]]:
            yield site.lines(start[0], end[1], text, weight=change.weight)


@lru_cache(maxsize=64)
def _changes(scope: Scope) -> Mapping[ast.stmt, Sequence[_Change]]:
    """The changes that make a function more like its peers, by the statement at which they are made."""
    function = scope.function
    assert isinstance(function, FUNCTIONS)
    by_place: dict[ast.stmt, list[_Change]] = defaultdict(list)
    others = [module.source for module in scope.neighbours]
    for peer in peers_of(scope.source, function, others):
        names = shared_names(scope.source, function, peer)
        for gap in gaps(scope.source, own_block(function), peer.source, own_block(peer.function)):
            for place, change in _of_gap(scope, peer, gap, names):
                by_place[place].append(change)
    return by_place


def _of_gap(scope: Scope, peer: Peer, gap: Gap, names: Mapping[str, str]) -> Iterator[tuple[ast.stmt, _Change]]:
    runs: list[tuple[Sequence[ast.stmt], float]] = [(gap.theirs, 1.0)]
    if 1 < len(gap.theirs) <= 3:
        runs += [([statement], _PART) for statement in gap.theirs]
    for run, factor in runs:
        text = _fitting(scope, peer, run, names)
        if text is None:
            continue
        weight = peer.likeness * factor
        if gap.branch is not None:
            lines = text.replace("\n", "\n    ")
            yield gap.branch, _Change(f"else:\n    {lines}", weight, after=True)
            continue
        if gap.own:
            yield gap.own[0], _Change(text, weight * _REPLACED, last=gap.own[-1])
        if gap.before is not None and not isinstance(gap.before, _LEAVING):
            yield gap.before, _Change(text, weight, after=True)
        if gap.behind is not None and (gap.own or gap.before is None):
            yield gap.behind, _Change(text, weight)


def _fitting(scope: Scope, peer: Peer, run: Sequence[ast.stmt], names: Mapping[str, str]) -> str | None:
    """Statements of a peer as text for the function; None if they do not fit, are long, or are there."""
    text = copied(peer.source, run, names)
    if text is None or text.count("\n") >= _MOST_LINES:
        return None
    used = [part for statement in run for part in ast.walk(statement) if isinstance(part, ast.Name)]
    bound = {part.id for part in used if isinstance(part.ctx, ast.Store)}
    read = {names.get(part.id, part.id) for part in used if part.id not in bound}
    function = scope.function
    assert isinstance(function, FUNCTIONS)
    first = {argument.arg for argument in function.args.args[:1]}
    known = scope.visible(function.body[-1]) | scope.bindings.keys() | first
    return text if read <= known else None


OPERATORS = (PythonOperator("complete-as-similar", STATEMENT, 2, 4, (ast.stmt,), _complete),)
