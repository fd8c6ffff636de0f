"""The result of a step, as a planner sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from gate import Denied, Verdict
from planners.answers import Reply
from planners.trial import Trial, TrialOutcome

__all__ = [
    "MAX_LISTED",
    "MAX_PARTIAL",
    "Batch",
    "Denial",
    "Ended",
    "ModelReplied",
    "Observation",
    "Output",
    "SpectrumReady",
    "SuiteRan",
    "VerdictReached",
    "most_fixed",
    "nearest",
]

MAX_LISTED = 200
"""The most test ids that an observation lists; its report has all of them."""

MAX_PARTIAL = 5
"""The most partial candidates that a state or a batch remembers."""

_NEAR_MISSES_OF_A_BATCH = 8
_NEAR_MISSES_AT_ONE_PLACE = 4


@dataclass(frozen=True, slots=True)
class Denial:
    """The gate denied the step, for this reason."""

    denied: Denied
    type: Literal["denial"] = "denial"


@dataclass(frozen=True, slots=True)
class SuiteRan:
    """Tests ran. `report` names the blob with every case; `failing` lists the first `MAX_LISTED` failing ids.

    `forecast_s` is the expected duration of a run in which every test that terminates has enough time, and no test runs
    forever, and `reserve_s` what the session keeps of its time for a verdict. `problem` is why the tests could not run
    at all, and `note` is a remark about them; both may be empty. `wanted_pass` is whether the user named targets and
    none of them fails.
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
    reserve_s: float = 0.0
    type: Literal["suite_ran"] = "suite_ran"


@dataclass(frozen=True, slots=True)
class SpectrumReady:
    """Per-test coverage was collected; it is the blob `spectrum`. It is empty if the pack has no warm runner."""

    spectrum: str
    cases: int
    duration_s: float
    type: Literal["spectrum_ready"] = "spectrum_ready"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of candidates was tried, up to the first plausible one.

    `outcomes` has the letter of each trial, in order (see `TrialOutcome`). `notable` are the plausible candidates and
    the best of the partial ones and of the near misses. `spent` is the share of the search time that has been used so
    far, 0 to 1. `failures` says in words, for candidates of models, what fails under each; it is empty for others.
    """

    offset: int
    outcomes: str
    notable: tuple[Trial, ...]
    duration_s: float
    spent: float = 0.0
    failures: tuple[str, ...] = ()
    type: Literal["batch"] = "batch"

    def __post_init__(self) -> None:
        """Raises `ValueError` if a letter stands for no outcome: a journal may come from somebody else."""
        if unknown := {*self.outcomes} - {*TrialOutcome}:
            raise ValueError(f"unknown outcomes of trials: {sorted(unknown)}")

    @classmethod
    def of(
        cls, offset: int, trials: Sequence[Trial], *, duration_s: float, spent: float, failures: tuple[str, ...] = ()
    ) -> Self:
        """The batch of these trials, of which the first has the number `offset`."""
        plausible = (trial for trial in trials if trial.outcome is TrialOutcome.PLAUSIBLE)
        partial = most_fixed(trial for trial in trials if trial.outcome is TrialOutcome.PARTIAL)
        near = nearest((trial for trial in trials if trial.progress is not None), _NEAR_MISSES_OF_A_BATCH)
        notable = {trial.index: trial for trial in (*plausible, *partial, *near)}
        outcomes = "".join(trial.outcome for trial in trials)
        listed = tuple(notable[index] for index in sorted(notable))
        return cls(offset, outcomes, listed, duration_s, spent, failures)

    @property
    def plausible(self) -> tuple[Trial, ...]:
        """The candidates that pass every test, in order."""
        return tuple(trial for trial in self.notable if trial.outcome is TrialOutcome.PLAUSIBLE)

    @property
    def partial(self) -> tuple[Trial, ...]:
        """The partial candidates, the ones with the most targets first."""
        return most_fixed(trial for trial in self.notable if trial.outcome is TrialOutcome.PARTIAL)

    @property
    def near_misses(self) -> tuple[Trial, ...]:
        """The candidates that fail, but differently from the base."""
        return tuple(trial for trial in self.notable if trial.progress is not None)


@dataclass(frozen=True, slots=True)
class ModelReplied:
    """A model was asked. There is a reply for every sample, in order, and a cost of them all.

    The cost includes the reservations of calls that ended without saying what they used.
    """

    replies: tuple[Reply, ...]
    cost_usd: float
    duration_s: float
    type: Literal["model_replied"] = "model_replied"


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """A verdict on the applied patch was reached."""

    verdict: Verdict
    type: Literal["verdict_reached"] = "verdict_reached"


@dataclass(frozen=True, slots=True)
class Output:
    """The output of reading, searching, running or applying; of a long one, a `blob`, `text` is a piece."""

    text: str
    exit_code: int | None = None
    blob: str = ""
    type: Literal["output"] = "output"


@dataclass(frozen=True, slots=True)
class Ended:
    """The planner has finished or given up, for this reason."""

    reason: str
    type: Literal["ended"] = "ended"


type Observation = Denial | SuiteRan | SpectrumReady | Batch | ModelReplied | VerdictReached | Output | Ended


def nearest(trials: Iterable[Trial], most: int) -> tuple[Trial, ...]:
    """The `most` near misses with the greatest progress, the first ones among equals; only a few at one place."""
    kept: list[Trial] = []
    places: Counter[str] = Counter()
    for trial in sorted(trials, key=lambda trial: (tuple(-part for part in trial.progress or ()), trial.index)):
        places[trial.location] += 1
        if places[trial.location] <= _NEAR_MISSES_AT_ONE_PLACE:
            kept.append(trial)
    return tuple(kept[:most])


def most_fixed(partial: Iterable[Trial]) -> tuple[Trial, ...]:
    """The partial candidates that fix the most targets, the first ones among equals."""
    return tuple(sorted(partial, key=lambda trial: (-len(trial.fixed), trial.index))[:MAX_PARTIAL])
