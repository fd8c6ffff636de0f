"""The gate's decisions, what its rules may look at, and the two kinds of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from gate.languages import ANALYZERS
from gate.languages.api import Analyzer
from gate.models import ModelCard
from gate.patch import Change
from gate.paths import BasePaths
from gate.vocabulary import Proposal

__all__ = [
    "Allowed",
    "Capability",
    "ChangeRule",
    "Context",
    "Decision",
    "DenialKind",
    "Denied",
    "Finding",
    "LanguageRule",
    "NotApplied",
    "ProposalRule",
    "Rule",
    "SizeLimits",
]


class DenialKind(StrEnum):
    """The kind of a denial, which tells a planner what to do differently."""

    SCHEMA = "schema"
    ORDERING = "ordering"
    BOUNDS = "bounds"
    INVARIANT = "invariant"
    TAMPER = "tamper"


@dataclass(frozen=True, slots=True)
class Denied:
    """A denial: the id of the rule, the kind of denial, what is wrong, and a hint that the planner can act on."""

    rule: str
    rejection_type: DenialKind
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """Rules that do not know the language of some source files. `more` counts the files that are not named."""

    rules: tuple[str, ...]
    files: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A capability that a change adds to the product and that is no denial: the name and the file that show it."""

    capability: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """No applicable rule denies. The silence of the other rules, listed in `not_applied`, is no approval.

    `findings` are capabilities that the change adds to the product.
    """

    not_applied: tuple[NotApplied, ...] = ()
    findings: tuple[Finding, ...] = ()


type Decision = Allowed | Denied

type Capability = Literal[
    "processes", "network", "descriptors", "native-code", "dynamic-code", "obfuscation", "exits", "introspection",
    "patching", "testing", "files", "environment", "threads", "process-state", "own-process", "clock", "chance",
    "reflection", "internals",
]  # fmt: skip
"""What code can do beyond computing: each is a reason to deny that the user may lift."""


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How much one patch may change."""

    files: int = 10
    lines: int = 400
    bytes: int = 100_000


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that rules may look at besides the proposal: the base, the session's position, and what is allowed.

    `read` returns a base file's bytes (raises `FileNotFoundError`); `protected` says whether a path belongs to the
    tests, the runner's configuration or the lock files; `lifted` says whether the user vouches for a path, which lifts
    the rules on where code is and what it may do; `test_edits` says whether tests that stand in product files may
    change; `pull_request` says whether it may change tests and metadata as a maintainer does; `capabilities` are those
    that the user lets patches add. `commands` are the argument lists in the plan. `analyzers` read source code, one
    language each. `models` are those that may be asked, and `left_usd` is what may still be spent on them. The
    session's position: the ids that were used, whether the tests ran on the base, whether a patch is applied and a
    verdict accepted it, and whether the planner has ended it.
    """

    base: BasePaths
    read: Callable[[str], bytes]
    protected: Callable[[str], bool]
    lifted: Callable[[str], bool] = field(default=lambda _path: False)
    commands: tuple[tuple[str, ...], ...] = ()
    limits: SizeLimits = field(default_factory=SizeLimits)
    analyzers: tuple[Analyzer, ...] = ANALYZERS
    test_edits: bool = False
    pull_request: bool = False
    capabilities: frozenset[str] = frozenset()
    models: tuple[ModelCard, ...] = ()
    left_usd: float = 0.0
    used_ids: frozenset[str] = frozenset()
    reproduced: bool = False
    applied: bool = False
    verified: bool = False
    ended: bool = False


class Rule[Subject](Protocol):
    """One reason to deny. `id` is stable: reports, metrics and documentation refer to it."""

    id: str

    def check(self, subject: Subject, context: Context) -> Denied | None:
        """A denial, or None if this rule does not object."""
        ...


type ProposalRule = Rule[Proposal]
"""Checks a proposal's envelope and its action, before any patch in it is computed."""


class ChangeRule(Rule[Change], Protocol):
    """Checks what a patch does to the base.

    `incremental` rules are cheap enough to check every candidate of a search; the others check a patch before it can
    become a result.
    """

    incremental: bool


@runtime_checkable
class LanguageRule(ChangeRule, Protocol):
    """Checks changes in the languages that it knows, and says which these are. Any other rule applies to all files."""

    def reads(self, analyzer: Analyzer) -> bool:
        """Whether the rule applies to the files of an analyzer."""
        ...
