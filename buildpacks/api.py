"""The contract between rfsn and a language: what a buildpack is given and what it returns, all of it plain data.

A buildpack detects its language in a read-only view of the tree, plans the commands that build and test it, says how
its requirements are provided, and reads the results. It starts no process itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from buildpacks.supplies import Layer, Supplies
from sandbox import CommandResult, Mount, Service

__all__ = [
    "API_VERSION",
    "NO_TESTS",
    "BuildPlan",
    "Buildpack",
    "BuildpackError",
    "CaseResult",
    "CaseTrace",
    "Detection",
    "Evidence",
    "Frame",
    "Outcome",
    "PlanOptions",
    "RepoView",
    "RunRequest",
    "RunSpec",
    "Spectrum",
    "SuiteReport",
    "WarmRunner",
]

API_VERSION = 2
"""Version of the `Buildpack` protocol. A pack that names another one is refused when it is enabled."""


NO_TESTS = "no tests were found"
"""How the problem of a report begins where the test command ran, and there was nothing for it to run."""


class BuildpackError(Exception):
    """The pack cannot do what was asked of this repository; the message says why and what to do."""


class Outcome(StrEnum):
    """The result of one test case. `SLOW` is over a limit where nobody had the time to see whether it ends."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    TIMEOUT = "timeout"
    SLOW = "slow"
    MISSING = "missing"

    @property
    def failing(self) -> bool:
        """Whether a repair should make this case pass."""
        return self in {Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT}

    @property
    def over_limit(self) -> bool:
        """Whether the case was ended before it came to a result."""
        return self in {Outcome.TIMEOUT, Outcome.SLOW}


class Evidence(StrEnum):
    """What a report rests on: an id for every test case, or only the exit code of the command."""

    IDS = "ids"
    EXIT_CODE = "exit_code"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a failure's stack, outermost first; `path` is relative to the tree, `line` counts from 1."""

    path: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test case: its id as the runner spells it, its outcome, and what a failure said."""

    id: str
    outcome: Outcome
    duration_s: float = 0.0
    message: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """What one run of the test command said. `problem` is why the tests could not run at all, else empty.

    `crashed` is whether the command began and then ended without a report: some test may have taken it down. `canaries`
    are the tests that were added and must fail; `forged` is whether the results are not, or not only, the runner's own.
    """

    cases: tuple[CaseResult, ...]
    exit_code: int | None
    duration_s: float
    evidence: Evidence = Evidence.IDS
    problem: str = ""
    crashed: bool = False
    canaries: tuple[CaseResult, ...] = ()
    forged: bool = False

    @property
    def skipped(self) -> int:
        """How many test cases were skipped."""
        return sum(case.outcome is Outcome.SKIPPED for case in self.cases)


type Kinds = Mapping[str, Mapping[str, Mapping[str, frozenset[str]]]]
"""By path, function and variable, what its values were: `number`, `sequence`, `set`, `callable`, `object`."""


@dataclass(frozen=True, slots=True)
class CaseTrace:
    """What one test case executed: its outcome, the lines covered per file of the tree, and a failure's frames.

    `kinds` are those of the values that variables had, as far as they were asked for.
    """

    id: str
    outcome: Outcome
    cpu_s: float
    lines: Mapping[str, frozenset[int]]
    frames: tuple[Frame, ...] = ()
    message: str = ""
    kinds: Kinds = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Per-test line coverage: the input of spectrum-based fault localization.

    `imported` are the lines, by path, of functions that ran while the tests were collected: all tests depend on them.
    """

    cases: tuple[CaseTrace, ...]
    imported: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Detection:
    """How sure a pack is (0 to 1) that it can test this tree, and the signs it saw."""

    confidence: float
    reasons: tuple[str, ...] = ()


class RepoView(Protocol):
    """A read-only tree. Paths are relative and `/`-separated."""

    def files(self) -> Sequence[str]:
        """Every regular file, sorted."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is a regular file at `path`."""
        ...

    def read(self, path: str) -> bytes:
        """The content of a file; raises `FileNotFoundError`."""
        ...


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What is asked of a plan: a test command (argv) instead of the pack's own, and extra environment variables.

    `packages` are the exact requirements of the environment, instead of those that the project declares. `version` is
    for builds that would ask the history for one. `image` is the image that all steps run in, with its own interpreter
    or compiler; empty where they run on this machine's.
    """

    test: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] | None = None
    version: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How to make an environment and run the tests in it: pure, serialisable data.

    `requirements` are what the project declares, parsed and written anew: nothing of a repository's own text reaches a
    step that has the network. `build` commands see the tree at `/repo`, the requirements at `/env` (read-only) and no
    network; they may write `/project`. Where one fails, the `fallback` commands are run instead: many tests can do
    without an installed project. `test` is the command as the user would type it. `mounts` are what every step needs to
    see: interpreters and tools. `platform` says what environments are made for: those of different platforms are never
    shared. `own` are the names of the distributions that the build makes: they are no part of what tests see at `/env`.
    `services` are what tests need beside it.
    """

    pack: str
    requirements: tuple[str, ...]
    build: tuple[tuple[str, ...], ...]
    fallback: tuple[tuple[str, ...], ...]
    test: tuple[str, ...]
    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    platform: tuple[str, ...]
    description: str
    own: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Which tests to run (all where `ids` is empty) and how patient to be.

    One test may use `case_limit_s` seconds of CPU; once `hang_budget_s` seconds were spent on tests that reach their
    limit, the others get less. Tests in `limits` (by id, in CPU seconds) have limits of their own in any case. With
    `canaries`, tests are added that must fail. `key` is what the run's results are signed with.
    """

    ids: tuple[str, ...] = ()
    case_limit_s: float = 30.0
    hang_budget_s: float = 90.0
    canaries: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One cold run, as data: argv, the mounts it needs, and what it reads from its standard input."""

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    stdin: bytes


@dataclass(frozen=True, slots=True)
class WarmRunner:
    """A long-lived runner that speaks the protocol of `buildpacks.warm` over its standard streams.

    It takes candidates that edit or add files with these `suffixes`; all others are tried cold.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    suffixes: tuple[str, ...]


class Buildpack(Protocol):
    """One language's knowledge. `image` is the public image in which Docker sandboxes build and test its projects."""

    name: str
    image: str
    api_version: int

    def detect(self, view: RepoView) -> Detection:
        """How sure the pack is that this tree is its language's."""
        ...

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """Raises `BuildpackError` where this tree cannot be tested as it stands."""
        ...

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """The environment with all that the plan requires, but the project itself. Raises `SupplyError`.

        Where it is not for `building`, what the index has under the project's own name is left out: a project may be
        needed by its own tools, and its tests must run its own code.
        """
        ...

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The command that runs these tests (all of them where `request.ids` is empty)."""
        ...

    def parse(self, request: RunRequest, result: CommandResult) -> SuiteReport:
        """Read a cold run: how the command ended and what it wrote (see `buildpacks.records`). Both are hostile."""
        ...

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """Patterns (gitignore syntax) of tests, runner configuration and lock files: what no repair may touch."""
        ...

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """Those of the protected patterns that are tests: a user may allow edits of them, and of nothing else here."""
        ...

    def warm_runner(self, plan: BuildPlan) -> WarmRunner | None:
        """The worker that validates candidates quickly, where the language has one."""
        ...
