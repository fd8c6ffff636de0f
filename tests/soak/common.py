"""What the parts of the soak share: small projects, runs of the command line, and what must never be left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

__all__ = ["FILES", "PARALLEL", "Lane", "Ran", "git_project", "in_lanes", "outcome", "settled"]

RFSN = str(Path(sys.executable).with_name("rfsn"))
PARALLEL = 2
_SETTLES_S = 20.0
_LIMIT_S = 300.0

FILES = {
    "stock.py": "def price(prices, name, amount):\n    each = prices[name]\n    return each * amount\n",
    "test_stock.py": (
        "from stock import price\n\n\n"
        "def test_known():\n    assert price({'pen': 2}, 'pen', 3) == 6\n\n\n"
        "def test_unknown():\n    assert price({'pen': 2}, 'ink', 3) == 0\n"
    ),
}
"""A project that is repaired in two or three seconds."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The object on stdout; empty where there is none."""
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Lane:
    """A folder with an `RFSN_HOME` of its own, in which one trial runs after another."""

    folder: Path

    @property
    def home(self) -> Path:
        """Its `RFSN_HOME`."""
        return self.folder / "home"

    @property
    def environments(self) -> Path:
        """Its cache of environments."""
        return self.home / "cache" / "environments"

    def variables(self) -> dict[str, str]:
        """The environment of its commands: the developer's own settings play no part."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RFSN_")}
        (self.folder / "tmp").mkdir(exist_ok=True)
        return kept | {"RFSN_HOME": str(self.home), "TMPDIR": str(self.folder / "tmp")}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command of rfsn."""
        return subprocess.Popen(
            [RFSN, *map(str, arguments)],
            env=self.variables(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rfsn(self, *arguments: str | Path) -> Ran:
        """Run a command of rfsn to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=_LIMIT_S)
        return Ran(process.returncode, out, err)

    def left_behind(self) -> list[str]:
        """What no ended command may leave: temporary and half-made files, workspaces, mounts, processes."""
        patterns = ("**/.*.making", "**/.*.partial", "**/scratch", "**/base.partial", "**/base.git")
        found = [str(path) for pattern in patterns for path in self.folder.glob(pattern)]
        found += [str(path) for path in (self.folder / "tmp").iterdir()]
        found += [str(path) for path in self.environments.glob("*.partial")]
        found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{self.folder}/" in line]
        return found + self.processes()

    def processes(self) -> list[str]:
        """The processes that have this folder in their command lines."""
        return [line for line in _command_lines() if f"{self.folder}/" in line]


def settled(look: Callable[[], list[str]]) -> list[str]:
    """What `look` still finds once it has had some time to find nothing."""
    deadline = time.monotonic() + _SETTLES_S
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def outcome(report: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same however often a session was killed."""
    return tuple(report.get(key) for key in ("status", "patch", "candidates", "outcomes", "steps"))


def in_lanes(trial: Callable[[Lane, int], list[str]], count: int, prepare: Callable[[Lane], None]) -> list[str]:
    """The problems of trials, each with its number, some lanes side by side; stderr has them as they are found."""
    lanes: SimpleQueue[Lane] = SimpleQueue()

    def run(number: int) -> list[str]:
        lane = lanes.get()
        try:
            found = [f"trial {number}: {problem}" for problem in trial(lane, number)]
        finally:
            lanes.put(lane)
        sys.stderr.write("".join(f"{line}\n" for line in found or [f"trial {number}: as it should"]))
        return found

    with _folders(min(PARALLEL, count)) as folders, ThreadPoolExecutor(PARALLEL) as pool:
        made = [Lane(folder) for folder in folders]
        for _ in pool.map(prepare, made):
            pass
        for lane in made:
            lanes.put(lane)
        return [problem for found in pool.map(run, range(count)) for problem in found]


def git_project(folder: Path, files: dict[str, str]) -> Path:
    """A new git repository with these files in one commit."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    identity = ("-c", "user.name=soak", "-c", "user.email=soak@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "start")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


@contextmanager
def _folders(count: int) -> Iterator[Sequence[Path]]:
    top = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        folders = [top / f"lane-{number}" for number in range(count)]
        for folder in folders:
            folder.mkdir()
        yield folders
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _command_lines() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
