""".NET through the command line, with the stand-in for its SDK and without any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildpacks.dotnet import DotnetBuildpack
from buildpacks.dotnet.conformance import CONFORMANCE
from buildpacks.dotnet.toolchains import Wanted, find
from rfsn.conformance import conform
from sandbox import SandboxProvider

Make = Callable[..., Path]
Rfsn = Callable[..., Any]
HALL = "src/Seating/Hall.cs"
FAULT, REPAIR = "free + 1 : free;", "free + 1 : 0;"
TEST = "tests/Seating.Tests/HallTests.cs::Seating.Tests.HallTests::Seats_that_are_left_over_are_no_gap"


@pytest.fixture
def example(project: Make, examples: Path) -> Path:
    folder = examples / "dotnet"
    return project({str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()})


@pytest.fixture
def sdk(stand_in: Path) -> Mapping[str, str]:
    return {"DOTNET_ROOT": str(stand_in)}


@pytest.mark.skipif(find(Wanted((8, 0))) is not None, reason="an SDK is here")
def test_without_an_sdk_one_line_says_so(rfsn: Rfsn, example: Path) -> None:
    for ran in (rfsn("buildpacks", "check", "dotnet"), rfsn("buildpacks", "plan", example)):
        assert ran.code == 2
        assert ran.err.strip().endswith(
            "no .NET SDK here is 8.0 or later, as the project asks: install one, or set DOTNET_ROOT"
        )


@pytest.mark.thorough
def test_the_search_says_that_it_knows_no_dotnet(rfsn: Rfsn, example: Path, sdk: Mapping[str, str]) -> None:
    ran = rfsn("repair", example, "--planner", "search", "--json", env=sdk)
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert ran.json["reason"].startswith("the search knows no .NET yet: name a model")
    assert ran.json["tests"]["failing"] == [TEST]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        (FAULT, REPAIR, "repaired", ""),
        pytest.param("return -1;", "return 0;", "not_repaired", "no longer do: ", marks=pytest.mark.thorough),
        pytest.param(FAULT, "free + 1 : none;", "not_repaired", f"{HALL}:", marks=pytest.mark.thorough),
    ],
)
def test_patches_are_judged(
    old: str,
    new: str,
    status: str,
    said: str,
    example: Path,
    diff: Callable[..., Path],
    rfsn: Rfsn,
    sdk: Mapping[str, str],
) -> None:
    ran = rfsn("judge", diff(HALL, old, new), "--repo", example, "--json", env=sdk)
    assert ran.json["status"] == status, ran.json["reason"]
    assert said in ran.json["reason"]


@pytest.mark.parametrize("path", ["tests/Seating.Tests/HallTests.cs", "src/Seating/Seating.csproj", "Seating.sln"])
def test_an_edit_to_tests_or_the_build_is_denied(
    path: str, example: Path, diff: Callable[..., Path], rfsn: Rfsn, sdk: Mapping[str, str]
) -> None:
    ran = rfsn("judge", diff(path, "\n", "\n\n"), "--repo", example, "--json", env=sdk)
    assert (ran.json["status"], ran.code) == ("denied", 1)
    assert "tamper.protected" in ran.out


def test_an_exit_is_denied(example: Path, diff: Callable[..., Path], rfsn: Rfsn, sdk: Mapping[str, str]) -> None:
    exits = diff(HALL, "int free = 0;", "int free = 0; System.Environment.Exit(0);")
    ran = rfsn("judge", exits, "--repo", example, "--json", env=sdk)
    assert (ran.json["status"], "System.Environment.Exit" in ran.out) == ("denied", True)


@pytest.mark.thorough
def test_it_conforms(stand_in: Path, provider: SandboxProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTNET_ROOT", str(stand_in))
    assert provider.name
    problems = [f"{check.name}: {check.problem}" for check in conform(DotnetBuildpack(), CONFORMANCE) if check.problem]
    assert problems == []
