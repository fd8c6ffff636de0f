"""The gate: a fixed list of rules, asked in order. It learns nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gate.decision import (
    Allowed,
    ChangeRule,
    Context,
    Decision,
    Denied,
    LanguageRule,
    NotApplied,
    ProposalRule,
    Rejection,
    Rule,
)
from gate.patch import Change, Patch, PatchError, apply
from gate.reach import Reach
from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from gate.vocabulary import ApplyPatch, Proposal

__all__ = ["Gate", "change_of"]


class Gate:
    """Decides on proposals, and on the candidates that a batch carries. `further` rules are asked after all others."""

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
        """Judge a proposal: its form, its place, and the patch that it applies, if it applies one.

        The candidates of a `TryPatches` are judged one by one, by `screen`, when their turn comes.
        """
        for rule in self._proposal_rules:
            if denied := _ask(rule, proposal, context):
                return denied
        if isinstance(proposal.action, ApplyPatch):
            change = change_of(proposal.action.patch, context)
            return change if isinstance(change, Denied) else self.check(change, context)
        return Allowed()

    def check(self, change: Change, context: Context) -> Decision:
        """Ask every rule about a change: what may become a result has passed here."""
        return _first_denial(self._change_rules, change, context) or Allowed(self.not_applied(change, context))

    def screen(self, change: Change, context: Context) -> Decision:
        """Ask the cheap rules about what a candidate changes, before it is run.

        What could not be applied is for `check` to say.
        """
        return _first_denial(self._incremental_rules, change, context) or Allowed()

    def denials(self, change: Change, context: Context) -> tuple[Denied, ...]:
        """Everything that the rules have against a change, in their order: a change that came from outside as it is."""
        return tuple(denied for rule in self._change_rules if (denied := _ask(rule, change, context)))

    def not_applied(self, change: Change, context: Context) -> tuple[NotApplied, ...]:
        """The rules that could say nothing about some source files of a change."""
        return self._reach.not_applied(change, context)


def change_of(patch: Patch, context: Context) -> Change | Denied:
    """What a patch changes on the base of `context`, or the denial of one that does not apply there."""
    try:
        return apply(patch, context.read)
    except PatchError as error:
        return Denied("schema.applies", Rejection.SCHEMA, str(error), "make the patch on the base as it is")


def _first_denial(rules: Sequence[ChangeRule], change: Change, context: Context) -> Denied | None:
    return next((denied for rule in rules if (denied := _ask(rule, change, context))), None)


def _ask[Subject](rule: Rule[Subject], subject: Subject, context: Context) -> Denied | None:
    """A rule that raises, or answers anything else, denies: a gate that falls open when it is confused is no gate."""
    try:
        answer: object = rule.check(subject, context)
    except Exception as error:  # noqa: BLE001
        return Denied(rule.id, Rejection.INVARIANT, f"the rule failed: {type(error).__name__}: {error}", "report this")
    if answer is None or isinstance(answer, Denied):
        return answer
    return Denied(rule.id, Rejection.INVARIANT, f"the rule failed: it answered {answer!r}", "report this")
