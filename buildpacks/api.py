"""The contract between rfsn and a language: what a buildpack is given and what it returns, all of it plain data.

A buildpack detects its language in a read-only view of the tree, plans the commands that build and test it, says how
its requirements are provided, and reads the results. It starts no process itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from buildpacks.results import CaseId, SuiteReport
from buildpacks.supplies import Layer, Settings, Supplies
from sandbox import CommandResult, Mount, Service

__all__ = [
    "API_VERSION",
    "BuildPlan",
    "BuildStep",
    "Buildpack",
    "BuildpackError",
    "Detection",
    "PlanOptions",
    "RepoView",
    "RunRequest",
    "RunResult",
    "RunSpec",
    "WarmRunner",
]

API_VERSION = 2
"""Version of the `Buildpack` protocol. A pack that names another one is refused when it is enabled."""


class BuildpackError(Exception):
    """The pack cannot do what was asked of this repository; the message says why and what to do."""


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
class BuildStep:
    """One command of the project's own build, with variables of its own."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How to make an environment and run the tests in it: pure, serialisable data.

    `requirements` are what the project declares, parsed and written anew: nothing of a repository's own text reaches a
    step that has the network, which knows the user's `settings` of the package manager. `build` commands see the tree
    at `/repo`, the requirements at `/env` (read-only) and no network; they may write `/project`. Where one fails, the
    `fallback` commands are run instead: many tests can do without an installed project. `test` is the command as the
    user would type it. `mounts` are what every step needs to see: interpreters and tools. `platform` says what
    environments are made for: those of different platforms are never shared. `own` are the names of the distributions
    that the build makes: they are no part of what tests see at `/env`. `services` are what tests need beside it.
    """

    pack: str
    requirements: tuple[str, ...]
    build: tuple[BuildStep, ...]
    fallback: tuple[BuildStep, ...]
    test: tuple[str, ...]
    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    platform: tuple[str, ...]
    description: str
    own: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    settings: Settings = field(default_factory=Settings)


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
    """One cold run, as data: argv, the mounts it needs, and what it reads from its standard input.

    `wanted` is how the names of the files end that it leaves in `buildpacks.supplies.OUTPUTS`, for a runner that writes
    its results into files; the folder is there only where it is not empty.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    stdin: bytes
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the command of a cold run ended and what it wrote, and the files that were wanted of it, by name."""

    command: CommandResult
    outputs: Mapping[str, bytes] = field(default_factory=dict)


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

    def case_id(self, id: str) -> CaseId:
        """The parts of an id that a run of this pack's gave."""
        ...

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        """Read a cold run, all of which is hostile; `buildpacks.report` has what every pack does with it."""
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
