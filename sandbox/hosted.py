"""What the backends that run directly on this host share: the life cycle of a sandbox and of its provider."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from sandbox.errors import SandboxFailed, SandboxUnavailable
from sandbox.model import CommandResult, Ending
from sandbox.process import LongLived, Spawner
from sandbox.workspace import read_beneath, write_beneath

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.model import Command, Process, SandboxSpec
    from sandbox.process import Child

__all__ = ["HostedProvider", "HostedSandbox"]


class HostedProvider(ABC):
    """A `SandboxProvider` whose sandboxes' processes are forked by one thread of this process."""

    name: str
    sees_mounts = True

    def __init__(self) -> None:
        self.spawner = Spawner()
        self.sandboxes: set[HostedSandbox] = set()

    def overlays(self, folder: Path) -> bool:  # noqa: ARG002  # subclasses use it
        """False, unless a backend overrides it: workspaces are then plain folders."""
        return False

    @abstractmethod
    def open(self, spec: SandboxSpec) -> HostedSandbox:
        """A sandbox for `spec`; nothing runs before the first command."""

    def close(self) -> None:
        """End all sandboxes, then the thread that forks."""
        for sandbox in list(self.sandboxes):
            sandbox.close()
        self.spawner.close()


class HostedSandbox(ABC):
    """A `Sandbox` over a host folder; it keeps track of its children so that `close` can end them."""

    greeting: ClassVar[bytes] = b""
    """What the backend itself writes to the stdout of a lasting process just before it starts."""

    def __init__(self, provider: HostedProvider, spec: SandboxSpec) -> None:
        if spec.services:
            names = ", ".join(service.name for service in spec.services)
            raise SandboxUnavailable(f"services ({names}) run only in containers: add --sandbox docker")
        self.spec = spec
        self._provider = provider
        self._lock = threading.Lock()
        self._closed = False
        self._running: set[Child] = set()
        self._processes: list[LongLived] = []
        provider.sandboxes.add(self)

    @abstractmethod
    def start(self, spawner: Spawner, command: Command, *, lasting: bool) -> Child:
        """Start the command's process; `lasting` if the caller will talk to it over its pipes.

        Raises `OSError` if that fails.
        """

    def run(self, command: Command) -> CommandResult:
        """Run one command to its end; see `Sandbox.run`."""
        try:
            child = self._start(command, lasting=False)
        except OSError as error:
            return CommandResult(None, b"", str(error).encode(errors="replace"), 0.0, 0.0, Ending.INFRA_ERROR)
        try:
            return child.collect(command.stdin, take_stdout=True)
        finally:
            with self._lock:
                self._running.discard(child)

    def spawn(self, command: Command) -> Process:
        """Start a process with pipes; raises `SandboxFailed`, with the backend's message, if it does not come up."""
        try:
            child = self._start(command, lasting=True)
        except OSError as error:
            raise SandboxFailed(f"the process could not be started: {error}") from error
        process = LongLived(child)
        with self._lock:
            self._processes.append(process)
            self._running.discard(child)
        if process.stdout.read(len(self.greeting)) != self.greeting:
            message = process.kill().stderr.decode(errors="replace").strip()
            raise SandboxFailed(f"the sandbox did not come up: {message or 'it ran out of time'}")
        return process

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """See `Sandbox.read`."""
        for layer in (self.spec.workspace, *reversed(self.spec.lower)):
            with suppress(FileNotFoundError):
                return read_beneath(layer, path, limit)
        raise FileNotFoundError(path)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See `Sandbox.write`; the controller may write even if the sandbox's own processes may only read."""
        write_beneath(self.spec.workspace, path, content, executable=executable)

    def close(self) -> None:
        """End every process; a command that still runs in another thread ends with `Ending.INFRA_ERROR`."""
        with self._lock:
            self._closed = True
            running, processes = list(self._running), list(self._processes)
        for child in running:
            child.stop(Ending.INFRA_ERROR)
        for process in processes:
            process.kill()
        self._provider.sandboxes.discard(self)

    def _start(self, command: Command, *, lasting: bool) -> Child:
        # Under the lock, because `close` would miss a child that is started while it runs.
        with self._lock:
            if self._closed:
                raise SandboxFailed("the sandbox is closed")
            self._processes = [process for process in self._processes if process.alive]
            child = self.start(self._provider.spawner, command, lasting=lasting)
            self._running.add(child)
            return child
