"""Batches of candidates for the meta-planner, as a function of how many were tried and of what was kept.

The normal search comes first. Once it runs dry, two others take turns: the widened search for a single edit, and the
search for a second edit beside one that changes how a target fails (in the manner of Prophet's and SPR's staged search,
but over two places; random pairs would be hopeless: their number is the square).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from buildpacks import RepoView
from gate import Candidate, Change, EditFile, Patch, apply, compose
from planners.api import PlannerContext
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect, rank
from planners.search.operators import OPERATORS
from planners.search.operators.base import Operator
from planners.state import Promising, State

__all__ = ["CandidateSearch"]

_SMALL_BATCH, _LARGE_BATCH = 32, 256
_WARM_UP = 128
_COLLECTING_BATCH = 16
_HALVED_AFTER = 8
"""The place among the promising candidates whose second edits count half as much as those of the first."""

_NEARBY = 2.0
"""How much more suspicious a changed line and those beside it are: what is changed together mostly stands together."""

_A_TARGET_PASSES = (2,)
"""The progress of promising candidates that make a target pass; others make one get further than on the base."""

_UNREACHED = 0.3
"""How suspicious lines are which no failing test ran on the base, relative to an edit that lets one get further."""

_TURN = _LARGE_BATCH
"""How many candidates the widened search and that for second edits take in turn."""


class CandidateSearch:
    """Cuts the stream of candidates into batches.

    The stream is a cache: where the number of tried candidates is not the place that it has reached (after a resume, or
    in a replay), it is made again from the spectrum and skipped up to there.
    """

    def __init__(self, operators: Sequence[Operator] = OPERATORS) -> None:
        self._operators = operators
        self._stream: Iterator[Candidate] = iter(())
        self._ahead: deque[Candidate] = deque()
        self._source: tuple[str, Patch] | None = None
        self._suspects: list[Suspect] = []
        self._widened = False
        self._at = 0

    def next_batch(
        self, state: State, context: PlannerContext, targets: tuple[str, ...], most: int | None = None
    ) -> tuple[tuple[Candidate, ...], bool]:
        """The next candidates, and whether they come from the widened search; none when the search has run dry.

        `most` is how many are wanted at most. Batches grow: small ones while the likeliest candidates are tried, larger
        ones when the tail is worked off.
        """
        if state.spectrum is None:
            return (), False
        begun = state.kept.tried if state.kept else 0
        self._wind_to(state, context, targets)
        size = _SMALL_BATCH if state.tried - begun < _WARM_UP else _LARGE_BATCH
        if most is not None:
            size = min(most, _COLLECTING_BATCH)
        self._look_ahead(size, state, context)
        return tuple(islice(self._ahead, size)), self._widened

    def _wind_to(self, state: State, context: PlannerContext, targets: tuple[str, ...]) -> None:
        assert state.spectrum is not None
        kept, begun = (state.kept.patch, state.kept.tried) if state.kept else ((), 0)
        source, tried = (state.spectrum.spectrum, kept), state.tried - begun
        if self._source != source or tried < self._at:
            spectrum = context.evidence.spectrum(state.spectrum.spectrum)
            self._suspects = rank(spectrum, targets, context.is_source)
            self._source, self._at, self._widened = source, 0, False
            self._stream = _singles(self._suspects, context.view, kept, self._operators, width=0)
            self._ahead.clear()
        while self._at < tried:
            self._look_ahead(1, state, context)
            if not self._ahead:
                return
            self._ahead.popleft()
            self._at += 1

    def _look_ahead(self, size: int, state: State, context: PlannerContext) -> None:
        """Take candidates from the stream; where it ends, the widened search goes on.

        That one begins when all before it were tried: it depends on what came of them.
        """
        self._ahead.extend(islice(self._stream, size - len(self._ahead)) if len(self._ahead) < size else ())
        if not self._ahead and not self._widened:
            kept = state.kept.patch if state.kept else ()
            self._widened = True
            self._stream = _turns(
                _pairs(self._suspects, context.view, kept, self._operators, state.promising),
                _singles(self._suspects, context.view, kept, self._operators, width=1),
            )
            self._ahead.extend(islice(self._stream, size))


def _turns(*streams: Iterator[Candidate]) -> Iterator[Candidate]:
    """Some of each in turn, until all have ended."""
    left = list(streams)
    while left:
        for stream in tuple(left):
            taken = list(islice(stream, _TURN))
            yield from taken
            if len(taken) < _TURN:
                left.remove(stream)


def _singles(
    suspects: Sequence[Suspect], view: RepoView, kept: Patch, operators: Sequence[Operator], width: int
) -> Iterator[Candidate]:
    """Candidates with one edit on the tree that `kept` makes, as patches on the base."""
    for candidate in enumerate_candidates(_with(kept, view), suspects, width=width, operators=operators):
        patch = compose(kept, candidate.patch, view.read) if kept else candidate.patch
        if patch:  # else it undoes what was kept
            yield replace(candidate, patch=patch)


def _pairs(
    suspects: Sequence[Suspect],
    view: RepoView,
    kept: Patch,
    operators: Sequence[Operator],
    promising: Sequence[Promising],
) -> Iterator[Candidate]:
    """Candidates with one more edit beside each of those that are promising, best first, each resulting tree once."""
    tree = _with(kept, view)

    def beside(place: int, first: Promising) -> Iterator[Candidate]:
        further = first.progress < _A_TARGET_PASSES
        moved = _moved(suspects, tree, _with(first.patch, view), _paths(first.patch), _UNREACHED if further else 0.0)
        for second in _singles(moved, view, first.patch, operators, width=0):
            operator = f"{first.operator}+{second.operator}"
            yield Candidate(second.patch, operator, first.location, second.score / (1 + place / _HALVED_AFTER))

    seen = {one.patch for one in promising} | {kept}
    streams = [beside(place, first) for place, first in enumerate(promising)]
    for candidate in heapq.merge(*streams, key=lambda one: -one.score):
        if candidate.patch not in seen:
            seen.add(candidate.patch)
            yield candidate


def _moved(
    suspects: Sequence[Suspect], before: RepoView, after: RepoView, paths: Collection[str], others: float
) -> list[Suspect]:
    """Suspects of one tree at the lines that they have in another, of which the files `paths` differ.

    Changed lines and those beside them are more suspicious than the others, lines that no failing test ran by a share
    `others` of that.
    """
    found = [one for one in suspects if one.path not in paths]
    for path in paths:
        old, new = before.read(path).splitlines(), after.read(path).splitlines()
        head = _alike(old, new)
        tail = _alike(old[head:][::-1], new[head:][::-1])
        scores = {one.line: one.score for one in suspects if one.path == path}
        around = max((scores.get(line, 0.0) for line in range(head, len(old) - tail + 2)), default=0.0)
        moved = dict.fromkeys(range(1, len(new) + 1), others * _NEARBY * around)
        moved |= {line: score for line, score in scores.items() if line <= head}
        end, shift = len(old) - tail, len(new) - len(old)
        moved |= {line + shift: score for line, score in scores.items() if line > end}
        moved |= dict.fromkeys(range(max(1, head), min(len(new), len(new) - tail + 1) + 1), _NEARBY * around)
        found += [Suspect(path, line, score) for line, score in moved.items() if score]
    return sorted(found, key=lambda one: (-one.score, one.path, one.line))


def _alike(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many lines at the beginning are the same."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _paths(patch: Patch) -> set[str]:
    return {operation.path for operation in patch if isinstance(operation, EditFile)}


def _with(patch: Patch, view: RepoView) -> RepoView:
    """The tree that a patch on the base makes."""
    return _PatchedView(view, apply(patch, view.read)) if patch else view


class _PatchedView:
    """The base with the edits of a change in it."""

    def __init__(self, base: RepoView, change: Change) -> None:
        self._base = base
        self._change = change

    def files(self) -> Sequence[str]:
        return self._base.files()

    def exists(self, path: str) -> bool:
        return self._base.exists(path)

    def read(self, path: str) -> bytes:
        file = self._change.files.get(path)
        return file.after if file and file.after is not None else self._base.read(path)
