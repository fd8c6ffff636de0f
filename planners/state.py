"""What a planner sees: the state folded from the journal, and the observation that each step ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from gate import Denied, Patch, Phase, Proposal, Verdict
from gate.vocabulary import ApplyPatch
from planners.trial import Evaluated, TrialOutcome

__all__ = [
    "MAX_LISTED",
    "MAX_NEAR_MISSES",
    "MAX_PARTIAL",
    "Batch",
    "Denial",
    "Ended",
    "Kept",
    "Observation",
    "Output",
    "SpectrumReady",
    "State",
    "SuiteRan",
    "VerdictReached",
    "most_fixed",
    "nearest",
]

MAX_LISTED = 200
"""The most test ids that an observation lists; the report that it names has them all."""

MAX_PARTIAL = 5
"""The most partial candidates that a state or a batch remembers."""

MAX_NEAR_MISSES = 24
"""The most near misses that a state remembers."""

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
    notable: tuple[Evaluated, ...]
    duration_s: float
    spent: float = 0.0
    type: Literal["batch"] = "batch"

    def __post_init__(self) -> None:
        """Raises `ValueError` for a letter that stands for no outcome: journals may come from others."""
        if unknown := {*self.outcomes} - {*TrialOutcome}:
            raise ValueError(f"unknown outcomes of trials: {sorted(unknown)}")

    @classmethod
    def of(cls, offset: int, evaluated: Sequence[Evaluated], *, duration_s: float, spent: float) -> Self:
        """The batch in which these candidates were tried, the first of which has the number `offset`."""
        plausible = (one for one in evaluated if one.outcome is TrialOutcome.PLAUSIBLE)
        partial = most_fixed(one for one in evaluated if one.outcome is TrialOutcome.PARTIAL)
        near = nearest((one for one in evaluated if one.progress is not None), _NEAR_MISSES_OF_A_BATCH)
        notable = {one.index: one for one in (*plausible, *partial, *near)}
        outcomes = "".join(one.outcome for one in evaluated)
        return cls(offset, outcomes, tuple(notable[index] for index in sorted(notable)), duration_s, spent)

    @property
    def plausible(self) -> tuple[Evaluated, ...]:
        """The candidates that pass every test, in order."""
        return tuple(one for one in self.notable if one.outcome is TrialOutcome.PLAUSIBLE)

    @property
    def partial(self) -> tuple[Evaluated, ...]:
        """Those under which some targets pass, the ones with the most targets first."""
        return most_fixed(one for one in self.notable if one.outcome is TrialOutcome.PARTIAL)

    @property
    def near_misses(self) -> tuple[Evaluated, ...]:
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A patch that a verdict found to repair some targets, or had no time for. From the first, the search goes on.

    `tried` and `spent` are what the search had used when it was kept.
    """

    patch: Patch
    verdict: Verdict
    tried: int
    spent: float


@dataclass(frozen=True, slots=True)
class State:
    """Where a repair stands: bounded aggregates of everything that was observed.

    `plausible_at` is what the search had spent when the first of the patches in `plausible` was found. `near_misses`
    are from the normal search alone, not from the widened one. `unjudged` is the patch whose verdict had no time.
    """

    phase: Phase = Phase.REPRODUCE
    steps: int = 0
    baseline: SuiteRan | None = None
    repeat: SuiteRan | None = None
    spectrum: SpectrumReady | None = None
    tried: int = 0
    spent: float = 0.0
    plausible: tuple[Evaluated, ...] = ()
    plausible_at: float = 0.0
    partial: tuple[Evaluated, ...] = ()
    near_misses: tuple[Evaluated, ...] = ()
    kept: Kept | None = None
    unjudged: Kept | None = None
    applied: Patch | None = None
    verdict: Verdict | None = None
    rejected: int = 0
    denials: int = 0
    last: Observation | None = None
    ended: Ended | None = None

    @property
    def verified(self) -> tuple[Patch, Verdict] | None:
        """The patch that a verdict found to repair all targets, else the one for some of them, and that verdict."""
        if self.applied is not None and self.verdict is not None and self.verdict.accepted:
            return self.applied, self.verdict
        return (self.kept.patch, self.kept.verdict) if self.kept else None

    @property
    def told(self) -> Verdict | None:
        """The verdict to tell of: that of the verified patch, else the last one."""
        return self.verified[1] if self.verified else self.verdict

    def after(self, proposal: Proposal, observation: Observation) -> State:
        """The state after one step. A denied step changes no phase; `denials` counts those in a row before the end."""
        state = replace(self, steps=self.steps + 1, last=observation)
        if isinstance(observation, Denial):
            return replace(state, denials=self.denials + 1)
        state = replace(state, phase=proposal.phase, denials=self.denials if isinstance(observation, Ended) else 0)
        match observation:
            case SuiteRan() if self.baseline is None:
                return replace(state, baseline=observation)
            case SuiteRan() if self.repeat is None:
                return replace(state, repeat=observation)
            case SpectrumReady():
                return replace(state, spectrum=observation)
            case Batch():
                return replace(
                    state,
                    tried=self.tried + len(observation.outcomes),
                    spent=observation.spent,
                    plausible=self.plausible + observation.plausible,
                    plausible_at=self.plausible_at if self.plausible else observation.spent,
                    partial=most_fixed(self.partial + observation.partial),
                    near_misses=self.near_misses
                    if proposal.phase is Phase.EXPAND
                    else nearest(self.near_misses + observation.near_misses, MAX_NEAR_MISSES),
                )
            case VerdictReached(verdict) if verdict.accepted:
                return replace(state, verdict=verdict)
            case VerdictReached(verdict) if verdict.partly and self.applied is not None:
                kept = Kept(self.applied, verdict, self.tried, self.spent)
                return replace(
                    state,
                    kept=kept,
                    applied=None,
                    verdict=verdict,
                    spectrum=None,
                    plausible=(),
                    partial=(),
                    near_misses=(),
                )
            case VerdictReached(verdict) if verdict.unfinished and self.applied is not None:
                unjudged = Kept(self.applied, verdict, self.tried, self.spent)
                return replace(state, applied=None, verdict=verdict, unjudged=unjudged)
            case VerdictReached(verdict):
                return replace(state, applied=None, verdict=verdict, rejected=self.rejected + 1)
            case Output() if isinstance(proposal.action, ApplyPatch):
                patch = proposal.action.patch
                plausible = tuple(known for known in self.plausible if known.patch != patch)
                partial = tuple(known for known in self.partial if known.patch != patch)
                return replace(state, applied=patch, verdict=None, plausible=plausible, partial=partial)
            case Ended():
                return replace(state, ended=observation)
        return state


def nearest(evaluated: Iterable[Evaluated], most: int) -> tuple[Evaluated, ...]:
    """The `most` near misses with the greatest progress, the first ones among equals; of those in one place a few."""
    kept: list[Evaluated] = []
    places: Counter[str] = Counter()
    for one in sorted(evaluated, key=lambda one: (tuple(-part for part in one.progress or ()), one.index)):
        places[one.location] += 1
        if places[one.location] <= _NEAR_MISSES_AT_ONE_PLACE:
            kept.append(one)
    return tuple(kept[:most])


def most_fixed(partial: Iterable[Evaluated]) -> tuple[Evaluated, ...]:
    """Those that fix the most targets, the first ones among equals."""
    return tuple(sorted(partial, key=lambda one: (-len(one.fixed), one.index))[:MAX_PARTIAL])
