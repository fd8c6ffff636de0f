"""What the gate answers, what it looks at, and the two kinds of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gate.languages import ANALYZERS
from gate.languages.api import Analyzer
from gate.patch import Change
from gate.paths import BasePaths
from gate.vocabulary import Proposal

__all__ = [
    "Allowed",
    "ChangeRule",
    "Context",
    "Decision",
    "Denied",
    "LanguageRule",
    "NotApplied",
    "ProposalRule",
    "Rejection",
    "Rule",
    "SizeLimits",
]


class Rejection(StrEnum):
    """The kind of a denial: what a planner should do differently."""

    SCHEMA = "schema"
    ORDERING = "ordering"
    BOUNDS = "bounds"
    INVARIANT = "invariant"
    TAMPER = "tamper"


@dataclass(frozen=True, slots=True)
class Denied:
    """A rule's no: its stable id, the kind of the denial, what is wrong, and a hint that the planner can act on."""

    rule: str
    rejection_type: Rejection
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """Rules that could say nothing about some source files: they do not know the language. `more`: files not named."""

    rules: tuple[str, ...]
    files: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """Every rule was content that could be applied; silence of the others, in `not_applied`, is no approval."""

    not_applied: tuple[NotApplied, ...] = ()


type Decision = Allowed | Denied


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How much one patch may change."""

    files: int = 10
    lines: int = 400
    bytes: int = 100_000


@dataclass(frozen=True, slots=True)
class Context:
    """All that rules may look at besides the proposal: the base, where the session stands, and what is allowed.

    `read` gives a base file's bytes (raises `FileNotFoundError`); `protected` says whether a path belongs to the
    tests, the runner's configuration or the lock files; `lifted` says whether the user vouches for what happens to a
    path: no rule about where code stands or what it may do speaks of it then. `commands` are the argument lists that
    the plan names. `analyzers` read source code, each that of its language. Where the session stands: the ids that were
    used, whether the tests ran on the base, whether a patch is applied and a verdict accepted it, and whether the
    planner has ended it.
    """

    base: BasePaths
    read: Callable[[str], bytes]
    protected: Callable[[str], bool]
    lifted: Callable[[str], bool] = field(default=lambda _path: False)
    commands: tuple[tuple[str, ...], ...] = ()
    limits: SizeLimits = field(default_factory=SizeLimits)
    analyzers: tuple[Analyzer, ...] = ANALYZERS
    used_ids: frozenset[str] = frozenset()
    reproduced: bool = False
    applied: bool = False
    verified: bool = False
    ended: bool = False


class Rule[Subject](Protocol):
    """One reason to say no. `id` is stable: reports, metrics and documentation name it."""

    id: str

    def check(self, subject: Subject, context: Context) -> Denied | None:
        """A denial, or None where this rule has nothing to say against the subject."""
        ...


type ProposalRule = Rule[Proposal]
"""Judges a proposal's envelope and its action, before any patch in it is computed."""


class ChangeRule(Rule[Change], Protocol):
    """Judges what a patch does to the base.

    `incremental` rules are cheap enough to judge every candidate of a search; the others judge a patch before it can
    become a result.
    """

    incremental: bool


@runtime_checkable
class LanguageRule(ChangeRule, Protocol):
    """Judges changes in the languages that it knows, and says which these are. Any other rule is about all files."""

    def reads(self, analyzer: Analyzer) -> bool:
        """Whether the rule has something to say about the files of an analyzer."""
        ...
