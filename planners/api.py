"""The contract of planners: one typed proposal at a time, from the state and a few read-only views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from buildpacks import RepoView, Spectrum, SuiteReport
from gate import ModelCard, Phase, Proposal
from planners.answers import Answer
from planners.state import State

__all__ = ["Planner", "PlannerContext", "ReportView", "Strategy", "StrategyFailed"]


class StrategyFailed(Exception):
    """A strategy that is not rfsn's own raised, or proposed what is no step; the message names it and says why."""


class ReportView(Protocol):
    """The reports, spectra, answers and long outputs that observations name."""

    def report(self, name: str) -> SuiteReport:
        """The report of a test run."""
        ...

    def spectrum(self, name: str) -> Spectrum:
        """Per-test coverage."""
        ...

    def answer(self, name: str) -> Answer:
        """What a model answered."""
        ...

    def output(self, name: str) -> str:
        """The whole of a long output."""
        ...


@dataclass(frozen=True, slots=True)
class PlannerContext:
    """What a planner may read besides the state.

    `is_source` says whether a repair may change a path. `wanted` are the targets that the user named; if it is
    empty, every failing test is one. `generator` makes a random generator that depends only on the session's seed and a
    label, so that a choice that is repeated after a crash is the same.

    `models` are those that may be asked, the first ones first (the cheapest, as a rule), `judge` is the one that ranks
    plausible patches, and `max_cost_usd` is what all calls together may cost, of which `spent_usd` is spent or
    reserved: more than the state knows if a call was under way at a crash. `issue` is the text of the issue that the
    user gave; `salt` makes it hard to guess a redacted text from its placeholder. `languages` are those of the
    project's parts, by the prefixes of their tests' ids.
    """

    view: RepoView
    reports: ReportView
    is_source: Callable[[str], bool]
    generator: Callable[[str], Random]
    wanted: tuple[str, ...] = ()
    models: tuple[ModelCard, ...] = ()
    judge: ModelCard | None = None
    max_cost_usd: float = 0.0
    spent_usd: float = 0.0
    issue: str = ""
    salt: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)


class Planner(Protocol):
    """Proposes the next step. It only keeps caches: the same state gives the same proposal, also in a new process."""

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step from this state."""
        ...


class Strategy(Protocol):
    """One way to continue, which may have nothing to propose. Like a planner, it only keeps caches.

    `phases` are the phases of its proposals. It is asked if the strategies before it have nothing to propose.
    """

    phases: frozenset[Phase]

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The next step of this strategy from this state; None if it has nothing to propose."""
        ...
