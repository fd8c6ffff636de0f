"""Tracing the failing tests and some that pass, which all other strategies start from."""

from __future__ import annotations

from gate import Collect, Phase, Proposal, RunTests
from planners.api import PlannerContext
from planners.state import State
from planners.steps import proposal
from planners.targets import targets_of

__all__ = ["Localize"]

_TRACED_PASSING = 200
_TRACED_PASSING_S = 5.0
"""The most passing tests to trace, and their most seconds on the base."""


class Localize:
    """Traces tests, on the base and again on each tree that a repair continues from."""

    phases = frozenset({Phase.LOCALIZE})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The run that traces; None if there is a spectrum."""
        if state.spectrum is not None:
            return None
        return proposal(
            state,
            Phase.LOCALIZE,
            RunTests(_traced(state, context), Collect.SPECTRUM),
            intent="trace the tests that still fail and some that pass"
            if state.kept
            else "trace the failing tests and some that pass",
            hypothesis="the fault lies on lines that failing tests execute and passing ones do not",
            expected_effect="a ranking of suspicious lines",
        )


def _traced(state: State, context: PlannerContext) -> tuple[str, ...]:
    """The targets, and passing tests: first those of the same files, then a sample of the others."""
    assert state.baseline is not None
    targets = targets_of(state, context.reports, context.wanted).left
    report = context.reports.report(state.baseline.report)
    passing = [case for case in report.cases if case.outcome == "passed"]
    context.generator("traced").shuffle(passing)
    files = {case.parsed.file for case in report.cases if case.id in targets}
    passing.sort(key=lambda case: case.parsed.file not in files)
    left, affordable = _TRACED_PASSING_S, []
    for case in passing:
        if case.duration_s <= left:
            left -= case.duration_s
            affordable.append(case.id)
    return targets + tuple(affordable[:_TRACED_PASSING])
