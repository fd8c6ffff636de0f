"""Strategies that planners share, and the envelope of every step."""

from __future__ import annotations

from gate import Action, Collect, Finish, Phase, Proposal, RunTests
from planners.api import PlannerContext
from planners.state import State
from planners.targets import repeated

__all__ = ["Reproduce", "Verify", "proposal"]


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


class Reproduce:
    """Runs the tests on the base, then the failing ones again."""

    phases = frozenset({Phase.REPRODUCE})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """A run; None once both were made, or if none is needed."""
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
        again = repeated(context.reports.report(state.baseline.report))
        if not again:
            return None
        return proposal(
            state,
            Phase.REPRODUCE,
            RunTests(again),
            intent="run the failing tests again",
            hypothesis="a reproducible failure occurs every time",
            expected_effect="flaky tests are separated from failing ones",
        )


class Verify:
    """Requests the verdict on an applied patch, and ends with the patch if it is accepted."""

    phases = frozenset({Phase.VERIFY})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The verdict or the end; None if no patch is applied."""
        del context
        if state.applied is None:
            return None
        accepted = state.verdict is not None and state.verdict.accepted
        return proposal(
            state,
            Phase.VERIFY,
            Finish() if accepted else RunTests(collect=Collect.VERDICT),
            intent="end with the verified patch" if accepted else "verify the applied patch in fresh workspaces",
            hypothesis="the patch repairs the targets and breaks nothing",
            expected_effect="a result" if accepted else "a verdict from two cold runs",
        )
