"""Every rule, in the one order in which they are asked. The first denial is the answer."""

from gate.decision import ChangeRule, ProposalRule
from gate.rules.commands import CommandsFromPlan
from gate.rules.ordering import PhaseOrder
from gate.rules.paths import PlainPaths, PlainReads
from gate.rules.protected import ProtectedFiles
from gate.rules.schema import WellFormed
from gate.rules.size import PatchSize

__all__ = ["CHANGE_RULES", "PROPOSAL_RULES"]

PROPOSAL_RULES: tuple[ProposalRule, ...] = (WellFormed(), PhaseOrder(), PlainReads(), CommandsFromPlan())

CHANGE_RULES: tuple[ChangeRule, ...] = (PlainPaths(), ProtectedFiles(), PatchSize())
