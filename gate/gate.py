"""The gate: a fixed list of rules, checked in order. It learns nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gate.decision import (
    Allowed,
    ChangeRule,
    Context,
    Decision,
    DenialKind,
    Denied,
    Finding,
    LanguageRule,
    NotApplied,
    ProposalRule,
    Rule,
)
from gate.patch import Change, Patch, PatchError, apply
from gate.reach import Reach
from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from gate.rules.capabilities import found_capabilities
from gate.vocabulary import ApplyPatch, Proposal

__all__ = ["Gate", "change_of"]


class Gate:
    """Decides on proposals, and on the candidates in a batch. `further` rules are checked after all others."""

    def __init__(
        self,
        proposal_rules: Sequence[ProposalRule] = PROPOSAL_RULES,
        change_rules: Sequence[ChangeRule] = CHANGE_RULES,
        further: Sequence[ChangeRule] = (),
    ) -> None:
        self._proposal_rules = tuple(proposal_rules)
        self._change_rules = (*change_rules, *further)
        self._incremental_rules = tuple(rule for rule in self._change_rules if rule.incremental)
        self._reach = Reach(rule for rule in self._change_rules if isinstance(rule, LanguageRule))

    def decide(self, proposal: Proposal, context: Context) -> Decision:
        """Decide on a proposal: its form, its phase, and the patch that it applies, if any.

        The candidates of a `TryPatches` are checked one by one, by `screen`, when their turn comes.
        """
        for rule in self._proposal_rules:
            if denied := _check(rule, proposal, context):
                return denied
        if isinstance(proposal.action, ApplyPatch):
            change = change_of(proposal.action.patch, context)
            return change if isinstance(change, Denied) else self.check(change, context)
        return Allowed()

    def check(self, change: Change, context: Context) -> Decision:
        """Check a change against every rule: every patch that becomes a result has passed here."""
        return _first_denial(self._change_rules, change, context) or Allowed(
            self.not_applied(change, context), self.findings(change, context)
        )

    def screen(self, change: Change, context: Context) -> Decision:
        """Check a candidate's change against the cheap rules, before its trial.

        `check` reports the rules that could not be applied; this does not.
        """
        return _first_denial(self._incremental_rules, change, context) or Allowed()

    def denials(self, change: Change, context: Context) -> tuple[Denied, ...]:
        """Every denial of a change, in the order of the rules: for a full account of a patch from elsewhere."""
        return tuple(denied for rule in self._change_rules if (denied := _check(rule, change, context)))

    def not_applied(self, change: Change, context: Context) -> tuple[NotApplied, ...]:
        """The rules that could not be applied to some source files of a change."""
        return self._reach.not_applied(change, context)

    def findings(self, change: Change, context: Context) -> tuple[Finding, ...]:
        """The capabilities that a change adds to the product without being denied for it."""
        return found_capabilities(change, context)


def change_of(patch: Patch, context: Context) -> Change | Denied:
    """What a patch changes on the base of `context`, or a denial if it does not apply there."""
    try:
        return apply(patch, context.read)
    except PatchError as error:
        return Denied("schema.applies", DenialKind.SCHEMA, str(error), "make the patch on the base as it is")


def _first_denial(rules: Sequence[ChangeRule], change: Change, context: Context) -> Denied | None:
    return next((denied for rule in rules if (denied := _check(rule, change, context))), None)


def _check[Subject](rule: Rule[Subject], subject: Subject, context: Context) -> Denied | None:
    """The answer of one rule; one that raises, or returns anything else, denies: a gate that fails open is no gate."""
    try:
        answer: object = rule.check(subject, context)
    except Exception as error:  # noqa: BLE001
        return Denied(rule.id, DenialKind.INVARIANT, f"the rule failed: {type(error).__name__}: {error}", "report this")
    if answer is None or isinstance(answer, Denied):
        return answer
    return Denied(rule.id, DenialKind.INVARIANT, f"the rule failed: it returned {answer!r}", "report this")
