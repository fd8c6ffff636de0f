"""What a planner sees: the state folded from the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gate import Patch, Phase, Proposal, Verdict
from gate.vocabulary import ApplyPatch
from planners.history import Step, remembered
from planners.observations import (
    Batch,
    Denial,
    Ended,
    Observation,
    Output,
    SpectrumReady,
    SuiteRan,
    VerdictReached,
    most_fixed,
    nearest,
)
from planners.trial import Trial

__all__ = ["MAX_NEAR_MISSES", "Kept", "State"]

MAX_NEAR_MISSES = 24
"""The most near misses that a state remembers."""


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
    `last` is the whole observation of the last step, and `history` the newest steps in short: what a planner reads that
    goes by what was tried and denied before. All of this follows from the steps alone, so that a resumed or replayed
    session has the same.
    """

    phase: Phase = Phase.REPRODUCE
    steps: int = 0
    baseline: SuiteRan | None = None
    repeat: SuiteRan | None = None
    spectrum: SpectrumReady | None = None
    tried: int = 0
    spent: float = 0.0
    plausible: tuple[Trial, ...] = ()
    plausible_at: float = 0.0
    partial: tuple[Trial, ...] = ()
    near_misses: tuple[Trial, ...] = ()
    kept: Kept | None = None
    unjudged: Kept | None = None
    applied: Patch | None = None
    verdict: Verdict | None = None
    rejected: int = 0
    denials: int = 0
    last: Observation | None = None
    ended: Ended | None = None
    history: tuple[Step, ...] = ()

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
        step = Step.of(self.steps + 1, proposal, observation)
        state = replace(self, steps=step.number, last=observation, history=remembered(self.history, step))
        if isinstance(observation, Denial):
            return replace(state, denials=self.denials + 1)
        state = replace(state, phase=proposal.phase, denials=self.denials if isinstance(observation, Ended) else 0)
        match observation:
            case SuiteRan() if self.baseline is None:
                return replace(state, baseline=observation)
            case SuiteRan() if self.repeat is None and self.applied is None:
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
