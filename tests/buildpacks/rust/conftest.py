"""Real Rust projects in a sandbox. Without a toolchain the tests are skipped, unless RFSN_REQUIRE_TOOLCHAINS=1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.rust import RustBuildpack, toolchains
from buildpacks.view import FolderView
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider

MANIFEST = '[package]\nname = "thing"\nversion = "0.1.0"\nedition = "2021"\n'


@pytest.fixture(scope="session")
def toolchain() -> toolchains.Toolchain:
    found = toolchains.find("", "")
    if found is None:
        if os.environ.get("RFSN_REQUIRE_TOOLCHAINS") == "1":
            pytest.fail("there is no Rust toolchain here, and RFSN_REQUIRE_TOOLCHAINS=1")
        pytest.skip("no Rust toolchain here")
    return found


@pytest.fixture
def make_rust(
    tmp_path: Path, provider: SandboxProvider, toolchain: toolchains.Toolchain
) -> Iterator[Callable[..., Bench]]:
    """A bench, its environment made, for the given files and test command."""
    del toolchain
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str, name: str = "bench") -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files({"Cargo.toml": MANIFEST} | dict(files), "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), RustBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, Part("", pack), plan, provider, scratch)

    with held:
        yield make
