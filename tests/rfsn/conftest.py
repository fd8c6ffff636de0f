"""A bench: a real project in a real environment, ready to run its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from buildpacks import PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from rfsn.environment import prepared_environment
from rfsn.runs import Bench
from rfsn.snapshot import take_files
from sandbox import SandboxProvider, choose


@pytest.fixture(scope="session")
def provider() -> Iterator[SandboxProvider]:
    provider = choose("auto")
    yield provider
    provider.close()


@pytest.fixture
def make_bench(tmp_path: Path, provider: SandboxProvider) -> Iterator[Callable[..., Bench]]:
    """A bench for the given files and test command."""
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str) -> Bench:
        base, scratch = tmp_path / "base", tmp_path / "scratch"
        take_files(files, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), PythonBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(plan, base, provider))
        return Bench(base, view, environment, pack, plan, provider, scratch)

    with held:
        yield make
