"""One candidate under the tests, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gate import Candidate, Patch

__all__ = ["MODEL", "Trial", "TrialOutcome"]

MODEL = "model"
"""What stands for the operator of a candidate that a model made; its score is the share of the answers that agree."""


class TrialOutcome(StrEnum):
    """How the trial of one candidate ended; its letter stands for it in a list of outcomes."""

    PLAUSIBLE = "p"
    """It passes every test, in a cold run or in a warm worker that a cold run of an earlier candidate agreed with."""
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
    """It passes in a warm worker but not in a cold run."""
    DENIED = "d"
    """The gate denies it; its tests were not run, or do not count."""

    @property
    def label(self) -> str:
        """The word for it in reports and metrics."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Trial:
    """The candidate with the number `index` in the search, and how its trial ended.

    `fixed` are the targets that pass under a partial candidate. `progress` says how far a failing candidate differs
    from the base, and a greater one is further: 3 and the number of targets that pass, if no other test breaks; 2 if a
    target passes and another test breaks; 1 and the lines that the test reaches, if they are further on than on the
    base; 0 if the test reaches a wrong result, and on the base reached none; None if nothing that counts differs. A
    candidate with progress is a *near miss*: perhaps the first half of a repair in two places.

    `behaviour` is what a plausible candidate does on inputs that no test has, which are the same for every candidate:
    the words of `buildpacks/warm.py`, separated by spaces. It is empty if that was not observed. `shown` names the
    output that has each input and what comes of it in words, as JSON pairs. `cold_s` is how long the cold run took that
    showed a candidate to be plausible.
    """

    index: int
    candidate: Candidate
    outcome: TrialOutcome
    fixed: tuple[str, ...] = ()
    progress: tuple[int, ...] | None = None
    behaviour: str = ""
    shown: str = ""
    cold_s: float = 0.0

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
