"""The candidates for one tree: single edits, and second edits beside edits that change how a target fails.

Prophet and SPR stage their search for one edit similarly (Long and Rinard, POPL 2016, FSE 2015). Pairs of any two edits
would be hopeless: their number is quadratic.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from buildpacks import CaseTrace, Kinds, RepoView
from gate import Candidate, EditFile, Patch, compose
from planners.search.candidates import enumerate_candidates
from planners.search.language import FailingTest, Language, Operator
from planners.search.localize import Suspect
from planners.tree import patched
from planners.trial import Trial

__all__ = ["Space"]

_HALVED_AFTER = 8
"""The place among the near misses whose second edits count half as much as those of the first."""

_NEARBY = 2.0
"""How much more suspicious a changed line and its neighbours are: changes that belong together are usually close."""

_A_TARGET_PASSES = (2,)
"""The progress of near misses that make a target pass; under others, a target gets further than on the base."""

_UNREACHED = 0.3
"""The suspiciousness of lines that no failing test ran, relative to an edit under which a test gets further."""


@dataclass(frozen=True, slots=True)
class Space:
    """The candidates on the tree that `kept`, a patch on the base `view`, makes; `suspects` are lines of that tree.

    `failing` are the tests to repair.
    """

    view: RepoView
    suspects: Sequence[Suspect]
    kinds: Kinds
    operators: Sequence[Operator]
    languages: Mapping[str, Language]
    kept: Patch = ()
    failing: Sequence[FailingTest] = ()

    def singles(self, *, width: int) -> Iterator[Candidate]:
        """Candidates with one edit, as patches on the base."""
        candidates = enumerate_candidates(
            patched(self.view, self.kept),
            self.suspects,
            width=width,
            operators=self.operators,
            kinds=self.kinds,
            languages=self.languages,
            failing=self.failing,
        )
        yield from self._on_base(candidates)

    def afresh(self, imported: Mapping[str, Collection[int]]) -> Iterator[Candidate]:
        """Single edits of lines that ran while the tests were loaded, to be tried so that this counts.

        Where the targets run such lines as well, `singles` are tried without: far faster, and nearly as sure.
        """
        for candidate in self.singles(width=0):
            path, _, line = candidate.location.rpartition(":")
            if int(line) in imported.get(path, ()):
                yield replace(candidate, afresh=True)

    def mends(self, failures: Sequence[CaseTrace], is_source: Callable[[str], bool]) -> Iterator[Candidate]:
        """Candidates for failures that say what is missing, as patches on the base."""
        tree = patched(self.view, self.kept)
        for language in dict.fromkeys(self.languages.values()):
            yield from self._on_base(language.mends(failures, tree, is_source))

    def _on_base(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        for candidate in candidates:
            patch = compose(self.kept, candidate.patch, self.view.read) if self.kept else candidate.patch
            if patch:  # otherwise it undoes the kept patch
                yield replace(candidate, patch=patch)

    def pairs(self, near_misses: Sequence[Trial]) -> Iterator[Candidate]:
        """Candidates with one more edit beside each near miss, best first, each resulting tree once."""
        seen = {trial.patch for trial in near_misses} | {self.kept}
        streams = [self._beside(first, 1 / (1 + place / _HALVED_AFTER)) for place, first in enumerate(near_misses)]
        for candidate in heapq.merge(*streams, key=lambda candidate: -candidate.score):
            if candidate.patch not in seen:
                seen.add(candidate.patch)
                yield candidate

    def _beside(self, first: Trial, weight: float) -> Iterator[Candidate]:
        further = (first.progress or ()) < _A_TARGET_PASSES
        before, after = patched(self.view, self.kept), patched(self.view, first.patch)
        moved = _moved(self.suspects, before, after, _paths(first.patch), _UNREACHED if further else 0.0)
        for second in replace(self, suspects=moved, kept=first.patch).singles(width=0):
            yield Candidate(second.patch, f"{first.operator}+{second.operator}", first.location, second.score * weight)


def _moved(
    suspects: Sequence[Suspect], before: RepoView, after: RepoView, paths: Collection[str], others: float
) -> list[Suspect]:
    """Suspects of one tree at their lines in another tree, in which the files `paths` differ.

    Changed lines and their neighbours are more suspicious than the others; lines that no failing test ran have a share
    `others` of that.
    """
    carried = [suspect for suspect in suspects if suspect.path not in paths]
    for path in paths:
        old, new = before.read(path).splitlines(), after.read(path).splitlines()
        head = _alike(old, new)
        tail = _alike(old[head:][::-1], new[head:][::-1])
        scores = {suspect.line: suspect.score for suspect in suspects if suspect.path == path}
        around = max((scores.get(line, 0.0) for line in range(head, len(old) - tail + 2)), default=0.0)
        moved = dict.fromkeys(range(1, len(new) + 1), others * _NEARBY * around)
        moved |= {line: score for line, score in scores.items() if line <= head}
        end, shift = len(old) - tail, len(new) - len(old)
        moved |= {line + shift: score for line, score in scores.items() if line > end}
        moved |= dict.fromkeys(range(max(1, head), min(len(new), len(new) - tail + 1) + 1), _NEARBY * around)
        carried += [Suspect(path, line, score) for line, score in moved.items() if score]
    return sorted(carried, key=lambda suspect: (-suspect.score, suspect.path, suspect.line))


def _alike(first: Sequence[bytes], second: Sequence[bytes]) -> int:
    """The number of equal lines at the beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _paths(patch: Patch) -> set[str]:
    return {operation.path for operation in patch if isinstance(operation, EditFile)}
