"""Requests to a sandbox and their results: plain data and narrow protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

__all__ = [
    "ENV",
    "HOST",
    "REPO",
    "Command",
    "CommandResult",
    "Ending",
    "Limits",
    "Mount",
    "Process",
    "Sandbox",
    "SandboxProvider",
    "SandboxSpec",
    "Service",
]

REPO = "/repo"
"""Where every backend mounts the workspace."""

ENV = "/env"
"""Where every backend mounts the language environment."""

HOST = "sandbox"
"""The name of the machine in a sandbox, unless it is to have another one."""


class Ending(StrEnum):
    """How a command ended; only `EXITED` says something about the command itself."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    OOM = "oom"
    OUTPUT_LIMIT = "output_limit"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, slots=True)
class Command:
    """One command to run at `/repo` inside a sandbox.

    `timeout_s` is wall-clock seconds, after which the whole process tree is killed. `env` is added to the
    sandbox's own small environment; nothing is inherited from the controller. `stdout_bytes`, unless it is 0, replaces
    the limit on stdout.
    """

    argv: tuple[str, ...]
    timeout_s: float
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    stdout_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command. `exit_code` is None unless it exited; a signal N is shown as 128 + N.

    `stdout` and `stderr` hold at most the limit: head and tail around a marker line. `cpu_s` is the CPU time (user and
    system, in seconds) of the whole process tree if the backend can tell, else 0; processes that had to be killed do
    not count.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    duration_s: float
    cpu_s: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class Mount:
    """A host path that is visible at `target` inside the sandbox; read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A program that runs beside a sandbox, such as a database; inside, it is reachable by its name and as localhost.

    `command` replaces the image's own. The service is ready once the command `ready` succeeds in its container, within
    `timeout_s` seconds; without such a command, once it runs.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ready: tuple[str, ...] = ()
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of everything that runs in one sandbox.

    `output_bytes` caps what is kept of stdout and of stderr each; writing ten times as much ends the command with
    `Ending.OUTPUT_LIMIT`. So does writing more than `disk_bytes` to the workspace and the writable mounts together,
    unless a file system of that size contains them (see `scratch_folder`).
    """

    memory_bytes: int = 4 << 30
    processes: int = 512
    file_bytes: int = 1 << 30
    disk_bytes: int = 2 << 30
    open_files: int = 4096
    output_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What to open: the tree at `/repo`, the environment at `/env`, further mounts, limits, and no network.

    `workspace` is a host folder that the sandbox may write to unless `read_only`. If the provider supports `overlays`,
    it may be an overlay on the trees `lower` (lowest first), which stay as they are: it then receives what is written.
    `network` shares the host's network and its name resolution; only the step that fetches an environment uses it.
    `services` run beside the sandbox while it is open, and share its network; only Docker supports them. Commands
    start in the folder `cwd`, on a machine of the name `host`.
    """

    workspace: Path
    environment: Path | None = None
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    read_only: bool = False
    lower: tuple[Path, ...] = ()
    services: tuple[Service, ...] = ()
    cwd: str = REPO
    host: str = HOST


class Process(Protocol):
    """A lasting process inside a sandbox, which communicates over pipes (unbuffered binary)."""

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe into the process; a write to a dead one raises `BrokenPipeError`."""
        ...

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe out of the process; it reaches its end once the process is dead."""
        ...

    def kill(self) -> CommandResult:
        """End the whole process tree now, and return its exit code, the tail of stderr and the CPU time.

        `stdout` of the result is empty, because it went through the pipe. Calling it again returns the same result.
        """
        ...


class Sandbox(Protocol):
    """An open sandbox. `close` ends every process in it and is safe to call twice."""

    def run(self, command: Command) -> CommandResult:
        """Run a command to its end. A failing command is a result; so is a sandbox that broke (`Ending.INFRA_ERROR`).

        Raises `SandboxFailed` only if the sandbox is closed.
        """
        ...

    def spawn(self, command: Command) -> Process:
        """Start a process with pipes; `timeout_s` limits its whole lifetime, and `stdin` is not used.

        Raises `SandboxFailed` if the sandbox cannot be set up or is closed.
        """
        ...

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """The regular file at the `/`-separated `path` beneath `/repo`, at most `limit` bytes of it.

        Raises `UnsafePath` if the path leaves the tree, crosses a symlink or is not a regular file, and
        `FileNotFoundError` if it does not exist.
        """
        ...

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Write a regular file beneath `/repo`, creating folders as needed; refuses the same paths as `read`."""
        ...

    def close(self) -> None:
        """End every process; a command still running in another thread ends with `Ending.INFRA_ERROR`."""
        ...


class SandboxProvider(Protocol):
    """One way to create sandboxes."""

    @property
    def name(self) -> str:
        """The name that users choose it by."""
        ...

    @property
    def sees_mounts(self) -> bool:
        """Whether its sandboxes see the controller's mounts (see `scratch_folder`)."""
        ...

    def overlays(self, folder: Path) -> bool:
        """Whether a workspace in `folder` may be an overlay on other trees (see `SandboxSpec.lower`)."""
        ...

    def open(self, spec: SandboxSpec) -> Sandbox:
        """A sandbox for `spec`; a missing mount is reported when the first command runs.

        Raises `SandboxUnavailable` if `spec` asks for services and the provider does not support them.
        """
        ...

    def close(self) -> None:
        """Close all open sandboxes, and release the provider's own resources (threads, connections)."""
        ...
