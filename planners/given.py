"""A planner for a patch that somebody else made: test the base, apply the patch, reach a verdict."""

from __future__ import annotations

from gate import ApplyPatch, GiveUp, Patch, Phase, Proposal
from planners.api import PlannerContext
from planners.state import State
from planners.steps import Reproduce, Verify, proposal

__all__ = ["GivenPatchPlanner"]


class GivenPatchPlanner:
    """Takes one patch through the steps that a repair takes, so that gate, verdict and journal are the same."""

    def __init__(self, patch: Patch) -> None:
        self._patch = patch
        self._reproduce, self._verify = Reproduce(), Verify()

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step."""
        return (
            self._end(state)
            or self._reproduce.propose(state, context)
            or self._verify.propose(state, context)
            or self._apply(state)
        )

    def _apply(self, state: State) -> Proposal:
        return proposal(
            state,
            Phase.PATCH,
            ApplyPatch(self._patch),
            intent="apply the given patch",
            hypothesis="it is a repair",
            expected_effect="a patch to verify",
        )

    def _end(self, state: State) -> Proposal | None:
        reason = self._over(state)
        if not reason:
            return None
        return proposal(
            state,
            Phase.STUCK,
            GiveUp(reason),
            intent="end without a result",
            hypothesis="there is nothing left to verify",
            expected_effect="the session ends with a reason",
        )

    def _over(self, state: State) -> str:
        """Why there is nothing left to do; empty if there is something."""
        if state.baseline is not None and state.baseline.problem:
            return state.baseline.problem
        if state.denials:
            return "the gate denies the patch"
        if state.last_verdict is not None and not state.last_verdict.accepted:
            return "; ".join(state.last_verdict.reasons)
        return ""
