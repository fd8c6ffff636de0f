"""What the search needs of a programming language, and what an edit operator is.

The search knows files, lines, scores and edits. Trees, names and texts belong to the language: what its sites and
scopes offer beyond these protocols is between the language and its operators. `registry` has the languages, by the
suffix of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, Protocol

from buildpacks import CaseTrace, RepoView
from gate import Candidate, Patch

__all__ = [
    "MEND",
    "AntiPattern",
    "Definition",
    "FailingTest",
    "File",
    "Function",
    "Language",
    "Neighbours",
    "Operator",
    "Replacement",
    "SeenKinds",
    "Site",
    "TextEdit",
]

MEND = "load-"
"""How the operators of mends begin (see `Language.mends`)."""

type SeenKinds = Mapping[str, Mapping[str, frozenset[str]]]
"""The kinds of the variables' values in the failing tests, by the names of the function and of the variable."""

type Neighbours = Callable[[], Sequence[tuple[str, bytes]]]
"""Gives other files of the same language that ingredients may come from, as paths and contents, nearest first."""


class FailingTest(NamedTuple):
    """A test to repair: what its failure says, the name of its function, and the file with it (empty if unknown).

    `raised_at` is the path and the line in the tree where the failure was raised; a path is empty if that is unknown.
    """

    message: str
    name: str = ""
    source: bytes = b""
    raised_at: tuple[str, int] = ("", 0)


class TextEdit(NamedTuple):
    """Replace the text from `start` up to `end`: offsets as the language counts them (characters in Python)."""

    start: int
    end: int
    text: str


class Replacement(NamedTuple):
    """One edit of the source. `weight` (more than 0, at most 1) is its likelihood relative to the operator's best.

    Edits of a `block` are made at sites that are statements, and add, remove or move whole statements, so that the file
    still parses; other edits stay inside one statement. `also` makes the same change in other files.
    """

    edits: tuple[TextEdit, ...]
    weight: float = 1.0
    block: bool = False
    also: Patch = ()


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of fix in one language.

    `frequency` is the percentage of single-statement fixes of this kind; `sites` and `options` are the number of places
    in a function of usual size, and of replacements at each of them. Together they say how likely one replacement is.
    `nodes` are the kinds of nodes, in the language's terms, at which `expand` makes replacements from a site and its
    scope. With a `width` of 1, only the widened search uses the operator.
    """

    id: str
    frequency: float
    sites: int
    options: int
    nodes: tuple[Any, ...]
    expand: Callable[[Any, Any], Iterator[Replacement]]
    width: int = 0
    language: str = field(kw_only=True)

    @property
    def prior(self) -> float:
        """The likelihood of the operator's best replacement at one site."""
        return self.frequency / 100 / (self.sites * self.options)

    @property
    def description(self) -> str:
        """What the operator does, in one line: the first of its function's docstring, or empty."""
        function: Any = self.expand
        while isinstance(function, partial):
            function = function.func
        return (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]


class Site(Protocol):
    """A place in a file at which operators may apply."""

    @property
    def line(self) -> int:
        """The line on which it begins, from 1."""
        ...

    @property
    def statement_line(self) -> int:
        """The line on which its statement begins, whose suspiciousness applies if its own line has no coverage."""
        ...

    @property
    def location(self) -> str:
        """Its place, for people: `path:line`."""
        ...

    def matches(self, nodes: tuple[Any, ...]) -> bool:
        """Whether its kind is one of an operator's `nodes`."""
        ...

    def region(self, *, block: bool) -> Hashable | None:
        """The part of the file in which two replacements can give the same program.

        That is the statement, or for edits of a block the function. None if such edits are impossible, as edits
        of a block are at a site that is not a statement.
        """
        ...

    def patch(self, replacement: Replacement) -> Patch:
        """A replacement as a patch of the file's bytes.

        Raises `ValueError` for edits that overlap or lie beyond the end, and for text that the file's encoding cannot
        represent.
        """
        ...


class Function(NamedTuple):
    """A function, by its name and by lines from 1: where it begins, and its body."""

    name: str
    line: int
    body: range


class Definition(NamedTuple):
    """A variable that gets its value when the file is loaded, by lines from 1: its own, and the reading ones."""

    lines: range
    readers: frozenset[int]


class File(Protocol):
    """A parsed source file. All sequences are in an order that depends on the file's content alone."""

    @property
    def sites(self) -> Iterable[Site]:
        """Every place at which operators may apply."""
        ...

    @property
    def functions(self) -> Iterable[Function]:
        """Every function, nested ones too."""
        ...

    @property
    def definitions(self) -> Iterable[Definition]:
        """The variables of modules and classes."""
        ...

    def scope(self, site: Any) -> Any:
        """What is visible at a site: names and other ingredients of edits, as the language's operators expect them."""
        ...

    def edited(self, region: Any, replacement: Replacement) -> str:
        """The text of a region after an edit in it, which `tree` can parse if the edit is inside a statement."""
        ...

    def simplest(self, region: Any, replacement: Replacement) -> Replacement | None:
        """A replacement inside a statement in its simplest form; None if nobody would write what it makes."""
        ...

    def tree(self, text: str) -> str | None:
        """A text that is equal for equal programs, whatever their formatting; None if `text` does not parse."""
        ...


class AntiPattern(StrEnum):
    """Signs that a patch passes the tests without being correct; `ranking` says how much each counts."""

    CONTROL_FLOW_DELETED = "control flow deleted"
    STATEMENT_DELETED = "statement deleted"
    CALL_DROPPED = "call dropped"
    CONVERSION_DROPPED = "conversion dropped"
    NAME_UNUSED = "name unused"
    EARLY_EXIT = "early exit"
    CONSTANT_CONDITION = "constant condition"
    CONSTANT_RESULT = "constant result"
    CONSTANT_OUTCOME = "constant outcome"
    ARGUMENT_DROPPED = "argument dropped"
    DEAD_CODE = "dead code"
    CONSTANT_ASSIGNED = "constant assigned"
    NARROWED = "narrowed to an input of the tests"
    QUOTES_CHANGED = "quotes changed"
    SAME_OPERAND_TWICE = "same operand twice"
    STILL_UNREAD = "a variable that nothing reads is left so"
    SHORTER = "shorter"


class Language(Protocol):
    """A programming language that the search can repair."""

    @property
    def name(self) -> str:
        """The name by which operators refer to it."""
        ...

    @property
    def operators(self) -> Sequence[Operator]:
        """Its edit operators. The order decides only between candidates of equal score."""
        ...

    def is_kind_of_node(self, kind: object) -> bool:
        """Whether an operator may name this in its `nodes`."""
        ...

    def parse(
        self,
        path: str,
        raw: bytes,
        kinds: SeenKinds,
        neighbours: Neighbours,
        failing: Sequence[FailingTest] = (),
    ) -> File | None:
        """A file; None if it does not parse, or could not be written back unchanged.

        `failing` are tests to repair: what they say may name what is missing.
        """
        ...

    def mends(
        self, failures: Sequence[CaseTrace], view: RepoView, is_source: Callable[[str], bool]
    ) -> Iterator[Candidate]:
        """Patches of files that `is_source` allows for failures that say what is missing, likeliest first.

        `failures` are tests, and whole files of tests that cannot be loaded.
        """
        ...

    def anti_patterns(self, before: bytes, after: bytes) -> Iterable[AntiPattern]:
        """The anti-patterns of a change of a file; none if one of the two versions does not parse."""
        ...
