"""What tests share: a real command line, small real projects, one home for the environments that they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from buildpacks import Buildpack, PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from rfsn.machine.log import log
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from sandbox import SandboxProvider, SandboxUnavailable, choose
from sandbox.docker import DockerProvider
from tests.forking import Forks

# How long an example takes says nothing on a busy machine.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(sys.executable).with_name("rfsn")
HOME = "rfsn-home"


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert self.out, f"nothing on standard output, exit code {self.code}: {self.err[-2000:]}"
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


# Modules whose tests look at one session, which is to be made in one process of xdist alone.
SHARING = (
    "tests/rfsn/test_audit.py",
    "tests/rfsn/test_judge.py",
    "tests/rfsn/test_memory.py",
    "tests/rfsn/test_page.py",
    "tests/rfsn/test_survival.py",
    "tests/security/test_sessions_of_others.py",
    "tests/security/test_text.py",
)


class Together(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Tests that look at all containers or mounts of the machine run one after the other, as do those that share.

    All others run as they come.
    """

    def _split_scope(self, nodeid: str) -> str:
        if any(name in nodeid for name in ("docker", "in_containers", "test_leftovers", "test_removal")):
            return "machine"
        module = nodeid.partition("::")[0]
        return module if module in SHARING else nodeid


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a `sample`, the cases beyond the first are thorough tests.

    Slow tests come first, so that no process has a long one left when the others are done.
    """
    seen: Counter[str] = Counter()
    for item in items:
        sample = item.get_closest_marker("sample")
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        if sample is not None and seen[name] > sample.args[0]:
            item.add_marker(pytest.mark.thorough)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


@pytest.fixture(scope="session")
def home(request: pytest.FixtureRequest) -> Path:
    """One `RFSN_HOME` for all tests in all processes of xdist, so that environments are made once."""
    home = run_folder(request.config) / HOME
    home.mkdir(exist_ok=True)
    return home


def run_folder(config: pytest.Config) -> Path:
    """The temporary folder of this run of the tests; each process of xdist has its own within it."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return base.parent if hasattr(config, "workerinput") else base


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    """The environment of commands: the developer's own rfsn settings play no part, and no test learns from another."""
    return environment_with(home)


def environment_with(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RFSN_")}
    return kept | {"RFSN_HOME": str(home), "RFSN_MEMORY": "false", "RFSN_WORKERS": "1"}


@pytest.fixture
def private_home(home: Path, tmp_path: Path) -> Path:
    """An `RFSN_HOME` of the test's own, with the environments and downloads of all."""
    own = tmp_path / "private-home"
    (own / "cache").mkdir(parents=True)
    for part in ("environments", "projects", "downloads"):
        (home / "cache" / part).mkdir(parents=True, exist_ok=True)
        (own / "cache" / part).symlink_to(home / "cache" / part)
    return own


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in the test's own process uses the same home."""
    for name in [name for name in os.environ if name.startswith("RFSN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RFSN_HOME", str(home))
    monkeypatch.setattr(log, "stream", None)  # a command in the test's own process leaves one that is closed


@pytest.fixture(scope="session")
def script() -> Path:
    """The console script of the environment that runs the tests."""
    return SCRIPT


@pytest.fixture(scope="session")
def rfsn(environment: dict[str, str], script: Path) -> Iterator[Callable[..., Ran]]:
    """Run the command line."""

    def run(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
        variables = {name: value for name, value in (env or {}).items() if environment.get(name) != value}
        done = forks.run([*map(os.fsdecode, arguments)], cwd or ROOT, variables) if forks.can(variables) else None
        done = done or subprocess.run(
            [script, *arguments],
            cwd=cwd or ROOT,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    with Forks(environment) as forks:
        yield run


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After all tests: what killed controllers left can be pruned, and then there is nothing of ours."""
    if hasattr(session.config, "workerinput") or not (run_folder(session.config) / HOME).is_dir():
        return
    if found := left_behind(run_folder(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        sys.stderr.write("\n".join(("", "left behind by the tests:", *found, "")))


def left_behind(folder: Path) -> list[str]:
    """What is there of the tests in this folder after leftovers were pruned, or of what pruning does not end with."""
    prune: list[str | Path] = [SCRIPT, "sandbox", "prune"]
    for _ in range(4):
        said = subprocess.run(prune, env=environment_with(folder / HOME), capture_output=True, text=True, check=False)
        if said.stdout == "nothing was left behind\n":
            break
    else:
        return [said.stdout + said.stderr]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [*running(str(folder)), *(line for line in mounts if str(folder) in line)]


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
        return committed(files, tmp_path / name)

    return make


def committed(files: Mapping[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    run_git("init", "--quiet", "--initial-branch=main", cwd=folder)
    run_git("add", "--all", cwd=folder)
    run_git("commit", "--quiet", "--allow-empty", "--message", "start", cwd=folder)
    return folder


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
    return running


def running(marker: str) -> list[str]:
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


@pytest.fixture(scope="session")
def provider() -> Iterator[SandboxProvider]:
    provider = choose("auto")
    yield provider
    provider.close()


@pytest.fixture
def make_bench(tmp_path: Path, provider: SandboxProvider) -> Iterator[Callable[..., Bench]]:
    """A bench, its environment made, for the given files and test command.

    Of Python, unless another `pack` is given; `also` are files that are there unless others of the name are given.
    """
    held = ExitStack()

    def make(
        files: Mapping[str, str],
        *test: str,
        name: str = "bench",
        pack: Buildpack | None = None,
        also: Mapping[str, str] | None = None,
        options: PlanOptions | None = None,
    ) -> Bench:
        base, scratch = tmp_path / name / "base", tmp_path / name / "scratch"
        take_files({**(also or {}), **files}, "a test", base)
        scratch.mkdir()
        view, pack = FolderView(base), pack or PythonBuildpack()
        plan = pack.plan(view, options or PlanOptions(test or None))
        environment = held.enter_context(prepared_environment(pack, plan, base, provider))
        return Bench(base, view, environment, Part("", pack), plan, provider, scratch)

    with held:
        yield make
