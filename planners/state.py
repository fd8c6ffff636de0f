"""The state that a planner sees, a fold of the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gate import ApplyPatch, AskModel, CreateFile, Patch, Phase, Proposal, RunTests, TryPatches, Verdict
from planners.answers import MAX_EXCHANGES, Exchange
from planners.history import Step, remembered
from planners.observations import (
    Batch,
    Denial,
    Ended,
    ModelReplied,
    Observation,
    Output,
    SpectrumReady,
    SuiteRan,
    VerdictReached,
    most_fixed,
    nearest,
)
from planners.trial import Trial

__all__ = ["MAX_NEAR_MISSES", "MAX_SCRATCH_RUNS", "Kept", "ScratchRun", "State"]

MAX_SCRATCH_RUNS = 32
"""The most runs of scratch tests that a state remembers."""

MAX_NEAR_MISSES = 24
"""The most near misses that a state remembers."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A patch that repairs some targets according to a verdict, or one whose verdict ran out of time.

    The search continues from a patch of the first kind. `tried`, `searched` and `spent` are what had been used by then,
    and `chosen` are the trials that the patch comes from. `rivals` are others under which the same targets pass.
    """

    patch: Patch
    verdict: Verdict
    tried: int
    searched: int
    spent: float
    chosen: tuple[Trial, ...] = ()
    rivals: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class ScratchRun:
    """A run of a scratch test on the base, by its content: the report, and how many of its tests passed and failed.

    If it was traced instead, `spectrum` is what it executed.
    """

    content: bytes
    report: str = ""
    passed: int = 0
    failing: int = 0
    problem: str = ""
    spectrum: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The state of a repair: bounded aggregates of everything that was observed.

    `tried` counts all candidates, and `searched` those that the search itself made. `exchanges` are the newest calls of
    models, `asked` is how many there were for each purpose, and `cost_usd` is what they all cost.

    `scratch` is the test written from an issue that shows what is to be repaired, and `scratch_runs` are the newest
    runs of those that were considered.

    `plausible_at` is what the search had spent when it found the first patch of `plausible`. `near_misses` are from the
    time before the search was `widened`: the widened one is made from them. `chosen` are the trials that `applied`
    comes from, one for each fault that it repairs. `unfinished` is the patch whose verdict ran
    out of time. `last` is the whole observation of the last step, and `history` has the newest steps in short, for
    planners that decide by what was tried and denied before. All of this follows from the steps alone, so it is the
    same in a resumed or replayed session.
    """

    phase: Phase = Phase.REPRODUCE
    steps: int = 0
    baseline: SuiteRan | None = None
    repeat: SuiteRan | None = None
    spectrum: SpectrumReady | None = None
    tried: int = 0
    searched: int = 0
    spent: float = 0.0
    plausible: tuple[Trial, ...] = ()
    plausible_at: float = 0.0
    partial: tuple[Trial, ...] = ()
    near_misses: tuple[Trial, ...] = ()
    widened: bool = False
    kept: Kept | None = None
    unfinished: Kept | None = None
    applied: Patch | None = None
    chosen: tuple[Trial, ...] = ()
    verdict: Verdict | None = None
    rejected: int = 0
    denials: int = 0
    last: Observation | None = None
    ended: Ended | None = None
    history: tuple[Step, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    asked: tuple[tuple[str, int], ...] = ()
    cost_usd: float = 0.0
    scratch: CreateFile | None = None
    scratch_runs: tuple[ScratchRun, ...] = ()

    @property
    def has_repair(self) -> bool:
        """Whether a patch passes the project's own tests, so that all that is left to gain is a better one."""
        return bool(self.plausible) and self.oracle == "tests"

    @property
    def oracle(self) -> Literal["tests", "generated"]:
        """What a verdict rests on: the project's own tests, or also a test that was written from an issue."""
        return "generated" if self.scratch else "tests"

    @property
    def verified(self) -> tuple[Patch, Verdict] | None:
        """The patch that repairs all targets according to a verdict, else some of them, and that verdict."""
        if self.applied is not None and self.verdict is not None and self.verdict.accepted:
            return self.applied, self.verdict
        return (self.kept.patch, self.kept.verdict) if self.kept else None

    @property
    def last_verdict(self) -> Verdict | None:
        """The verdict that is reported: that of the verified patch, else the newest one."""
        return self.verified[1] if self.verified else self.verdict

    @property
    def origin(self) -> tuple[Trial, ...]:
        """The trials that the verified patch comes from; empty if it comes from elsewhere, or there is none."""
        if self.applied is not None and self.verified and self.verified[0] == self.applied:
            return self.chosen
        return self.kept.chosen if self.kept else ()

    def without_verified(self) -> State:
        """The state if the verified patch does not count: it is one of those that pass every test."""
        return replace(self, plausible=(*self.origin[-1:], *self.plausible), applied=None, kept=None)

    def after(self, proposal: Proposal, observation: Observation) -> State:
        """The state after one step. A denied step changes no phase; `denials` counts consecutive ones."""
        step = Step.of(self.steps + 1, proposal, observation)
        state = replace(self, steps=step.number, last=observation, history=remembered(self.history, step))
        if isinstance(observation, Denial):
            return replace(state, denials=self.denials + 1, exchanges=self._used(proposal))
        state = replace(state, phase=proposal.phase, denials=self.denials if isinstance(observation, Ended) else 0)
        match observation:
            case SuiteRan() if isinstance(proposal.action, RunTests) and proposal.action.scratch is not None:
                return self._scratched(state, proposal.action, observation)
            case SpectrumReady(spectrum) if (
                isinstance(proposal.action, RunTests) and proposal.action.scratch is not None
            ):
                run = ScratchRun(proposal.action.scratch.content, spectrum=spectrum)
                return replace(state, scratch_runs=(*self.scratch_runs, run)[-MAX_SCRATCH_RUNS:])
            case SuiteRan() if self.baseline is None:
                return replace(state, baseline=observation)
            case SuiteRan() if self.repeat is None and self.applied is None:
                return replace(state, repeat=observation)
            case SpectrumReady():
                return replace(state, spectrum=observation)
            case Batch():
                widened = self.widened or (proposal.phase is Phase.EXPAND and not _exchange(proposal))
                return replace(
                    state,
                    tried=self.tried + len(observation.outcomes),
                    searched=self.searched + (0 if _exchange(proposal) else len(observation.outcomes)),
                    exchanges=self._used(proposal, observation),
                    spent=observation.spent,
                    plausible=self.plausible + observation.plausible,
                    plausible_at=self.plausible_at if self.plausible else observation.spent,
                    partial=most_fixed(self.partial + observation.partial),
                    widened=widened,
                    near_misses=self.near_misses
                    if widened
                    else nearest(self.near_misses + observation.near_misses, MAX_NEAR_MISSES),
                )
            case ModelReplied(replies, cost_usd) if isinstance(proposal.action, AskModel):
                action = proposal.action
                exchange = Exchange(step.number, action.model, action.purpose, replies, action.files, self.tried)
                counts = dict(self.asked)
                counts[action.purpose] = counts.get(action.purpose, 0) + 1
                return replace(
                    state,
                    exchanges=(*self.exchanges, exchange)[-MAX_EXCHANGES:],
                    asked=tuple(sorted(counts.items())),
                    cost_usd=self.cost_usd + cost_usd,
                )
            case VerdictReached(verdict) if verdict.accepted:
                return replace(state, verdict=verdict)
            case VerdictReached(verdict) if verdict.partly and self.applied is not None:
                chosen = self.chosen
                rivals = tuple(trial for trial in self.partial if chosen and {*trial.fixed} >= {*chosen[-1].fixed})
                kept = Kept(self.applied, verdict, self.tried, self.searched, self.spent, chosen, rivals)
                return replace(
                    state,
                    kept=kept,
                    applied=None,
                    verdict=verdict,
                    spectrum=None,
                    plausible=(),
                    partial=(),
                    near_misses=(),
                    widened=False,
                )
            case VerdictReached(verdict) if verdict.unfinished and self.applied is not None:
                unfinished = Kept(self.applied, verdict, self.tried, self.searched, self.spent, self.chosen)
                return replace(state, applied=None, verdict=verdict, unfinished=unfinished)
            case VerdictReached(verdict):
                return replace(state, applied=None, verdict=verdict, rejected=self.rejected + 1)
            case Output() if isinstance(proposal.action, ApplyPatch):
                patch = proposal.action.patch
                plausible = tuple(known for known in self.plausible if known.patch != patch)
                partial = tuple(known for known in self.partial if known.patch != patch)
                found = [known for known in (*self.plausible, *self.partial) if known.patch == patch]
                chosen = (*(self.kept.chosen if self.kept else ()), *found[:1])
                return replace(state, applied=patch, chosen=chosen, verdict=None, plausible=plausible, partial=partial)
            case Ended():
                return replace(state, ended=observation)
        return state

    def _scratched(self, state: State, action: RunTests, ran: SuiteRan) -> State:
        """The state after a scratch test ran: with it the base has another baseline, if it is kept."""
        assert action.scratch is not None
        if action.kept:
            return replace(state, scratch=action.scratch, baseline=ran, repeat=None)
        run = ScratchRun(action.scratch.content, ran.report, ran.passed, ran.failing_total, ran.problem)
        return replace(state, scratch_runs=(*self.scratch_runs, run)[-MAX_SCRATCH_RUNS:])

    def _used(self, proposal: Proposal, batch: Batch | None = None) -> tuple[Exchange, ...]:
        """The exchanges after a step which tried what one of them gave, or was denied that."""
        return tuple(
            replace(
                known,
                used=True,
                outcomes=known.outcomes + (batch.outcomes if batch else ""),
                failures=known.failures + (batch.failures if batch else ()),
            )
            if known.step == _exchange(proposal)
            else known
            for known in self.exchanges
        )


def _exchange(proposal: Proposal) -> int:
    """The step in which a model was asked for the candidates of a proposal; 0 if there was none."""
    return proposal.action.exchange if isinstance(proposal.action, TryPatches) else 0
