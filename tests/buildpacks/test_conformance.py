"""Every pack keeps the contract, on a project of its own with its real toolchain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from buildpacks import CaseId, CaseResult, Outcome, RepoView, RunRequest, RunResult, SuiteReport
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from rfsn.config import Config
from rfsn.conformance import conform
from rfsn.plugins import buildpack_entries, load_conformance
from rfsn.project.packs import detect_buildpacks, load_pack
from rfsn.project.parts import find_parts
from rfsn.source.snapshot import take_files
from sandbox import SandboxProvider
from tests.toolchains import needs_tools

P = Outcome.PASSED
TOOLS = {"cpp": ("g++", "cmake"), "go": ("go",), "java": ("javac", "mvn"), "node": ("node", "npm"), "rust": ("cargo",)}
MARKS = dict.fromkeys(("cpp", "go", "java", "python", "rust"), pytest.mark.thorough)
"""Those that take half a minute and more; CI tries their examples, see `tests/rfsn/test_buildpacks.py`."""

PACKS = ["cpp", "go", "java", "node", "python", "rust"]


def problems(name: str, config: Config) -> list[str]:
    (entry,) = [entry for entry in buildpack_entries() if entry.name == name]
    checks = conform(load_pack(entry), load_conformance(name), config)
    return [f"{check.name}: {check.problem}" for check in checks if check.problem]


def test_every_pack_is_tried() -> None:
    """That of .NET with a stand-in for its SDK, see `tests/buildpacks/dotnet`."""
    assert sorted(entry.name for entry in buildpack_entries()) == sorted([*PACKS, "dotnet", "generic"])


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in PACKS])
def test_it_conforms(name: str, provider: SandboxProvider) -> None:
    needs_tools(*TOOLS.get(name, ()))
    assert provider.name
    assert problems(name, Config()) == []


@pytest.mark.parametrize("name", PACKS)
def test_a_tree_goes_to_the_pack_that_it_is_for(name: str, tmp_path: Path) -> None:
    """Packs whose files are not there are not even imported: none may be missed for that."""
    take_files(load_conformance(name).files, "a test", tmp_path / "base")
    view = FolderView(tmp_path / "base")
    assert detect_buildpacks(view, {})[0][0].name == name
    assert [(part.root, part.pack.name) for part in find_parts(view)] == [("", name)]


class ProtectsAll(PythonBuildpack):
    """It protects everything, so that nothing can be repaired."""

    def protected(self, view: RepoView) -> tuple[str, ...]:
        return (*super().protected(view), "*")


class MakesUpCanaries(PythonBuildpack):
    """It adds no test that must fail, and says that one did."""

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        made_up = CaseResult("canary", Outcome.FAILED, parsed=CaseId(name="canary"))
        return replace(super().parse(request, result), canaries=(made_up,) if request.canaries else ())


class Believes(PythonBuildpack):
    """It believes what the code under test says of a test."""

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        report = super().parse(request, result)
        cases = (replace(case, outcome=P) if "1 passed" in case.message else case for case in report.cases)
        return replace(report, cases=tuple(cases), exit_code=int(request.canaries))


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "check", "problem"),
    [
        (ProtectsAll, "a repair", "the gate denies the honest repair"),
        (MakesUpCanaries, "tests that must fail", "have the same names in every run: canary"),
        (Believes, "forged results: it says so", "the verdict accepts it"),
    ],
)
def test_a_wrong_pack_does_not_conform(
    make: Callable[[], PythonBuildpack], check: str, problem: str, provider: SandboxProvider
) -> None:
    assert provider.name
    told = load_conformance("python")
    says = {"least.py": told.files["least.py"].replace("b):\n", "b):\n    raise ValueError('1 passed')\n", 1)}
    found = next(one for one in conform(make(), replace(told, forgeries={"it says so": says})) if one.name == check)
    assert problem in found.problem
