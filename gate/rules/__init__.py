"""Every rule, in the order in which they are checked. The first denial decides; `docs/gate.md` describes them all."""

from gate.decision import ChangeRule, ProposalRule
from gate.rules.answers import NoKnownAnswers
from gate.rules.binary import ReadableFiles
from gate.rules.capabilities import NoNewCapabilities
from gate.rules.commands import CommandsFromPlan
from gate.rules.dependencies import KnownImports, NoLookAlikes
from gate.rules.detection import NoTestDetection
from gate.rules.dynamic import NoDynamicCode, NoObfuscation
from gate.rules.equality import HonestComparisons
from gate.rules.exits import NoExits
from gate.rules.frameworks import NoTestFrameworks
from gate.rules.inline import InlineTests
from gate.rules.interpreter import NoForeignPatches
from gate.rules.lookups import NothingTestsLookFor
from gate.rules.models import ModelBudget, ModelEgress, ModelRequest
from gate.rules.modes import PlainModes
from gate.rules.ordering import StepOrder
from gate.rules.outside import NoDescriptors, NoNativeCode, NoNetwork, NoProcesses
from gate.rules.paths import PlainPaths, PlainReads
from gate.rules.protected import ProtectedFiles
from gate.rules.schema import WellFormed
from gate.rules.scratch import ScratchBesideTests
from gate.rules.secrets import NoSecrets
from gate.rules.shadows import NoShadowedModules, NoStartupFiles
from gate.rules.size import PatchSize
from gate.rules.syntax import ParsingSources

__all__ = ["CHANGE_RULES", "PROPOSAL_RULES"]

PROPOSAL_RULES: tuple[ProposalRule, ...] = (
    WellFormed(),
    StepOrder(),
    PlainReads(),
    CommandsFromPlan(),
    ScratchBesideTests(),
    ModelRequest(),
    ModelEgress(),
    ModelBudget(),
)

CHANGE_RULES: tuple[ChangeRule, ...] = (
    PlainPaths(),
    PlainModes(),
    ProtectedFiles(),
    NoStartupFiles(),
    NoShadowedModules(),
    NothingTestsLookFor(),
    ReadableFiles(),
    PatchSize(),
    ParsingSources(),
    InlineTests(),
    NoExits(),
    NoTestFrameworks(),
    NoTestDetection(),
    NoForeignPatches(),
    HonestComparisons(),
    NoKnownAnswers(),
    NoDynamicCode(),
    NoObfuscation(),
    NoProcesses(),
    NoNetwork(),
    NoDescriptors(),
    NoNativeCode(),
    NoNewCapabilities(),
    KnownImports(),
    NoLookAlikes(),
    NoSecrets(),
)
