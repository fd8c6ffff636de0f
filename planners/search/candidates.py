"""Candidate patches, best first: a lazy merge of the results of every operator at every suspicious line."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from posixpath import dirname
from types import MappingProxyType

from buildpacks import Kinds, RepoView
from gate import Candidate
from planners.search.files import SearchedFile
from planners.search.language import FailingTest, Language, Operator, Replacement, Site
from planners.search.localize import Suspect
from planners.search.registry import LANGUAGES, OPERATORS, language_of

__all__ = ["enumerate_candidates"]

_CORE_SHARE = 0.25
"""Lines below this share of the highest suspiciousness wait for the widened search."""

_CORE_LINES = 400
"""How many lines the normal search considers."""

_NO_KINDS: Kinds = MappingProxyType({})
_NEIGHBOURS = 6
"""The most other files that ingredients are taken from."""


def enumerate_candidates(
    view: RepoView,
    suspects: Sequence[Suspect],
    *,
    width: int = 0,
    operators: Sequence[Operator] = OPERATORS,
    kinds: Kinds = _NO_KINDS,
    languages: Mapping[str, Language] = LANGUAGES,
    failing: Sequence[FailingTest] = (),
) -> Iterator[Candidate]:
    """Single-edit patches in the order of prior x suspiciousness, each resulting tree once.

    A `width` of 1 gives what the normal space (0) leaves out: less suspicious lines, and operators with many
    ingredients. The order depends on the inputs alone, so a search can be resumed by skipping candidates. `kinds` are
    the kinds of the variables' values in the failing tests: edits that do not fit them are left out or come late. What
    the `failing` tests say makes edits likelier that add what they name. Files in none of the `languages` (by suffix)
    have no candidates.
    """
    return _Search(view, suspects, width, operators, kinds, languages, failing).run()


@dataclass(slots=True)
class _Stream:
    """The replacements of one operator at one site, and how many of them were taken."""

    file: SearchedFile
    site: Site
    operator: Operator
    score: float
    replacements: Iterator[Replacement]
    taken: int = 0

    @property
    def bound(self) -> float:
        """The highest score of the next replacement: the likelihood decreases as the options run out."""
        return self.score / (1 + self.taken / self.operator.options)


type _Step = Callable[[float], Candidate | None]


class _Search:
    """A heap of steps by the highest score each can lead to: open a file, look at a line, take from a stream."""

    def __init__(
        self,
        view: RepoView,
        suspects: Sequence[Suspect],
        width: int,
        operators: Sequence[Operator],
        kinds: Kinds,
        languages: Mapping[str, Language],
        failing: Sequence[FailingTest],
    ) -> None:
        self._view, self._width, self._kinds, self._languages = view, width, kinds, languages
        self._failing = failing
        self._operators: dict[str, list[Operator]] = defaultdict(list)
        for operator in sorted(operators, key=lambda operator: -operator.prior):
            if operator.width <= width:
                self._operators[operator.language].append(operator)
        self._heap: list[tuple[float, int, _Step]] = []
        self._serial = count()
        self._scores: dict[str, dict[int, float]] = defaultdict(dict)
        self._core: dict[str, set[int]] = defaultdict(set)
        top = max((suspect.score for suspect in suspects), default=0.0)
        for place, suspect in enumerate(suspects):
            self._scores[suspect.path][suspect.line] = suspect.score
            if place < _CORE_LINES and suspect.score >= top * _CORE_SHARE:
                self._core[suspect.path].add(suspect.line)

    def run(self) -> Iterator[Candidate]:
        """Take the best step until none is left."""
        for path, scores in self._scores.items():
            language = language_of(path, self._languages)
            operators = self._operators[language.name] if language else []
            if language and operators and (self._core[path] or self._width):
                self._push(max(scores.values()) * operators[0].prior, partial(self._open, path, language))
        while self._heap:
            bound, _, step = heapq.heappop(self._heap)
            candidate = step(-bound)
            if candidate:
                yield candidate

    def _push(self, score: float, step: _Step) -> None:
        heapq.heappush(self._heap, (-score, next(self._serial), step))

    def _open(self, path: str, language: Language, _: float) -> None:
        """Parse a file and queue its lines."""
        try:
            raw = self._view.read(path)
        except FileNotFoundError:
            return
        others = partial(self._neighbours, path, language)
        parsed = language.parse(path, raw, self._kinds.get(path, {}), others, self._failing)
        if parsed is None:
            return
        operators = self._operators[language.name]
        file = SearchedFile(parsed, operators, self._scores[path], frozenset(self._core[path]))
        scores = file.scores if self._width else file.core
        for line, score in scores.items():
            if line in file.sites:
                self._push(score * operators[0].prior, partial(self._look, file, line, score, 0))

    def _neighbours(self, path: str, language: Language) -> list[tuple[str, bytes]]:
        """Other files that the failing tests ran, first those of the same folder, the most suspicious ones first."""

        def distance(other: str) -> tuple[bool, float, str]:
            return dirname(other) != dirname(path), -max(self._scores[other].values()), other

        known = (other for other in self._scores if other != path and language_of(other, self._languages) is language)
        near = sorted(known, key=distance)[:_NEIGHBOURS]
        return [(other, self._view.read(other)) for other in near if self._view.exists(other)]

    def _look(self, file: SearchedFile, line: int, score: float, index: int, _: float) -> None:
        """Start one operator at the sites of a line, and queue the line for the next operator."""
        operator = file.operators[index]
        for site in file.sites[line]:
            if site.matches(operator.nodes):
                stream = _Stream(file, site, operator, score * operator.prior, file.replacements(operator, site))
                self._push(stream.score, partial(self._take, stream))
        if index + 1 < len(file.operators):
            self._push(score * file.operators[index + 1].prior, partial(self._look, file, line, score, index + 1))

    def _take(self, stream: _Stream, bound: float) -> Candidate | None:
        """Take one replacement; an unlikely one is queued."""
        replacement = next(stream.replacements, None)
        if replacement is None:
            return None
        stream.taken += 1
        self._push(stream.bound, partial(self._take, stream))
        if replacement.weight < 1:
            self._push(bound * replacement.weight, partial(self._candidate, stream, replacement))
            return None
        return self._candidate(stream, replacement, bound)

    def _candidate(self, stream: _Stream, replacement: Replacement, score: float) -> Candidate | None:
        file, site = stream.file, stream.site
        if self._width:
            _remember(file, site, block=replacement.block)
        accepted = file.accept(site, replacement)
        if accepted is None:
            return None
        try:
            patch = site.patch(accepted)
        except ValueError:  # the file's encoding has no such text
            return None
        return Candidate(patch, stream.operator.id, site.location, score)


def _remember(file: SearchedFile, site: Site, *, block: bool) -> None:
    """Tell the file about the normal search's results in the region of a site, so that none is repeated."""
    for other in file.unremembered(site, block=block):
        for operator in file.operators:
            if operator.width == 0 and other.matches(operator.nodes):
                for replacement in file.replacements(operator, other):
                    if replacement.block == block:
                        file.accept(other, replacement)
