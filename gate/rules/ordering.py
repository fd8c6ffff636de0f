"""Phases follow in order, ids are unique, and nothing finishes without an accepted verdict."""

from __future__ import annotations

from gate.decision import Context, Denied, Rejection
from gate.vocabulary import ApplyPatch, Collect, Finish, GiveUp, Phase, Proposal, RunTests, TryPatches

__all__ = ["PhaseOrder"]

_NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.REPRODUCE: frozenset({Phase.LOCALIZE, Phase.STUCK}),
    Phase.LOCALIZE: frozenset({Phase.PATCH, Phase.STUCK}),
    Phase.PATCH: frozenset({Phase.VERIFY, Phase.EXPAND, Phase.STUCK}),
    Phase.VERIFY: frozenset({Phase.LOCALIZE, Phase.PATCH, Phase.EXPAND, Phase.STUCK}),
    Phase.EXPAND: frozenset({Phase.LOCALIZE, Phase.PATCH, Phase.VERIFY, Phase.STUCK}),
    Phase.STUCK: frozenset(),
}


class PhaseOrder:
    """Denies steps out of order."""

    id = "ordering.phases"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        if proposal.id in context.used_ids:
            return self._denied(f"the id {proposal.id} was used before", "give every proposal its own id")
        if proposal.phase is not context.phase and proposal.phase not in _NEXT[context.phase]:
            allowed = ", ".join(sorted(_NEXT[context.phase])) or "none"
            return self._denied(f"{context.phase} cannot be followed by {proposal.phase}", f"allowed next: {allowed}")
        match proposal.action:
            case TryPatches() if proposal.phase not in {Phase.PATCH, Phase.EXPAND}:
                return self._denied(
                    f"candidates are tried in patch or expand, not in {proposal.phase}", "localize first"
                )
            case ApplyPatch() if proposal.phase not in {Phase.PATCH, Phase.EXPAND}:
                return self._denied(f"a patch is applied in patch or expand, not in {proposal.phase}", "localize first")
            case RunTests(collect=Collect.VERDICT) if not context.applied:
                return self._denied("a verdict needs an applied patch, and there is none", "apply a patch first")
            case Finish() if not context.verified:
                return self._denied("the applied patch has no accepted verdict", "run the tests for a verdict first")
            case GiveUp() if proposal.phase is not Phase.STUCK:
                return self._denied(f"giving up belongs to stuck, not to {proposal.phase}", "go to stuck first")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, Rejection.ORDERING, reason, hint)
