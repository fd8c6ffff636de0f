"""The search over a single file in which every line is equally suspicious."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gate import Candidate
from gate.patch import apply
from planners.search.candidates import enumerate_candidates
from planners.search.language import FailingTest
from planners.search.localize import Suspect
from planners.testing import GivenTree


class Search:
    path = "program.py"
    tree = GivenTree

    def __call__(self, raw: bytes, width: int = 0, failing: Sequence[FailingTest] = ()) -> Iterator[Candidate]:
        suspects = [Suspect(self.path, line + 1, 1.0) for line in range(len(raw.splitlines()))]
        return enumerate_candidates(GivenTree({self.path: raw}), suspects, width=width, failing=failing)

    def result(self, candidate: Candidate, raw: bytes) -> bytes:
        after = apply(candidate.patch, GivenTree({self.path: raw}).read).files[self.path].after
        assert after is not None
        return after

    def results(self, raw: bytes, width: int = 0) -> dict[bytes, str]:
        """The resulting texts with the operators that made them."""
        return {self.result(candidate, raw): candidate.operator for candidate in self(raw, width)}


@pytest.fixture(scope="session")
def search() -> Search:
    return Search()
