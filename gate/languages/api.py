"""What the rules see of source code in any language: constructs, and the analyzers that find them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from gate.patch import Change, FileChange
from gate.paths import BasePaths

__all__ = ["Analyzer", "Capabilities", "Compared", "Construct", "Forbidden", "Kind", "Packages", "Places", "Tree"]


class Kind(StrEnum):
    """What a construct is."""

    USE = "uses"
    """A dotted name of a module or built-in that is read, called or imported: `os._exit`."""
    IMPORT = "imports"
    """A module, by its full name."""
    ATTRIBUTE = "reads the attribute"
    """The name of any attribute, whatever it is read from: `_exit`."""
    STORE = "assigns to"
    """A dotted name that is assigned or deleted: `json.dumps`."""
    TEXT = "contains the text"
    """A constant string that is not a docstring; one that is written in pieces is joined."""
    NUMBER = "contains the number"
    """A number, in its one spelling; one that is computed from constants is one."""
    DEFINE = "defines"
    """A function, a class or a module-level variable."""
    EXIT = "ends the process with"
    """An exit that the process can catch, outside a main program."""
    ALWAYS = "makes always true"
    """A comparison method whose answer does not depend on what it compares."""
    PARTIAL = "compares too little in"
    """A comparison method that answers without one of its operands, or by constants that it knows."""
    COMPUTED = "computes"
    """A name that is not written in the source: of an attribute, a module, a variable."""
    ANSWER = "answers for the input"
    """A literal that an input is compared with, if the answer is a literal too."""
    ENTRY = "answers from a table"
    """One literal for another: an entry of a table, or a branch that answers a literal with one (`entry`)."""
    SCOPE = "declares"
    """A name that a file declares for a whole package or program, so that the tests there see it."""
    FREE = "uses the name"
    """A plain name that the function around it does not declare, in languages whose tests are in the same scope."""
    TEST = "changes the test"
    """A test that stands in a product file, by its text."""


class Construct(NamedTuple):
    """One thing that code does."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The constructs of one file before and after a change, at least those of the parts that differ.

    `modules` are the full names of what the file imported before, and of the packages that contain it. `left` are the
    whole statements that places of it lost, and `came` those that places of it got, each with its constructs: only
    what left one place as it came to another has moved. If `came` is None, the language does not tell.
    """

    before: Counter[Construct]
    after: Counter[Construct]
    modules: frozenset[str]
    left: Counter[str] = field(default_factory=Counter)
    came: tuple[tuple[str, Counter[Construct]], ...] | None = None


class Tree(Protocol):
    """What a language may look at besides the change: the base, and which of its files are protected."""

    @property
    def base(self) -> BasePaths:
        """The paths of the base."""
        ...

    @property
    def read(self) -> Callable[[str], bytes]:
        """The content of a file of the base. Raises `FileNotFoundError` if there is none."""
        ...

    @property
    def protected(self) -> Callable[[str], bool]:
        """Whether a path belongs to the tests, the runner's configuration or the lock files."""
        ...


class Forbidden(Protocol):
    """What one rule forbids in one language; in most cases a `gate.languages.tables.Table`."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        """Whether the file `path`, which imported `modules` before, must not newly have a construct."""
        ...


class Packages(Protocol):
    """Where the imports of a language come from."""

    def unknown(self, module: str, change: Change, tree: Tree) -> str | None:
        """The package of a module; None if it is standard, or the project contains, uses, adds or declares it."""
        ...

    def known(self, tree: Tree) -> frozenset[str]:
        """The names of all packages that are standard, or that the project contains, uses or declares."""
        ...


class Places(Protocol):
    """Files of a language that run without being asked for, because of where they are."""

    def runs_at_start(self, path: str) -> bool:
        """Whether every program of the language that starts beside this file runs it."""
        ...

    def shadowed(self, path: str, change: Change, tree: Tree) -> str | None:
        """The module of the language or of a test runner that a new file would shadow, if any."""
        ...


@runtime_checkable
class Capabilities(Forbidden, Protocol):
    """What code can do, for those capabilities that only a comparison with the whole product can judge."""

    @property
    def usual(self) -> frozenset[str]:
        """Capabilities that honest repairs often add."""
        ...

    def of(self, construct: Construct) -> str | None:
        """The capability of a construct, if any."""
        ...

    def in_base(self, capability: str, tree: Tree) -> bool:
        """Whether a product file of the base has a capability."""
        ...


class Analyzer(Protocol):
    """Reads the source of one language for the rules, and says what each of them forbids in it."""

    @property
    def name(self) -> str:
        """The language, in lower case."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of its files: `.py`."""
        ...

    @property
    def tables(self) -> Mapping[str, Forbidden]:
        """What rules on constructs forbid, by rule id. A rule without a table is not applied."""
        ...

    @property
    def packages(self) -> Packages | None:
        """Where imports come from; if None, no rule on dependencies is applied."""
        ...

    @property
    def places(self) -> Places | None:
        """Which files run without being asked for; if None, no rule on them is applied."""
        ...

    def compare(self, file: FileChange) -> Compared | None:
        """One file before and after a change; None if it no longer parses, or is new and does not parse."""
        ...

    def forget(self) -> None:
        """Clear all caches: what comes next has another tree."""
        ...
