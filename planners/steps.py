"""The envelope of a step: what every planner says of a proposal in the same way."""

from __future__ import annotations

from gate import Action, ApplyPatch, Phase, Proposal
from planners.state import State

__all__ = ["proposal"]


def proposal(
    state: State, phase: Phase, action: Action, *, intent: str, hypothesis: str, expected_effect: str
) -> Proposal:
    """A proposal of `action` as the next step from `state`; its id is the number of the step."""
    harmless = not isinstance(action, ApplyPatch)
    return Proposal(
        id=f"p{state.steps + 1:04d}",
        phase=phase,
        intent=intent,
        hypothesis=hypothesis,
        action=action,
        expected_effect=expected_effect,
        risk="none: nothing outside a sandbox changes" if harmless else "the patch may be wrong: the verdict decides",
        rollback="nothing to undo" if harmless else "the base is untouched; the next patch replaces this one",
    )
