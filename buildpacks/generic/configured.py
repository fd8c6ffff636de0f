"""Packs that the user's settings change, or make of nothing but a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from buildpacks.api import (
    AlteredTests,
    AltersTests,
    Buildpack,
    BuildPlan,
    BuildStep,
    Detection,
    PlanOptions,
    RepoView,
    RunRequest,
    RunResult,
    RunSpec,
    WarmRunner,
)
from buildpacks.results import CaseId, CaseResult, SuiteReport
from buildpacks.supplies import Layer, Step, Supplies

__all__ = ["ConfiguredBuildpack", "PackSettings"]

_SURE = 0.95
"""Surer than any built-in pack: the user said it."""


@dataclass(frozen=True, slots=True)
class PackSettings:
    """What a user sets for a pack. One that is made of settings has no other base than `GenericBuildpack`.

    `files` are patterns of names by which a tree is recognized, `test` is the command (argv), `fetch` are commands that
    make `/env` with the network and without the tree, `build` commands that see the tree, may write to `/project` and
    have no network. `env` and `packages` are as in `PlanOptions`; `protect` are further protected patterns.
    """

    files: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    fetch: tuple[tuple[str, ...], ...] = ()
    build: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    protect: tuple[str, ...] = ()


class ConfiguredBuildpack:
    """A pack with the user's settings."""

    def __init__(self, pack: Buildpack, settings: PackSettings) -> None:
        """Of a configured command that the pack does not know it must know the exit code: see `GenericBuildpack`."""
        self._pack = pack
        self._settings = settings
        self.name, self.language, self.image = pack.name, pack.language, pack.image
        self.api_version = pack.api_version

    def detect(self, view: RepoView) -> Detection:
        """Sure if there is a file of the configured names, else what the pack says."""
        names = sorted({path.rpartition("/")[2] for path in view.files()})
        if signs := tuple(name for name in names if any(fnmatch(name, sign) for sign in self._settings.files)):
            return replace(self._pack.detect(view), confidence=_SURE, reasons=signs)
        return self._pack.detect(view)

    def runs(self, view: RepoView, command: Sequence[str]) -> bool:
        """The configured command, and those that the pack knows."""
        return tuple(command) == self._settings.test or self._pack.runs(view, command)

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """The plan of the pack with the settings; what the user gives for one session comes first."""
        settings = self._settings
        packages = settings.packages if options.packages is None else options.packages
        env = {**settings.env, **options.env}
        test = options.test or settings.test or None
        plan = self._pack.plan(view, replace(options, test=test, env=env, packages=packages))
        steps = tuple(BuildStep(argv, plan.env) for argv in settings.build)
        return replace(plan, build=(*plan.build, *steps))

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """What the configured commands fetch, else what the pack provides."""
        if not self._settings.fetch:
            return self._pack.provide(plan, supplies, building=building)
        return supplies.layer([Step(argv, dict(plan.env), network=True) for argv in self._settings.fetch])

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """As the pack says."""
        return self._pack.focus(plan, request)

    def case_id(self, id: str) -> CaseId:
        """As the pack says."""
        return self._pack.case_id(id)

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        """As the pack says."""
        return self._pack.parse(request, result)

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """What the pack protects, and what the settings add."""
        return (*self._pack.protected(view), *self._settings.protect)

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """As the pack says."""
        return self._pack.tests(view)

    def warm_runner(self, plan: BuildPlan) -> WarmRunner | None:
        """As the pack says."""
        return self._pack.warm_runner(plan)

    def altered(self, view: RepoView, cases: Sequence[CaseResult], key: bytes) -> AlteredTests:
        """As the pack says; none if it alters no tests."""
        return self._pack.altered(view, cases, key) if isinstance(self._pack, AltersTests) else AlteredTests({}, {})
