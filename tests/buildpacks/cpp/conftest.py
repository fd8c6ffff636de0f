"""Real projects in a sandbox. Without the tools the tests are skipped, unless RFSN_REQUIRE_TOOLCHAINS=1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.cpp import CppBuildpack, toolchain
from buildpacks.cpp.commands import TestCommand
from buildpacks.view import FolderView
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider


@pytest.fixture(scope="session")
def tools() -> None:
    """The compilers, make and CMake."""
    lacking = toolchain.missing(TestCommand("ctest")) or toolchain.missing(TestCommand("command", label="make test"))
    if lacking and os.environ.get("RFSN_REQUIRE_TOOLCHAINS") == "1":
        pytest.fail(f"{lacking}, and RFSN_REQUIRE_TOOLCHAINS=1")
    if lacking:
        pytest.skip(lacking)


@pytest.fixture
def make_cpp(tmp_path: Path, provider: SandboxProvider, tools: None) -> Iterator[Callable[..., Bench]]:
    """A bench, its environment made, for the given files and test command."""
    del tools
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str, name: str = "bench") -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files(dict(files), "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), CppBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, Part("", pack), plan, provider, scratch)

    with held:
        yield make
