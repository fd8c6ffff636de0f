"""What tests share: a real command line, small real projects, one home for the environments that they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from buildpacks import PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from rfsn.project.environment import prepared_environment
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider, SandboxUnavailable, choose
from sandbox.docker import DockerProvider

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


class OneEngine(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Tests with a Docker engine look at all its containers, so they run one after the other; others as they come."""

    def _split_scope(self, nodeid: str) -> str:
        return "docker" if "docker" in nodeid or "in_containers" in nodeid else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneEngine:
    return OneEngine(config, log)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One `RFSN_HOME` for all tests, so that environments are made once."""
    return tmp_path_factory.mktemp("rfsn-home")


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    """The environment of commands: the developer's own rfsn settings play no part, and no test learns from another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RFSN_")}
    return kept | {"RFSN_HOME": str(home), "RFSN_MEMORY": "false"}


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in the test's own process uses the same home."""
    for name in [name for name in os.environ if name.startswith("RFSN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RFSN_HOME", str(home))


@pytest.fixture(scope="session")
def script() -> Path:
    """The console script of the environment that runs the tests."""
    return Path(sys.executable).with_name("rfsn")


@pytest.fixture(scope="session")
def rfsn(environment: dict[str, str], script: Path) -> Callable[..., Ran]:
    """Run the command line."""

    def run(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [script, *arguments],
            cwd=cwd or ROOT,
            env=environment | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left(
    rfsn: Callable[..., Ran], processes: Callable[[str], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """After all tests: whatever killed controllers left can be pruned, and then there is nothing of ours."""
    yield
    # Tests that run beside these in another process kill controllers too, and what those leave is pruned here as well.
    said = [rfsn("sandbox", "prune").out for _ in range(4)]
    assert "nothing was left behind\n" in said[1:], said
    folder = str(tmp_path_factory.getbasetemp())
    assert processes(folder) == []
    assert folder not in Path("/proc/self/mountinfo").read_text()


@pytest.fixture(scope="session")
def image() -> str:
    """An image with an interpreter of its own, made by `scripts/docker-images debian`."""
    named = "rfsn-test:debian"
    try:
        DockerProvider(named).close()
    except SandboxUnavailable as error:
        if os.environ.get("RFSN_REQUIRE_DOCKER") == "1":
            raise
        pytest.skip(f"no Docker sandbox here: {error}")
    return named


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Make a git repository of the given files, committed."""

    def make(files: Mapping[str, str], name: str = "project") -> Path:
        folder = tmp_path / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        run_git("init", "--quiet", "--initial-branch=main", cwd=folder)
        run_git("add", "--all", cwd=folder)
        run_git("commit", "--quiet", "--allow-empty", "--message", "start", cwd=folder)
        return folder

    return make


def run_git(*arguments: str, cwd: Path) -> str:
    cwd.mkdir(parents=True, exist_ok=True)
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    done = subprocess.run(["git", *identity, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder."""
    return run_git


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture(scope="session")
def processes() -> Callable[[str], list[str]]:
    """The command lines of other running processes that contain a text."""

    def find(marker: str) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if marker in line:
                found.append(line)
        return found

    return find


@pytest.fixture(scope="session")
def provider() -> Iterator[SandboxProvider]:
    provider = choose("auto")
    yield provider
    provider.close()


@pytest.fixture
def make_bench(tmp_path: Path, provider: SandboxProvider) -> Iterator[Callable[..., Bench]]:
    """A bench, its environment made, for the given files and test command."""
    held = ExitStack()

    def make(files: Mapping[str, str], *test: str, name: str = "bench") -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files(files, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), PythonBuildpack()
        plan = pack.plan(view, PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, pack, plan, provider, scratch)

    with held:
        yield make
