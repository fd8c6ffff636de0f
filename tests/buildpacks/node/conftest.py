"""Real Node. Without it the tests are skipped, unless RFSN_REQUIRE_TOOLCHAINS=1."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.node import NodeBuildpack, interpreters
from buildpacks.view import FolderView
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider

REQUIRED = os.environ.get("RFSN_REQUIRE_TOOLCHAINS") == "1"


@pytest.fixture
def node() -> Path:
    """The executable of Node."""
    found = interpreters.find(None)
    if found is None:
        assert not REQUIRED, "RFSN_REQUIRE_TOOLCHAINS=1, and there is no Node"
        pytest.skip("no Node here (20 or later)")
    return found.executable


@pytest.fixture
def node_bench(tmp_path: Path, provider: SandboxProvider, node: Path) -> Iterator[Callable[..., Bench]]:
    """A bench for the given files and test command, with their packages."""
    assert node.is_file()
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str, name: str = "bench") -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files(files, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), NodeBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, Part("", pack), plan, provider, scratch)

    with held:
        yield make
