"""The Perl buildpack. What it does with its tests is in `driver/cold.pl`, in the language's own words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from posixpath import basename

from buildpacks import (
    API_VERSION,
    BuildPlan,
    CaseId,
    Detection,
    Layer,
    PlanOptions,
    RepoView,
    RunRequest,
    RunResult,
    RunSpec,
    Step,
    SuiteReport,
    Supplies,
)
from buildpacks.report import Runner, report_of
from sandbox import CommandResult, Mount

__all__ = ["PerlBuildpack"]

_PERL = "/usr/bin/perl"
_DRIVER = Mount(Path(__file__).parent / "driver", "/rfsn/perl")
_NO_TESTS = 5
_TESTS = ("/t/", "/xt/")
_CONFIGURATION = ("Makefile.PL", "Build.PL", "cpanfile*", ".proverc", ".github/")


class PerlBuildpack:
    """Perl projects with tests in `t/`. Modules besides the core's come from the machine or the image."""

    name = "perl"
    language = "perl"
    image = "perl:5.40-slim-bookworm"
    api_version = API_VERSION

    def detect(self, view: RepoView) -> Detection:
        """Sure if there are tests in `t/`."""
        tests = tuple(path for path in view.files() if path.startswith("t/") and path.endswith(".t"))
        return Detection(0.9, tests[:3]) if tests else Detection(0.0)

    def runs(self, view: RepoView, command: Sequence[str]) -> bool:
        """`prove`, alone or with options of which the driver knows `-l`, `-I` and `-r`: it always does those."""
        return bool(command) and basename(command[0]) == "prove"

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        """No requirements and no build: Perl runs what is there."""
        perl = "perl" if options.image else _PERL
        return BuildPlan(
            pack=self.name,
            requirements=(),
            build=(),
            fallback=(),
            test=options.test or ("prove", "-lr", "t"),
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", **options.env},
            mounts=(_DRIVER,),
            platform=(f"api {API_VERSION}", options.image, perl),
            description="Perl of the image" if options.image else f"Perl ({perl})",
        )

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        """An empty environment. A pack with requirements has steps with the network here, which see no source."""
        return supplies.layer([Step(("true",))])

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        """The driver, which gets everything from standard input: there is no argument that a test could read."""
        job = {
            "key": request.key.hex(),
            "ids": request.ids,
            "limit": request.case_limit_s,
            "limits": dict(request.limits),
            "canaries": request.canaries,
            "paths": [word for word in plan.test[1:] if not word.startswith("-")],
        }
        return RunSpec((plan.platform[-1], f"{_DRIVER.target}/cold.pl"), (), json.dumps(job).encode())

    def case_id(self, id: str) -> CaseId:
        """`t/file.t::what a test says`; a file that dies stands for itself."""
        file, _, name = id.partition("::")
        return CaseId(file, (), name)

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        """The cases that the driver signed."""
        return report_of(request, result, Runner("prove", self.case_id, _error, _first_line, _NO_TESTS))

    def protected(self, view: RepoView) -> tuple[str, ...]:
        """The tests, and what builds and runs them."""
        return (*_TESTS, *_CONFIGURATION)

    def tests(self, view: RepoView) -> tuple[str, ...]:
        """The folders of tests."""
        return _TESTS

    def warm_runner(self, plan: BuildPlan) -> None:
        """None: each candidate is tried cold."""
        return


def _error(result: CommandResult) -> str:
    lines = result.stderr.decode(errors="replace").splitlines()
    return next((line for line in lines if " line " in line), "")


def _first_line(message: str) -> str:
    return message.partition("\n")[0]
