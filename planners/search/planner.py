"""Batches of candidates for the meta-planner, as a function of how many were tried."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gate import Candidate
from planners.api import PlannerContext
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect, rank
from planners.state import State

__all__ = ["CandidateSearch"]

_WIDTHS = (0, 1)
_SMALL_BATCH, _LARGE_BATCH = 32, 256
_WARM_UP = 128


class CandidateSearch:
    """Cuts the stream of candidates into batches.

    The stream is a cache: where the number of tried candidates is not the place that it has reached (after a resume, or
    in a replay), it is made again from the spectrum and skipped up to there.
    """

    def __init__(self) -> None:
        self._stream: Iterator[tuple[Candidate, bool]] = iter(())
        self._ahead: deque[tuple[Candidate, bool]] = deque()
        self._source: str | None = None
        self._at = 0

    def next_batch(
        self, state: State, context: PlannerContext, targets: tuple[str, ...]
    ) -> tuple[tuple[Candidate, ...], bool]:
        """The next candidates, and whether they come from the widened search; none when the search has run dry.

        Batches grow: small ones while the likeliest candidates are tried, larger ones when the tail is worked off.
        """
        if state.spectrum is None:
            return (), False
        self._wind_to(state.tried, state.spectrum.spectrum, context, targets)
        size = _SMALL_BATCH if state.tried < _WARM_UP else _LARGE_BATCH
        while len(self._ahead) < size and (entry := next(self._stream, None)):
            self._ahead.append(entry)
        if not self._ahead:
            return (), False
        widened = self._ahead[0][1]
        batch = [candidate for candidate, wide in list(self._ahead)[:size] if wide == widened]
        return tuple(batch), widened

    def _wind_to(self, tried: int, spectrum: str, context: PlannerContext, targets: tuple[str, ...]) -> None:
        if self._source != spectrum or tried < self._at:
            suspects = rank(context.evidence.spectrum(spectrum), targets, context.is_source)
            self._stream, self._source, self._at = _stream(suspects, context), spectrum, 0
            self._ahead.clear()
        while self._at < tried:
            if not self._ahead and next(self._stream, None) is None:
                return
            if self._ahead:
                self._ahead.popleft()
            self._at += 1


def _stream(suspects: list[Suspect], context: PlannerContext) -> Iterator[tuple[Candidate, bool]]:
    for width in _WIDTHS:
        for candidate in enumerate_candidates(context.view, suspects, width=width):
            yield candidate, width > 0
