"""A planner for a patch that somebody else made: the base is looked at, the patch applied and judged, no more."""

from __future__ import annotations

from gate import ApplyPatch, Collect, Finish, GiveUp, Patch, Phase, Proposal, RunTests
from planners.api import PlannerContext
from planners.state import State
from planners.steps import proposal, reproduce

__all__ = ["GivenPatchPlanner"]


class GivenPatchPlanner:
    """Takes one patch through the steps that a repair takes, so that gate, verdict and journal are the same."""

    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step."""
        if reason := self._over(state):
            return proposal(
                state,
                Phase.STUCK,
                GiveUp(reason),
                intent="end without a result",
                hypothesis="there is nothing more to be judged",
                expected_effect="an honest end",
            )
        if first := reproduce(state, context):
            return first
        if state.applied is None:
            return proposal(
                state,
                Phase.PATCH,
                ApplyPatch(self._patch),
                intent="apply the given patch",
                hypothesis="it is a repair",
                expected_effect="a patch to judge",
            )
        accepted = state.verdict is not None and state.verdict.accepted
        return proposal(
            state,
            Phase.VERIFY,
            Finish() if accepted else RunTests(collect=Collect.VERDICT),
            intent="end with the verified patch" if accepted else "judge the patch in a pristine sandbox",
            hypothesis="the patch repairs the targets and breaks nothing",
            expected_effect="a result" if accepted else "a verdict from two cold runs",
        )

    def _over(self, state: State) -> str:
        """Why there is nothing more to do; empty where there is."""
        if state.baseline is not None and state.baseline.problem:
            return state.baseline.problem
        if state.denials:
            return "the gate denies the patch"
        if state.told is not None and not state.told.accepted:
            return "; ".join(state.told.reasons)
        return ""
