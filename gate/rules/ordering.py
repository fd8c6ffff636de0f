"""What must have come before a step, whatever its phase: phases are labels, and these are the invariants."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.vocabulary import ApplyPatch, Collect, Finish, Proposal, RunTests, TryPatches

__all__ = ["StepOrder"]


class StepOrder:
    """Denies a step that lacks what it rests on: the base's tests, an applied patch, or an accepted verdict."""

    id = "ordering.steps"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        if proposal.id in context.used_ids:
            return self._denied(f"the id {proposal.id} was used before", "give every proposal its own id")
        if context.ended:
            return self._denied("the session has ended", "propose nothing after finishing or giving up")
        match proposal.action:
            case TryPatches() | ApplyPatch() | RunTests(collect=Collect.SPECTRUM | Collect.VERDICT) if (
                not context.reproduced
            ):
                return self._denied("the tests did not run on the base yet", "run the tests as they are first")
            case RunTests(collect=Collect.VERDICT) if not context.applied:
                return self._denied("a verdict needs an applied patch, and there is none", "apply a patch first")
            case Finish() if not (context.applied and context.verified):
                return self._denied("the applied patch has no accepted verdict", "run the tests for a verdict first")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.ORDERING, reason, hint)
