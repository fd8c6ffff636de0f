"""What became of a candidate under the tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gate import Candidate, Patch

__all__ = ["Evaluated", "TrialOutcome"]


class TrialOutcome(StrEnum):
    """How the trial of one candidate ended; the letter stands for it wherever outcomes are listed in a row."""

    PLAUSIBLE = "p"
    """It passes every test in a cold run."""
    PARTIAL = "s"
    """Some targets pass, others do not, and no passing test breaks."""
    FAILED = "f"
    """A test fails."""
    TIMEOUT = "t"
    """A test reaches its limit."""
    INVALID = "i"
    """The patched source does not compile."""
    CRASHED = "x"
    """The process that ran the tests died."""
    UNCONFIRMED = "c"
    """It passes in a warm worker, and not in a cold run."""
    DENIED = "d"
    """The gate denies it; its tests were not run, or do not count."""

    @property
    def label(self) -> str:
        """The word for it in reports and metrics."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The candidate with the number `index` in the search, and how its trial ended.

    `fixed` are the targets that pass under a partial one. `progress` says how far one that fails differs from the base,
    greater being more: 3 and the number of targets that pass, where no other test breaks; 2 where one passes and
    another test breaks; 1 and the lines of the test that it gets to, where these are further on than on the base; 0
    where it gets to a wrong result, and on the base got to none; None where nothing that counts differs. A candidate
    with progress is a *near miss*: the first half, perhaps, of a repair in two places.

    `behaviour` says what a plausible one does with inputs that no test has, which are the same for every candidate, in
    the words of `buildpacks/warm.py` with spaces between them. Empty where that was not seen.
    """

    index: int
    candidate: Candidate
    outcome: TrialOutcome
    fixed: tuple[str, ...] = ()
    progress: tuple[int, ...] | None = None
    behaviour: str = ""

    @property
    def patch(self) -> Patch:
        """The patch of the candidate."""
        return self.candidate.patch

    @property
    def operator(self) -> str:
        """The edit operator that made it."""
        return self.candidate.operator

    @property
    def location(self) -> str:
        """Where it edits, as path:line."""
        return self.candidate.location
