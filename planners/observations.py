"""What a step of a session ends with, as a planner sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from gate import Denied, Verdict
from planners.trial import Trial, TrialOutcome

__all__ = [
    "MAX_LISTED",
    "MAX_PARTIAL",
    "Batch",
    "Denial",
    "Ended",
    "Observation",
    "Output",
    "SpectrumReady",
    "SuiteRan",
    "VerdictReached",
    "most_fixed",
    "nearest",
]

MAX_LISTED = 200
"""The most test ids that an observation lists; the report that it names has them all."""

MAX_PARTIAL = 5
"""The most partial candidates that a state or a batch remembers."""

_NEAR_MISSES_OF_A_BATCH = 8
_NEAR_MISSES_AT_ONE_PLACE = 4


@dataclass(frozen=True, slots=True)
class Denial:
    """The gate said no, and why."""

    denied: Denied
    type: Literal["denial"] = "denial"


@dataclass(frozen=True, slots=True)
class SuiteRan:
    """Tests ran. `report` names the blob with every case; `failing` lists the first `MAX_LISTED` failing ids.

    `forecast_s` is how long a run takes in which every test that ends has the time for it, and none computes for ever.
    `problem` is why the tests could not run at all, and `note` what else there is to say of them; both may be empty.
    `wanted_pass` is whether the user named targets and none of them fails.
    """

    report: str
    passed: int
    failing_total: int
    total: int
    failing: tuple[str, ...]
    duration_s: float
    forecast_s: float
    problem: str = ""
    note: str = ""
    wanted_pass: bool = False
    type: Literal["suite_ran"] = "suite_ran"


@dataclass(frozen=True, slots=True)
class SpectrumReady:
    """Per-test coverage was collected; it is the blob `spectrum`. Empty where the pack has no warm runner."""

    spectrum: str
    cases: int
    duration_s: float
    type: Literal["spectrum_ready"] = "spectrum_ready"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of candidates was tried, up to the first plausible one.

    `outcomes` has the letter of each trial, in order (see `TrialOutcome`). `notable` are the plausible candidates and
    the best of the partial ones and of the near misses. `spent` is the share of the session's time for searching that
    is used up by now, 0 to 1.
    """

    offset: int
    outcomes: str
    notable: tuple[Trial, ...]
    duration_s: float
    spent: float = 0.0
    type: Literal["batch"] = "batch"

    def __post_init__(self) -> None:
        """Raises `ValueError` for a letter that stands for no outcome: journals may come from others."""
        if unknown := {*self.outcomes} - {*TrialOutcome}:
            raise ValueError(f"unknown outcomes of trials: {sorted(unknown)}")

    @classmethod
    def of(cls, offset: int, trials: Sequence[Trial], *, duration_s: float, spent: float) -> Self:
        """The batch in which these candidates were tried, the first of which has the number `offset`."""
        plausible = (one for one in trials if one.outcome is TrialOutcome.PLAUSIBLE)
        partial = most_fixed(one for one in trials if one.outcome is TrialOutcome.PARTIAL)
        near = nearest((one for one in trials if one.progress is not None), _NEAR_MISSES_OF_A_BATCH)
        notable = {one.index: one for one in (*plausible, *partial, *near)}
        outcomes = "".join(one.outcome for one in trials)
        return cls(offset, outcomes, tuple(notable[index] for index in sorted(notable)), duration_s, spent)

    @property
    def plausible(self) -> tuple[Trial, ...]:
        """The candidates that pass every test, in order."""
        return tuple(one for one in self.notable if one.outcome is TrialOutcome.PLAUSIBLE)

    @property
    def partial(self) -> tuple[Trial, ...]:
        """Those under which some targets pass, the ones with the most targets first."""
        return most_fixed(one for one in self.notable if one.outcome is TrialOutcome.PARTIAL)

    @property
    def near_misses(self) -> tuple[Trial, ...]:
        """Those that fail, but not as the base does."""
        return tuple(one for one in self.notable if one.progress is not None)


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """The applied patch was judged."""

    verdict: Verdict
    type: Literal["verdict_reached"] = "verdict_reached"


@dataclass(frozen=True, slots=True)
class Output:
    """What reading, searching, running or applying gave."""

    text: str
    exit_code: int | None = None
    type: Literal["output"] = "output"


@dataclass(frozen=True, slots=True)
class Ended:
    """The planner has finished or given up, for this reason."""

    reason: str
    type: Literal["ended"] = "ended"


type Observation = Denial | SuiteRan | SpectrumReady | Batch | VerdictReached | Output | Ended


def nearest(trials: Iterable[Trial], most: int) -> tuple[Trial, ...]:
    """The `most` near misses with the greatest progress, the first ones among equals; of those in one place a few."""
    kept: list[Trial] = []
    places: Counter[str] = Counter()
    for one in sorted(trials, key=lambda one: (tuple(-part for part in one.progress or ()), one.index)):
        places[one.location] += 1
        if places[one.location] <= _NEAR_MISSES_AT_ONE_PLACE:
            kept.append(one)
    return tuple(kept[:most])


def most_fixed(partial: Iterable[Trial]) -> tuple[Trial, ...]:
    """Those that fix the most targets, the first ones among equals."""
    return tuple(sorted(partial, key=lambda one: (-len(one.fixed), one.index))[:MAX_PARTIAL])
