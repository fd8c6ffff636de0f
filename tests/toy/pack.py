"""The buildpack of the toy language: its runner is `runner/runner.py`, in the interpreter that the tests run in."""

# ruff: noqa: ARG002 - the protocol has more arguments than a language this small needs
from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

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
    WarmRunner,
)
from buildpacks.report import Runner, report_of
from sandbox import CommandResult, Mount

_PYTHON = Path(sys.base_prefix, "bin", "python3")
_RUNNER = Mount(Path(__file__).parent / "runner", "/toy")
_COMMAND = (str(_PYTHON), "-I", "-S", "/toy/runner.py")
_NO_TESTS = 9


def case_id(id: str) -> CaseId:
    """`checks/total.sums > total`."""
    file, _, name = id.partition(" > ")
    return CaseId(file, (), name)


def error(result: CommandResult) -> str:
    lines = result.stderr.decode(errors="replace").splitlines()
    return next((line for line in lines if "Error" in line), "")


class SumsBuildpack:
    name = "sums"
    language = "sums"
    image = ""
    api_version = API_VERSION

    def detect(self, view: RepoView) -> Detection:
        return Detection(0.9 if any(path.startswith("checks/") for path in view.files()) else 0.0)

    def runs(self, view: RepoView, command: Sequence[str]) -> bool:
        return tuple(command[:2]) == ("sums", "check")

    def plan(self, view: RepoView, options: PlanOptions) -> BuildPlan:
        mounts = (Mount(Path(sys.base_prefix), sys.base_prefix),)
        test = options.test or ("sums", "check")
        return BuildPlan(self.name, (), (), (), test, options.env, mounts, ("sums", str(_PYTHON)), "sums")

    def provide(self, plan: BuildPlan, supplies: Supplies, *, building: bool) -> Layer:
        return supplies.layer([Step((str(_PYTHON), "-I", "-S", "-c", "pass"))])

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        asked = {"key": request.key.hex(), "canaries": request.canaries, "ids": request.ids}
        return RunSpec((*_COMMAND, "cold"), (_RUNNER,), json.dumps(asked).encode())

    def case_id(self, id: str) -> CaseId:
        return case_id(id)

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        return report_of(request, result, Runner("sums", case_id, error, str, _NO_TESTS))

    def protected(self, view: RepoView) -> tuple[str, ...]:
        return self.tests(view)

    def tests(self, view: RepoView) -> tuple[str, ...]:
        return ("/checks/",)

    def warm_runner(self, plan: BuildPlan) -> WarmRunner:
        return WarmRunner((*_COMMAND, "warm"), (_RUNNER,), (".sums",), frozenset({"trace", "try"}))
