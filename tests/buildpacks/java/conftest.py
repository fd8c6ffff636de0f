"""Real Java projects in a sandbox. Without a JDK the tests are skipped, unless RFSN_REQUIRE_TOOLCHAINS=1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.java import JavaBuildpack, toolchains
from buildpacks.view import FolderView
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider

JUPITER = "<groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.10.2</version>"
JUNIT4 = "<groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version>"


def pom(*packages: str, artifact: str = "thing", more: str = "") -> str:
    dependencies = "".join(f"<dependency>{package}<scope>test</scope></dependency>" for package in packages)
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>example</groupId>"
        f"<artifactId>{artifact}</artifactId><version>1</version>{more}"
        "<properties><maven.compiler.release>17</maven.compiler.release></properties>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )


@pytest.fixture(scope="session")
def toolchain() -> toolchains.Jdk:
    found = toolchains.find_jdk(0)
    if found is None or toolchains.find_maven() is None:
        if os.environ.get("RFSN_REQUIRE_TOOLCHAINS") == "1":
            pytest.fail("there is no JDK or no Maven 3 here, and RFSN_REQUIRE_TOOLCHAINS=1")
        pytest.skip("no JDK or no Maven 3 here")
    return found


@pytest.fixture
def make_java(tmp_path: Path, provider: SandboxProvider, toolchain: toolchains.Jdk) -> Iterator[Callable[..., Bench]]:
    """A bench, its environment made, for the given files and test command."""
    del toolchain
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str, name: str = "bench") -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files(files, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), JavaBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, Part("", pack), plan, provider, scratch)

    with held:
        yield make
