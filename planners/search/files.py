"""One suspicious file during a search: its sites by line, and which edits of it are new and valid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from planners.search.language import File, Operator, Replacement, Site

__all__ = ["SearchedFile"]

_SAME_FUNCTION = 0.4
"""The minimum suspiciousness of lines that failing tests ran, relative to the worst line of their function.

A condition that lets the wrong line run is executed by passing tests as well.
"""

_SIGNATURE = 0.5
"""The suspiciousness of a function's header relative to its worst line: tests run it when they import the file."""

_DEFINITION = 0.5
"""The suspiciousness of a variable of the module or of a class, relative to the worst line that reads it."""

_UNCOVERED = 0.25
"""The same for lines of a suspicious function that no failing test ran; only the widened search uses them."""

_UNEDITED = Replacement(())


class SearchedFile:
    """A source file with the suspiciousness of its lines. `core` has the lines of the normal search."""

    def __init__(
        self, file: File, operators: Sequence[Operator], scores: Mapping[int, float], core: frozenset[int]
    ) -> None:
        """`operators` are the operators of the file's language, likeliest first."""
        self.operators = operators
        self._file = file
        self._covered = scores
        self._texts: dict[tuple[Hashable, bool], set[bytes]] = defaultdict(set)
        self._trees: dict[Hashable, set[bytes]] = {}
        self._remembered: set[tuple[Hashable, bool]] = set()
        signatures, covered, uncovered = self._around(scores, core)
        signatures = {**self._definitions(scores), **signatures}
        self.core = {line: scores[line] for line in sorted(core)} | {
            line: score for line, score in signatures.items() if line not in scores
        }
        self.core |= {line: max(score, scores[line]) for line, score in covered.items()}
        self.scores = {**uncovered, **scores, **self.core}

    def _around(
        self, scores: Mapping[int, float], core: frozenset[int]
    ) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
        """Scores in suspicious functions: of headers, and of lines that failing tests ran or did not run.

        The lines that they ran are in functions with lines of the normal search, and all belong to it.
        """
        signatures: dict[int, float] = {}
        covered: dict[int, float] = {}
        uncovered: dict[int, float] = {}
        for function in self._file.functions:
            worst = max((scores.get(line, 0.0) for line in function.body), default=0.0)
            if worst:
                signatures[function.line] = worst * _SIGNATURE
                uncovered |= dict.fromkeys(function.body, worst * _UNCOVERED)
            if not core.isdisjoint(function.body):
                covered |= {line: worst * _SAME_FUNCTION for line in function.body if line in scores}
        return signatures, covered, uncovered

    def _definitions(self, scores: Mapping[int, float]) -> dict[int, float]:
        """Scores for variables of the module and of its classes, from the suspicious lines that read them.

        They got their values when the file was imported, before any test ran, so no spectrum has their lines.
        """
        scored: dict[int, float] = {}
        for definition in self._file.definitions:
            worst = max((scores.get(line, 0.0) for line in definition.readers), default=0.0)
            if worst:
                scored |= dict.fromkeys(definition.lines, worst * _DEFINITION)
        return scored

    @cached_property
    def sites(self) -> Mapping[int, list[Site]]:
        """Every site, by the line whose suspiciousness applies to it."""
        sites: dict[int, list[Site]] = defaultdict(list)
        for site in self._file.sites:
            line = site.line
            sites[line if line in self._covered else site.statement_line].append(site)
        return sites

    def replacements(self, operator: Operator, site: Site) -> Iterator[Replacement]:
        """The replacements of an operator at a site, made lazily."""
        return operator.expand(site, self._file.scope(site))

    @cached_property
    def _core_sites(self) -> Mapping[tuple[Hashable, bool], list[Site]]:
        """The sites of the normal search by their regions, for edits of blocks and for others."""
        by_region: dict[tuple[Hashable, bool], list[Site]] = defaultdict(list)
        for line in self.core:
            for site in self.sites.get(line, ()):
                for block in (False, True):
                    region = site.region(block=block)
                    if region is not None:
                        by_region[region, block].append(site)
        return by_region

    def unremembered(self, site: Site, *, block: bool) -> list[Site]:
        """The sites whose normal replacements may equal one of this site; none when called again."""
        region = site.region(block=block)
        if region is None or (region, block) in self._remembered:
            return []
        self._remembered.add((region, block))
        return self._core_sites.get((region, block), [])

    def accept(self, site: Site, replacement: Replacement) -> Replacement | None:
        """A replacement in its simplest form, if it parses, changes the tree, and makes a new one."""
        region = site.region(block=replacement.block)
        if region is None:
            return None
        text = self._file.edited(region, replacement)
        if not _is_new(text, self._texts[region, replacement.block]):
            return None
        if replacement.block:
            return replacement
        simplest = self._file.simplest(region, replacement)
        if simplest is None:
            return None
        tree = self._file.tree(self._file.edited(region, simplest))
        return simplest if tree is not None and _is_new(tree, self._trees_of(region)) else None

    def _trees_of(self, region: Hashable) -> set[bytes]:
        """Digests of the trees that were made from a statement, including its own."""
        trees = self._trees.get(region)
        if trees is None:
            trees = self._trees[region] = set()
            original = self._file.tree(self._file.edited(region, _UNEDITED))
            if original is not None:
                _is_new(original, trees)
        return trees


def _is_new(text: str, made: set[bytes]) -> bool:
    """Add a text to the made ones; whether it is new. Digests save memory, as there are many."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if digest in made:
        return False
    made.add(digest)
    return True
