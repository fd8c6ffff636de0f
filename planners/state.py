"""What a planner sees: the state folded from the journal, and the observation that each step ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from gate import Denied, Patch, Phase, Proposal, Verdict
from gate.vocabulary import ApplyPatch

__all__ = [
    "MAX_LISTED",
    "MAX_PARTIAL",
    "MAX_PROMISING",
    "Batch",
    "Denial",
    "Ended",
    "Kept",
    "Observation",
    "Output",
    "Partial",
    "Plausible",
    "Promising",
    "SpectrumReady",
    "State",
    "SuiteRan",
    "VerdictReached",
    "most_fixed",
    "most_promising",
]

MAX_LISTED = 200
"""The most test ids that an observation lists; the report that it names has them all."""

MAX_PARTIAL = 5
"""The most patches for some targets that a state or a batch remembers."""

MAX_PROMISING = 24
"""The most candidates that a state remembers as the first half of a repair."""

_PROMISING_AT_ONE_PLACE = 4


@dataclass(frozen=True, slots=True)
class Denial:
    """The gate said no, and why."""

    denied: Denied
    type: Literal["denial"] = "denial"


@dataclass(frozen=True, slots=True)
class SuiteRan:
    """Tests ran. `report` names the blob with every case; `failing` lists the first `MAX_LISTED` failing ids.

    `forecast_s` is how long a run takes in which no test reaches its limit. `problem` is why the tests could not run at
    all, else empty.
    """

    report: str
    passed: int
    failing_total: int
    total: int
    failing: tuple[str, ...]
    duration_s: float
    forecast_s: float
    problem: str = ""
    type: Literal["suite_ran"] = "suite_ran"


@dataclass(frozen=True, slots=True)
class SpectrumReady:
    """Per-test coverage was collected; it is the blob `spectrum`. Empty where the pack has no warm runner."""

    spectrum: str
    cases: int
    duration_s: float
    type: Literal["spectrum_ready"] = "spectrum_ready"


@dataclass(frozen=True, slots=True)
class Plausible:
    """A candidate that passed every test in a cold run: the `index`-th of the search.

    `behaviour` says what it does with inputs that no test has, which are the same for every candidate, in the words of
    `buildpacks/warm.py` with spaces between them. Empty where that was not seen.
    """

    index: int
    patch: Patch
    operator: str
    location: str
    behaviour: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """A candidate under which the targets `fixed` pass, others do not, and no passing test breaks (in a warm run)."""

    index: int
    patch: Patch
    operator: str
    location: str
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promising:
    """A candidate that fails, but not as the base does: the first half, perhaps, of a repair in two places.

    `progress` says how much changed, greater being more: 3 and the number of targets that pass, where no other test
    breaks; 2 where one passes and another test breaks; 1 and the lines of the test that it gets to, where these are
    further on than on the base; 0 where it gets to a wrong result, and on the base got to none.
    """

    index: int
    patch: Patch
    operator: str
    location: str
    progress: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of candidates was judged, up to the first plausible one.

    `outcomes` has one letter for each that was judged, in order: p plausible, s plausible for some targets (the first
    of those are `partial`), f failed a test, t over a limit, i invalid source, x crashed, c passed warm but not cold,
    d denied by the gate. `promising` are the best of those that change how a target fails. `spent` is the share of the
    session's time for searching that is used up by now, 0 to 1.
    """

    offset: int
    outcomes: str
    plausible: tuple[Plausible, ...]
    duration_s: float
    partial: tuple[Partial, ...] = ()
    promising: tuple[Promising, ...] = ()
    spent: float = 0.0
    type: Literal["batch"] = "batch"


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
    """A patch that a verdict found to repair some targets. The search goes on from the tree that it makes.

    `tried` and `spent` are what the search had used when it was kept.
    """

    patch: Patch
    verdict: Verdict
    tried: int
    spent: float


@dataclass(frozen=True, slots=True)
class State:
    """Where a repair stands: bounded aggregates of everything that was observed.

    `plausible_at` is what the search had spent when the first of the patches in `plausible` was found. `promising` are
    from the normal search alone, not from the widened one.
    """

    phase: Phase = Phase.REPRODUCE
    steps: int = 0
    baseline: SuiteRan | None = None
    repeat: SuiteRan | None = None
    spectrum: SpectrumReady | None = None
    tried: int = 0
    spent: float = 0.0
    plausible: tuple[Plausible, ...] = ()
    plausible_at: float = 0.0
    partial: tuple[Partial, ...] = ()
    promising: tuple[Promising, ...] = ()
    kept: Kept | None = None
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
                    promising=self.promising
                    if proposal.phase is Phase.EXPAND
                    else most_promising(self.promising + observation.promising, MAX_PROMISING),
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
                    promising=(),
                )
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


def most_promising(promising: Iterable[Promising], most: int) -> tuple[Promising, ...]:
    """The `most` that change the most, the first ones among equals; of those in one place only a few."""
    found: list[Promising] = []
    places: Counter[str] = Counter()
    for one in sorted(promising, key=lambda one: (tuple(-part for part in one.progress), one.index)):
        places[one.location] += 1
        if places[one.location] <= _PROMISING_AT_ONE_PLACE:
            found.append(one)
    return tuple(found[:most])


def most_fixed(partial: Iterable[Partial]) -> tuple[Partial, ...]:
    """Those that fix the most targets, the first ones among equals."""
    return tuple(sorted(partial, key=lambda one: (-len(one.fixed), one.index))[:MAX_PARTIAL])
