"""A tree in memory, and the search over a single file in which every line is equally suspicious."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from gate import Candidate
from gate.patch import apply
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect


@dataclass(frozen=True)
class Tree:
    content: Mapping[str, bytes]

    def files(self) -> Sequence[str]:
        return sorted(self.content)

    def exists(self, path: str) -> bool:
        return path in self.content

    def read(self, path: str) -> bytes:
        if path not in self.content:
            raise FileNotFoundError(path)
        return self.content[path]


class Search:
    path = "program.py"
    tree = Tree

    def __call__(self, raw: bytes, width: int = 0) -> Iterator[Candidate]:
        suspects = [Suspect(self.path, line + 1, 1.0) for line in range(len(raw.splitlines()))]
        return enumerate_candidates(Tree({self.path: raw}), suspects, width=width)

    def result(self, candidate: Candidate, raw: bytes) -> bytes:
        after = apply(candidate.patch, Tree({self.path: raw}).read).files[self.path].after
        assert after is not None
        return after

    def results(self, raw: bytes, width: int = 0) -> dict[bytes, str]:
        """The resulting texts with the operators that made them."""
        return {self.result(candidate, raw): candidate.operator for candidate in self(raw, width)}


@pytest.fixture(scope="session")
def search() -> Search:
    return Search()
