"""What a sandbox is asked and what it answers: plain data and two narrow protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

__all__ = [
    "ENV",
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


class Ending(StrEnum):
    """How a command ended; only `EXITED` says anything about the command itself."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    OOM = "oom"
    OUTPUT_LIMIT = "output_limit"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, slots=True)
class Command:
    """One command to run at `/repo` inside a sandbox.

    `timeout_s` is wall-clock seconds, after which the whole process tree is killed. `env` is added to the
    sandbox's own small environment; nothing is inherited from the controller. `stdout_bytes`, where it is not 0, takes
    the place of the limit on stdout.
    """

    argv: tuple[str, ...]
    timeout_s: float
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    stdout_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command. `exit_code` is None unless it exited; a signal's number N is shown as 128 + N.

    `stdout` and `stderr` hold at most the limit, head and tail kept around a marker line. `cpu_s` is the CPU time
    (user and system, seconds) of the whole process tree where the backend can tell, else 0; processes that had to be
    killed do not count.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    duration_s: float
    cpu_s: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class Mount:
    """A host path made visible inside at `target`; read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A program that runs beside a sandbox, a database for example: reached from inside by its name, as by localhost.

    `command` takes the place of the image's own. It is ready once the command `ready` succeeds in its container, which
    may take `timeout_s` seconds; without one, once it runs.
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

    `output_bytes` caps what is kept of stdout and of stderr each; ten times as much written ends the command with
    `Ending.OUTPUT_LIMIT`. So does more than `disk_bytes` in the workspace and the writable mounts together, where no
    file system of that size holds them (see `scratch_folder`).
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

    `workspace` is a host folder that the sandbox may write unless `read_only`. Where the provider `overlays`, it may be
    a layer over the trees `lower` (the lowest first), which stay as they are: it gets what is written. `network` shares
    the host's network and its name resolution; only an environment's fetch step asks for it. `services` run beside the
    sandbox as long as it is open, and share its network; only Docker has them. Commands begin in the folder `cwd`.
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


class Process(Protocol):
    """A long-lived process inside a sandbox, talked to over pipes (unbuffered binary)."""

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe into the process; a write to a dead one raises `BrokenPipeError`."""
        ...

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe out of the process; its end is read once the process is dead."""
        ...

    def kill(self) -> CommandResult:
        """End the whole process tree now and say what it left: exit code, the tail of stderr, CPU time.

        `stdout` of the result is empty: it went through the pipe. Calling it again returns the same result.
        """
        ...


class Sandbox(Protocol):
    """An open sandbox. `close` ends every process in it and is safe to call twice."""

    def run(self, command: Command) -> CommandResult:
        """Run a command to its end. A failing one is a result; so is a sandbox that broke (`Ending.INFRA_ERROR`).

        Raises `SandboxFailed` only where the sandbox is closed.
        """
        ...

    def spawn(self, command: Command) -> Process:
        """Start a process with pipes; `timeout_s` bounds its whole life, `stdin` is not used.

        Raises `SandboxFailed` where the sandbox cannot be set up or is closed.
        """
        ...

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """The regular file at the `/`-separated `path` beneath `/repo`, at most `limit` bytes of it.

        Raises `UnsafePath` where the path leaves the tree, crosses a symlink or is no regular file, and
        `FileNotFoundError` where nothing is there.
        """
        ...

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Put a regular file beneath `/repo`, making folders as needed; the same refusals as `read`."""
        ...

    def close(self) -> None:
        """End every process; a command still running in another thread ends with `Ending.INFRA_ERROR`."""
        ...


class SandboxProvider(Protocol):
    """One way to make sandboxes."""

    @property
    def name(self) -> str:
        """The name by which it is chosen."""
        ...

    @property
    def sees_mounts(self) -> bool:
        """Whether its sandboxes see what the controller mounts (see `scratch_folder`)."""
        ...

    def overlays(self, folder: Path) -> bool:
        """Whether a workspace in `folder` may be a layer over other trees (see `SandboxSpec.lower`)."""
        ...

    def open(self, spec: SandboxSpec) -> Sandbox:
        """A sandbox for `spec`; a mount that is missing shows when the first command runs.

        Raises `SandboxUnavailable` where `spec` asks for what the provider does not have: services.
        """
        ...

    def close(self) -> None:
        """Release what the provider itself holds (threads, connections); open sandboxes are closed first."""
        ...
