"""Batches of candidates for the meta-planner, as a function of the number of tried candidates and the kept patch.

The normal search comes first. Once it is exhausted, others take turns: the widened search for a single edit, that for a
second edit beside one that changes how a target fails, and the normal one again where it was not sure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

from gate import Candidate, Patch
from planners.api import PlannerContext
from planners.search.experience import Experience, fingerprint
from planners.search.language import Language, Operator
from planners.search.localize import failing_tests, kinds_of, rank
from planners.search.registry import LANGUAGES, operators_of
from planners.search.space import Space
from planners.state import State
from planners.trial import Trial

__all__ = ["CandidateSearch"]

_SMALL_BATCH, _LARGE_BATCH = 32, 256
_WARM_UP = 128
_COLLECTING_BATCH = 16
_TURN, _SHORT_TURN = _LARGE_BATCH, 16
"""How many candidates the widened search and the search for second edits take in turn, and that which repeats."""


class CandidateSearch:
    """Cuts the stream of candidates into batches.

    The stream is a cache: if its place differs from the number of tried candidates (after a resume, or in a replay), it
    is made again from the spectrum and skipped up to that number.
    """

    def __init__(
        self,
        languages: Mapping[str, Language] = LANGUAGES,
        *,
        further: Sequence[Operator] = (),
        experience: Experience | None = None,
    ) -> None:
        """`languages` are the ones that the search can repair, by suffix; `further` are additional operators.

        `experience` says how likely the operators are for a failure; without it, only their frequencies count.
        """
        self.languages = languages
        self._operators = (*operators_of(languages), *further)
        self._experience = experience or Experience()
        self._stream: Iterator[Candidate] = iter(())
        self._ahead: deque[Candidate] = deque()
        self._source: tuple[str, Patch] | None = None
        self._space: Space | None = None
        self._imported: Mapping[str, Collection[int]] = {}
        self._widened = False
        self._at = 0

    def next_batch(
        self,
        state: State,
        context: PlannerContext,
        targets: tuple[str, ...],
        most: int | None = None,
        *,
        widen: bool = True,
    ) -> tuple[tuple[Candidate, ...], bool]:
        """The next candidates, and whether they come from the widened search; none when the search is exhausted.

        `most` limits their number; without `widen`, only the normal search counts. Batches grow: small ones for the
        likeliest candidates, larger ones for the tail.
        """
        if state.spectrum is None:
            return (), False
        begun = state.kept.searched if state.kept else 0
        self._wind_to(state, context, targets)
        size = _SMALL_BATCH if state.searched - begun < _WARM_UP else _LARGE_BATCH
        if most is not None:
            size = min(most, _COLLECTING_BATCH)
        self._look_ahead(size, state.near_misses, widen=widen)
        return tuple(islice(self._ahead, size)), self._widened

    def _wind_to(self, state: State, context: PlannerContext, targets: tuple[str, ...]) -> None:
        assert state.spectrum is not None
        kept, begun = (state.kept.patch, state.kept.searched) if state.kept else ((), 0)
        source, tried = (state.spectrum.spectrum, kept), state.searched - begun
        if self._source != source or tried < self._at:
            spectrum = context.reports.spectrum(state.spectrum.spectrum)
            suspects, kinds = rank(spectrum, targets, context.is_source), kinds_of(spectrum, targets)
            operators = self._operators
            if self._experience.overall:
                operators = self._experience.weigh(operators, _failure(state, context, targets))
            failures = [trace for trace in spectrum.cases if trace.id in targets]
            failing = failing_tests(failures, context.view)
            self._space = Space(context.view, suspects, kinds, operators, self.languages, kept, failing)
            self._source, self._at, self._widened = source, 0, False
            self._imported = spectrum.imported
            self._stream = chain(self._space.mends(failures, context.is_source), self._space.singles(width=0))
            self._ahead.clear()
        while self._at < tried:
            self._look_ahead(1, state.near_misses, widen=True)
            if not self._ahead:
                return
            self._ahead.popleft()
            self._at += 1

    def _look_ahead(self, size: int, near_misses: Sequence[Trial], *, widen: bool) -> None:
        """Take candidates from the stream; at its end, the widened search continues if it may.

        The widened search begins when all earlier candidates were tried: it depends on their outcomes.
        """
        self._ahead.extend(islice(self._stream, max(0, size - len(self._ahead))))
        if widen and not self._ahead and not self._widened and self._space:
            self._widened = True
            pairs, widened = self._space.pairs(near_misses), self._space.singles(width=1)
            again = self._space.afresh(self._imported)
            self._stream = _turns((pairs, _TURN), (widened, _TURN), (again, _SHORT_TURN))
            self._ahead.extend(islice(self._stream, size))


def _failure(state: State, context: PlannerContext, targets: tuple[str, ...]) -> str:
    """The fingerprint of the targets' failures on the base."""
    assert state.baseline is not None
    wanted = frozenset(targets)
    return fingerprint(case for case in context.reports.report(state.baseline.report).cases if case.id in wanted)


def _turns(*streams: tuple[Iterator[Candidate], int]) -> Iterator[Candidate]:
    """So many candidates of each stream in turn, until all have ended."""
    left = list(streams)
    while left:
        for stream, turn in tuple(left):
            taken = list(islice(stream, turn))
            yield from taken
            if len(taken) < turn:
                left.remove((stream, turn))
