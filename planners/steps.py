"""Steps that planners share, and the envelope of every step."""

from __future__ import annotations

from gate import Action, Phase, Proposal, RunTests
from planners.api import PlannerContext
from planners.state import State
from planners.targets import repeated

__all__ = ["proposal", "reproduce"]


def proposal(
    state: State, phase: Phase, action: Action, *, intent: str, hypothesis: str, expected_effect: str
) -> Proposal:
    """A proposal of `action` as the next step from `state`; its id is the number of the step."""
    return Proposal(
        id=f"p{state.steps + 1:04d}",
        phase=phase,
        intent=intent,
        hypothesis=hypothesis,
        action=action,
        expected_effect=expected_effect,
    )


def reproduce(state: State, context: PlannerContext) -> Proposal | None:
    """Run the tests as they are, then those that fail again; None once both was done, or where none is to be run."""
    if state.baseline is None:
        return proposal(
            state,
            Phase.REPRODUCE,
            RunTests(),
            intent="run the tests as they are",
            hypothesis="some test fails",
            expected_effect="the outcome of every test on the base",
        )
    if state.repeat is not None or not state.baseline.failing_total:
        return None
    if again := repeated(context.evidence.report(state.baseline.report)):
        return proposal(
            state,
            Phase.REPRODUCE,
            RunTests(again),
            intent="run the failing tests again",
            hypothesis="a failure that a repair can be judged by fails every time",
            expected_effect="flaky tests are told from failing ones",
        )
    return None
