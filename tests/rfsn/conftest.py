"""A bench: a real project in a real environment, ready to run its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from rfsn.environment import prepare_environment
from rfsn.runs import Bench
from rfsn.source import take_files
from sandbox import SandboxProvider, choose


@pytest.fixture(scope="session")
def provider() -> Iterator[SandboxProvider]:
    provider = choose("auto")
    yield provider
    provider.close()


@pytest.fixture
def make_bench(tmp_path: Path, provider: SandboxProvider) -> Callable[..., Bench]:
    """A bench for the given files and test command."""

    def make(files: Mapping[str, str], *test: str) -> Bench:
        base, scratch = tmp_path / "base", tmp_path / "scratch"
        take_files(files, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), PythonBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        return Bench(base, view, prepare_environment(plan, base, provider), pack, plan, provider, scratch)

    return make
