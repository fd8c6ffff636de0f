"""A planner that follows a script, in place of one that searches: for tests of what stands around planners."""

from __future__ import annotations

from collections.abc import Sequence

from gate import Action, GiveUp, Phase, Proposal
from planners.api import PlannerContext
from planners.state import State

__all__ = ["ScriptedPlanner"]


class ScriptedPlanner:
    """Proposes given (phase, action) pairs one after another, then gives up.

    The step that the state has reached is the place in the script: the planner itself remembers nothing.
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
            hypothesis="the script knows",
            action=action,
            expected_effect="whatever the script is for",
            risk="none: the gate decides",
            rollback="nothing to undo",
        )
