"""The contract between rfsn and a language: what a buildpack is given and what it returns, all of it plain data.

A buildpack detects its language in a read-only view of the tree, plans the commands that build and test it, provides
its requirements, and reads the results. It starts no process itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from buildpacks.results import CaseId, CaseResult, Frame, SuiteReport
from buildpacks.supplies import Layer, Settings, Supplies
from sandbox import REPO, CommandResult, Mount, Service

__all__ = [
    "API_VERSION",
    "OPERATIONS",
    "AlteredTests",
    "AltersTests",
    "BuildPlan",
    "BuildStep",
    "Buildpack",
    "BuildpackError",
    "Choice",
    "Detection",
    "PlanOptions",
    "RepoView",
    "RunRequest",
    "RunResult",
    "RunSpec",
    "WarmRunner",
]

API_VERSION = 2
"""Version of the `Buildpack` protocol. A pack of another version is refused when it is enabled."""


OPERATIONS = frozenset({"trace", "try", "observe", "repeat"})
"""The requests that a warm runner may support: `plan` and `end` go with `try`."""


class BuildpackError(Exception):
    """The pack cannot handle this repository; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How sure a pack is (0 to 1) that it can test this tree, and the signs it saw.

    `roots` are the folders that contain a project each; the empty path is the tree itself.
    """

    confidence: float
    reasons: tuple[str, ...] = ()
    roots: tuple[str, ...] = ("",)


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
class Choice:
    """Another environment for the same tree.

    `python` is as in `PlanOptions`; `as_of` is the date (ISO 8601) as of which packages are taken, empty for today.
    """

    python: str = ""
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Options of a plan: a test command (argv) instead of the pack's own, and extra environment variables.

    `packages` are the exact requirements of the environment, instead of the declared ones; `added` are further ones of
    Python projects. `version` is for builds that
    would otherwise derive one from the history. `python` is the interpreter of Python projects: a release (`3.9`) or an
    absolute path; it is empty if the pack chooses one. `date` is the day of the tree's commit (ISO 8601), empty if it
    is not known, and `as_of` the one after which no package may be from. `image` is the image that all steps run in,
    with its own tools; it is empty if they use this machine's. `tree` is the path of the planned tree in sandboxes.
    """

    test: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] | None = None
    added: tuple[str, ...] = ()
    version: str = ""
    python: str = ""
    date: str = ""
    as_of: str = ""
    image: str = ""
    tree: str = REPO


@dataclass(frozen=True, slots=True)
class BuildStep:
    """One command of the project's own build, with variables of its own."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How to make an environment and run the tests in it: pure, serialisable data.

    `requirements` are the declared ones, parsed and normalized: none of the repository's own text reaches a step with
    the network, which gets the user's `settings` of the package manager. `build` commands see the tree, the
    requirements at `/env` (read-only) and no network; they may write to `/project`. If one fails, the `fallback`
    commands are run instead: many tests can do without an installed project. `in_place` are variables for runs in which
    nothing is built because the tree is not where sandboxes have it. `test` is the command as the user would type it.
    `mounts` are needed by every step: interpreters and tools. `platform` identifies the platform: environments of
    different platforms are never shared. `own` are the names of the distributions that the build makes: tests do not
    see them at `/env`. `services` run beside the tests. `added` are those of `PlanOptions.added` that the pack took.
    Packages are resolved `as_of` a date, if it is not empty, and taken in the versions of `locked` (exact requirements
    of a lock file) where those can be had. `others` are tried in this order if a report says that the
    environment is why tests cannot be loaded (`SuiteReport.misfit`).
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
    added: tuple[str, ...] = ()
    as_of: str = ""
    locked: tuple[str, ...] = ()
    others: tuple[Choice, ...] = ()
    services: tuple[Service, ...] = ()
    settings: Settings = field(default_factory=Settings)
    in_place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Which tests to run (all if `ids` is empty), and their limits.

    One test may use `case_limit_s` seconds of CPU; once `hang_budget_s` seconds have gone to tests that reach their
    limit, the others get less. Tests in `limits` (by id, in CPU seconds) have limits of their own in any case. With
    `canaries`, tests that must fail are added. With `alone`, a test that shares a process with others is run once more
    in one of its own, if the pack can, and the worse outcome counts. Of the `watched` tests, the run says whether their
    assertions count (`SuiteReport.findings`), if the pack can; each has the lines of the tests' code that failed on the
    base, and a file stands for its tests. A run `elsewhere` is in other circumstances. `key` signs the results of the
    run.
    """

    ids: tuple[str, ...] = ()
    case_limit_s: float = 30.0
    hang_budget_s: float = 90.0
    canaries: bool = False
    alone: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    watched: Mapping[str, tuple[Frame, ...]] = field(default_factory=dict)
    elsewhere: bool = False
    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def job(self, **own: object) -> bytes:
        """The request as JSON, with what a pack adds, for the standard input of its driver: the key is in it."""
        shared = {
            "key": self.key.hex(),
            "ids": self.ids,
            "case_limit_s": self.case_limit_s,
            "hang_budget_s": self.hang_budget_s,
            "limits": dict(self.limits),
            "canaries": self.canaries,
            "alone": self.alone,
        }
        return json.dumps(shared | own).encode()


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One cold run, as data: argv, the mounts it needs, its standard input, and variables of its own.

    `wanted` is the suffix of the files that a runner leaves in `buildpacks.supplies.OUTPUTS`, if it writes its results
    to files; without it, that folder does not exist.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    stdin: bytes
    wanted: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the command of a cold run ended and what it wrote, and its wanted files by name."""

    command: CommandResult
    outputs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WarmRunner:
    """A long-lived runner that speaks the protocol of `buildpacks.warm` over its standard streams.

    It accepts candidates that edit or add files with these `suffixes`; all others are tried cold. `operations` are the
    requests out of `OPERATIONS` that it answers, besides the ones that go with them.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]
    suffixes: tuple[str, ...]
    operations: frozenset[str] = OPERATIONS


@dataclass(frozen=True, slots=True)
class AlteredTests:
    """Files of tests with other contents, in which one assertion of each of some tests asks for something else.

    `places` has the altered assertion of each such test, which is without parameters: every case of it must fail.
    """

    files: Mapping[str, bytes]
    places: Mapping[CaseId, Frame]


@runtime_checkable
class AltersTests(Protocol):
    """What a pack may offer besides: tests that honest code fails, see `AlteredTests`."""

    def altered(self, view: RepoView, cases: Sequence[CaseResult], key: bytes) -> AlteredTests:
        """Some of these tests of the tree, which all pass, altered as far as that is possible; `key` is a secret."""
        ...


class Buildpack(Protocol):
    """The knowledge of one language. `image` is the public image in which Docker sandboxes build and test its projects.

    A project goes to the surest of several packs for one `language` (in lower case: `python`).
    """

    name: str
    language: str
    image: str
    api_version: int

    def detect(self, view: RepoView) -> Detection:
        """How sure the pack is that it can test this tree."""
        ...

    def runs(self, view: RepoView, command: Sequence[str]) -> bool:
        """Whether a test command (argv) starts a runner whose results the pack reads."""
        ...

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """The plan for this tree. Raises `BuildpackError` if it cannot be tested as it stands."""
        ...

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """The environment with all requirements of the plan, without the project itself. Raises `SupplyError`.

        Unless it is for `building`, the index's distribution of the project itself is left out: its tools may require
        it, but its tests must run the code of the tree.
        """
        ...

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The command that runs these tests (all if `request.ids` is empty)."""
        ...

    def case_id(self, id: str) -> CaseId:
        """The parts of an id from a run of this pack."""
        ...

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        """The report of a cold run, whose output is hostile; `buildpacks.report` has the part common to all packs."""
        ...

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """Patterns (gitignore syntax) of files that no repair may touch: tests, runner configuration, lock files."""
        ...

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """The protected patterns that match tests: a user may allow edits of them, but not of the other ones."""
        ...

    def warm_runner(self, plan: BuildPlan) -> WarmRunner | None:
        """The warm runner that tries candidates quickly, if the language has one."""
        ...
