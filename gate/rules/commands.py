"""Commands are argument lists from the plan, never text for a shell."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.vocabulary import Proposal, RunCommand

__all__ = ["CommandsFromPlan"]


class CommandsFromPlan:
    """Denies a command that does not match one of the plan's, argument by argument."""

    id = "commands.from-plan"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        if isinstance(proposal.action, RunCommand) and proposal.action.argv not in context.commands:
            known = "; ".join(" ".join(argv) for argv in context.commands) or "none"
            return Denied(
                self.id,
                DenialKind.INVARIANT,
                f"the plan has no command {' '.join(proposal.action.argv)!r}",
                f"the plan's commands: {known}",
            )
        return None
