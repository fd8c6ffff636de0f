"""Doubles for tests: a planner that follows a script, and in-memory views for planners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from buildpacks import Spectrum, SuiteReport
from gate import Action, GiveUp, Phase, Proposal
from planners.answers import Answer
from planners.api import PlannerContext
from planners.state import State

__all__ = ["GivenReports", "GivenTree", "ScriptedPlanner"]


@dataclass(frozen=True, slots=True)
class GivenTree:
    """A tree in memory (`buildpacks.RepoView`): contents by path."""

    content: Mapping[str, bytes]

    def files(self) -> Sequence[str]:
        """The paths, sorted."""
        return sorted(self.content)

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        return path in self.content

    def read(self, path: str) -> bytes:
        """A file's content. Raises `FileNotFoundError`."""
        if path not in self.content:
            raise FileNotFoundError(path)
        return self.content[path]


@dataclass(frozen=True, slots=True)
class GivenReports:
    """What observations name, in memory (`planners.api.ReportView`), by those names."""

    reports: Mapping[str, SuiteReport] = field(default_factory=dict)
    spectra: Mapping[str, Spectrum] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    def report(self, name: str) -> SuiteReport:
        """The report of a test run."""
        return self.reports[name]

    def spectrum(self, name: str) -> Spectrum:
        """Per-test coverage."""
        return self.spectra[name]

    def answer(self, name: str) -> Answer:
        """What a model answered."""
        return self.answers[name]

    def output(self, name: str) -> str:
        """The whole of a long output."""
        return self.outputs[name]


class ScriptedPlanner:
    """Proposes given (phase, action) pairs one after another, then gives up.

    The number of steps in the state is the place in the script: the planner itself remembers nothing.
    """

    def __init__(self, script: Sequence[tuple[Phase, Action]]) -> None:
        self._script = tuple(script)

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step of the script."""
        del context
        end = (Phase.STUCK, GiveUp("the script has ended"))
        phase, action = self._script[state.steps] if state.steps < len(self._script) else end
        return Proposal(
            id=f"s{state.steps + 1:04d}",
            phase=phase,
            intent=f"step {state.steps + 1} of the script",
            hypothesis="scripted",
            action=action,
            expected_effect="as scripted",
        )
