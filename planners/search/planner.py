"""Batches of candidates for the meta-planner, as a function of how many were tried and of what was kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from buildpacks import RepoView
from gate import Candidate, Change, Patch, apply, compose
from planners.api import PlannerContext
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect, rank
from planners.state import State

__all__ = ["CandidateSearch"]

_WIDTHS = (0, 1)
_SMALL_BATCH, _LARGE_BATCH = 32, 256
_WARM_UP = 128
_COLLECTING_BATCH = 16


class CandidateSearch:
    """Cuts the stream of candidates into batches.

    The stream is a cache: where the number of tried candidates is not the place that it has reached (after a resume, or
    in a replay), it is made again from the spectrum and skipped up to there.
    """

    def __init__(self) -> None:
        self._stream: Iterator[tuple[Candidate, bool]] = iter(())
        self._ahead: deque[tuple[Candidate, bool]] = deque()
        self._source: tuple[str, Patch] | None = None
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
        kept = state.kept.patch if state.kept else ()
        begun = state.kept.tried if state.kept else 0
        self._wind_to(state.tried - begun, (state.spectrum.spectrum, kept), context, targets)
        size = _SMALL_BATCH if state.tried - begun < _WARM_UP else _LARGE_BATCH
        if most is not None:
            size = min(most, _COLLECTING_BATCH)
        while len(self._ahead) < size and (entry := next(self._stream, None)):
            self._ahead.append(entry)
        if not self._ahead:
            return (), False
        widened = self._ahead[0][1]
        batch = [candidate for candidate, wide in list(self._ahead)[:size] if wide == widened]
        return tuple(batch), widened

    def _wind_to(
        self, tried: int, source: tuple[str, Patch], context: PlannerContext, targets: tuple[str, ...]
    ) -> None:
        if self._source != source or tried < self._at:
            spectrum, kept = source
            suspects = rank(context.evidence.spectrum(spectrum), targets, context.is_source)
            self._stream, self._source, self._at = _stream(suspects, context.view, kept), source, 0
            self._ahead.clear()
        while self._at < tried:
            if not self._ahead and next(self._stream, None) is None:
                return
            if self._ahead:
                self._ahead.popleft()
            self._at += 1


def _stream(suspects: list[Suspect], view: RepoView, kept: Patch) -> Iterator[tuple[Candidate, bool]]:
    """Candidates on the tree that `kept` makes, as patches on the base, and whether the widened search made them."""
    tree = _PatchedView(view, apply(kept, view.read)) if kept else view
    for width in _WIDTHS:
        for candidate in enumerate_candidates(tree, suspects, width=width):
            patch = compose(kept, candidate.patch, view.read) if kept else candidate.patch
            if patch:  # else it undoes what was kept
                yield replace(candidate, patch=patch), width > 0


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
