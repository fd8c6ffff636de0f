"""Candidate patches, best first: a lazy merge of what every operator makes at every suspicious line."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from posixpath import dirname
from types import MappingProxyType

from buildpacks import Kinds, RepoView
from gate import Candidate
from gate.patch import Edit, EditFile
from planners.search.files import SearchedFile
from planners.search.localize import Suspect
from planners.search.operators import OPERATORS
from planners.search.operators.base import Operator, Replacement, Site
from planners.search.scope import Scope
from planners.search.source import load

__all__ = ["enumerate_candidates"]

_CORE_SHARE = 0.25
"""Lines below this share of the highest suspiciousness wait for the widened search."""

_CORE_LINES = 400
"""How many lines the normal search considers."""

_NO_KINDS: Kinds = MappingProxyType({})
_NEIGHBOURS = 6
"""From how many other files ingredients are taken."""


def enumerate_candidates(
    view: RepoView,
    suspects: Sequence[Suspect],
    *,
    width: int = 0,
    operators: Sequence[Operator] = OPERATORS,
    kinds: Kinds = _NO_KINDS,
) -> Iterator[Candidate]:
    """Single-edit patches in the order of prior x suspiciousness, each resulting tree once.

    A `width` of 1 gives what the normal space (0) left out: less suspicious lines and operators with many ingredients.
    The order is that of the inputs alone, so a search can be resumed by skipping what was tried. `kinds` are those of
    the values that variables had in the failing tests: what cannot be done with them is left out or comes late.
    """
    return _Search(view, suspects, width, operators, kinds).run()


@dataclass(slots=True)
class _Stream:
    """What one operator makes at one site, and how much of it was taken."""

    file: SearchedFile
    site: Site
    operator: Operator
    score: float
    replacements: Iterator[Replacement]
    taken: int = 0

    @property
    def bound(self) -> float:
        """The most that the next replacement can score: the likelihood falls off as the options run out."""
        return self.score / (1 + self.taken / self.operator.options)


type _Step = Callable[[float], Candidate | None]


class _Search:
    """A heap of steps by the highest score each can lead to: open a file, look at a line, take from a stream."""

    def __init__(
        self, view: RepoView, suspects: Sequence[Suspect], width: int, operators: Sequence[Operator], kinds: Kinds
    ) -> None:
        self._view, self._width, self._kinds = view, width, kinds
        self._operators = sorted(
            (operator for operator in operators if operator.width <= width), key=lambda operator: -operator.prior
        )
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
            if self._core[path] or self._width:
                self._push(max(scores.values()) * self._operators[0].prior, partial(self._open, path))
        while self._heap:
            bound, _, step = heapq.heappop(self._heap)
            candidate = step(-bound)
            if candidate:
                yield candidate

    def _push(self, score: float, step: _Step) -> None:
        heapq.heappush(self._heap, (-score, next(self._serial), step))

    def _open(self, path: str, _: float) -> None:
        """Parse a file and queue its lines."""
        try:
            source = load(path, self._view.read(path))
        except FileNotFoundError:
            return
        if source is None:
            return
        core, kinds = frozenset(self._core[path]), self._kinds.get(path, {})
        file = SearchedFile(source, self._scores[path], core, partial(self._neighbours, path), kinds)
        scores = file.scores if self._width else file.core
        for line, score in scores.items():
            if line in file.sites:
                self._push(score * self._operators[0].prior, partial(self._look, file, line, score, 0))

    def _neighbours(self, path: str) -> tuple[Scope, ...]:
        """Other files that the failing tests ran: those of the same folder first, and of them the most suspicious."""

        def distance(other: str) -> tuple[bool, float, str]:
            return dirname(other) != dirname(path), -max(self._scores[other].values()), other

        near = sorted((other for other in self._scores if other != path), key=distance)[:_NEIGHBOURS]
        sources = [load(other, self._view.read(other)) for other in near if self._view.exists(other)]
        return tuple(Scope(source, source.tree, None) for source in sources if source)

    def _look(self, file: SearchedFile, line: int, score: float, index: int, _: float) -> None:
        """Start one operator on the sites of a line and queue the line for the next one."""
        operator = self._operators[index]
        for site in file.sites[line]:
            if isinstance(site.node, operator.nodes):
                replacements = operator.expand(site, file.scope(site.node))
                stream = _Stream(file, site, operator, score * operator.prior, replacements)
                self._push(stream.score, partial(self._take, stream))
        if index + 1 < len(self._operators):
            self._push(score * self._operators[index + 1].prior, partial(self._look, file, line, score, index + 1))

    def _take(self, stream: _Stream, bound: float) -> Candidate | None:
        """Take one replacement; a less likely one waits for its turn."""
        replacement = next(stream.replacements, None)
        if replacement is None:
            return None
        stream.taken += 1
        self._push(stream.bound, partial(self._take, stream))
        if replacement.weight < 1:
            self._push(bound * replacement.weight, partial(self._judge, stream, replacement))
            return None
        return self._judge(stream, replacement, bound)

    def _judge(self, stream: _Stream, replacement: Replacement, score: float) -> Candidate | None:
        file, site = stream.file, stream.site
        if self._width:
            self._remember(file, site, block=replacement.block)
        return _candidate(site, stream.operator, replacement, score) if file.accept(site, replacement) else None

    def _remember(self, file: SearchedFile, site: Site, *, block: bool) -> None:
        """Have the file know what the normal search made in the region of a site, so that none of it is repeated."""
        for other in file.unremembered(site, block=block):
            for operator in self._operators:
                if operator.width == 0 and isinstance(other.node, operator.nodes):
                    for replacement in operator.expand(other, file.scope(other.node)):
                        if replacement.block == block:
                            file.accept(other, replacement)


def _candidate(site: Site, operator: Operator, replacement: Replacement, score: float) -> Candidate:
    source = site.source
    edits = tuple(
        Edit(source.byte_offset(edit.start), source.byte_offset(edit.end), edit.text.encode(source.encoding))
        for edit in replacement.edits
    )
    patch = (EditFile(source.path, source.hash, edits),)
    return Candidate(patch, operator.id, f"{source.path}:{site.node.lineno}", score)
