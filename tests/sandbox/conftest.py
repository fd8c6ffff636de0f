"""Real sandboxes. If one cannot run, its tests are skipped, unless RFSN_REQUIRE_SANDBOX=1 or RFSN_REQUIRE_DOCKER=1.

The Docker engine is the one that DOCKER_HOST names; its image is built by `scripts/docker-images skeleton`.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Command, Mount, SandboxSpec, SandboxUnavailable, choose
from sandbox.docker import DockerProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import CommandResult, Sandbox, SandboxProvider

PYTHON = str(Path(sys.executable).resolve())
INTERPRETER = () if sys.base_prefix == "/usr" else (Mount(Path(sys.base_prefix), sys.base_prefix),)


def provider_or_skip(name: str) -> SandboxProvider:
    try:
        if name == "docker":
            return DockerProvider("rfsn-test:skeleton", (Mount(Path("/usr"), "/usr"),))
        return choose(name)
    except SandboxUnavailable as error:
        if os.environ.get("RFSN_REQUIRE_DOCKER" if name == "docker" else "RFSN_REQUIRE_SANDBOX") == "1":
            raise
        pytest.skip(f"no {name} sandbox here: {error}")


class Box:
    """One open sandbox over a fresh workspace, with shortcuts to run things in it."""

    def __init__(self, provider: SandboxProvider, workspace: Path) -> None:
        self.provider = provider
        self.workspace = workspace
        self.spec = SandboxSpec(workspace=workspace, mounts=INTERPRETER)
        self.sandbox: Sandbox = provider.open(self.spec)

    def reopen(self, **changes: object) -> None:
        self.sandbox.close()
        self.spec = replace(self.spec, **changes)  # type: ignore[arg-type]
        self.sandbox = self.provider.open(self.spec)

    def sh(self, script: str, *arguments: str, timeout_s: float = 10) -> CommandResult:
        return self.sandbox.run(Command(("sh", "-c", script, "sh", *arguments), timeout_s))

    def python(self, code: str, *arguments: str, timeout_s: float = 10, stdin: bytes = b"") -> CommandResult:
        return self.sandbox.run(Command((PYTHON, "-Ic", code, *arguments), timeout_s, stdin=stdin))


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Iterator[Box]:
    yield from open_box("bubblewrap", tmp_path)


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Box]:
    yield from open_box("docker", tmp_path)


@pytest.fixture(params=["bubblewrap", "docker", "local"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    yield from open_box(request.param, tmp_path)


def open_box(name: str, folder: Path) -> Iterator[Box]:
    provider = provider_or_skip(name)
    workspace = folder / "workspace"
    workspace.mkdir()
    yield Box(provider, workspace)
    provider.close()


@pytest.fixture
def marker() -> str:
    """A number of seconds to sleep that no other process has in its arguments."""
    return f"600.{secrets.randbelow(10**12):012}"


@pytest.fixture
def survivors(marker: str) -> Callable[..., list[str]]:
    """Command lines on the host that contain the marker, once there are none or `wait_s` has passed."""

    def look(wait_s: float = 0.0) -> list[str]:
        deadline = time.monotonic() + wait_s
        while (lines := _containing(marker)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return lines

    return look


def _containing(marker: str) -> list[str]:
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes()
        except OSError:
            continue
        if marker.encode() in line:
            lines.append(line.decode(errors="replace"))
    return lines
