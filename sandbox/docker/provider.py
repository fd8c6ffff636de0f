"""Sandboxes in containers: one container per sandbox, started at the first command, replaced when it is unusable."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.docker.commands import KILLED, TIMED_OUT, DockerProcess, Run, check, start_exec
from sandbox.docker.container import Container
from sandbox.docker.engine import connect, engine_errors, require_image, sees_our_mounts
from sandbox.docker.overlays import can_overlay, give, overlay
from sandbox.docker.reaper import reap
from sandbox.docker.services import RunningService
from sandbox.docker.stream import Exchange
from sandbox.errors import SandboxError, SandboxFailed
from sandbox.model import CommandResult, Ending, SandboxSpec
from sandbox.mounts import filesystem, unmount_beneath
from sandbox.quota import DiskQuota
from sandbox.workspace import read_beneath, write_beneath

if TYPE_CHECKING:
    from sandbox.model import Command, Mount, Process

__all__ = ["DockerProvider"]

_ENDED = "the container was ended from outside"


class DockerProvider:
    """Creates sandboxes in containers of one image; raises `SandboxUnavailable`, with the remedy, if it cannot."""

    name = "docker"

    def __init__(self, image: str, mounts: tuple[Mount, ...] = ()) -> None:
        """`mounts` are added to every sandbox, for an image that lacks the host's programs."""
        self.client = connect()
        try:
            reap(self.client)
            self.image = require_image(self.client, image)
        except SandboxError:
            self.client.close()
            raise
        self.mounts = mounts
        self.sandboxes: set[DockerSandbox] = set()
        self.sees_mounts = sees_our_mounts()
        self._overlays: dict[str, bool] = {}
        self.given: set[Path] = set()

    def overlays(self, folder: Path) -> bool:
        """Whether the controller may mount overlays that the engine sees; tried once for each kind of file system."""
        kind = filesystem(folder)
        if kind not in self._overlays:
            self._overlays[kind] = self.sees_mounts and can_overlay(folder)
        return self._overlays[kind]

    def open(self, spec: SandboxSpec) -> DockerSandbox:
        """A sandbox for `spec`; the container starts with the first command."""
        return DockerSandbox(self, spec)

    def close(self) -> None:
        """End all sandboxes and the connection."""
        for sandbox in list(self.sandboxes):
            sandbox.close()
        self.client.close()


class DockerSandbox:
    """A `Sandbox` in its own container, in which commands take turns.

    Ending a command kills everything that its user runs: a lasting process beside it dies with it.
    """

    def __init__(self, provider: DockerProvider, spec: SandboxSpec) -> None:
        self.spec = replace(spec, mounts=(*provider.mounts, *spec.mounts))
        self._tree = spec.workspace
        if spec.lower:
            # Files of a lower tree keep their owner in the overlay, so they are given away as well, once.
            give([spec.workspace, *(tree for tree in spec.lower if tree not in provider.given)])
            provider.given.update(spec.lower)
            self._tree = spec.workspace.with_name(f"{spec.workspace.name}.merged")
            overlay(spec, self._tree)
        self._provider = provider
        self._lock = threading.RLock()
        self._turn = threading.Lock()
        self._closed = False
        self._container: Container | None = None
        self._services: list[RunningService] = []
        self._cpu_s = 0.0
        self._running: Run | None = None
        self._processes: list[DockerProcess] = []
        provider.sandboxes.add(self)

    def run(self, command: Command) -> CommandResult:
        """Run one command to its end; see `Sandbox.run`."""
        check(command)
        if self._closed:
            raise SandboxFailed("the sandbox is closed")
        with self._turn:
            return self._run(command)

    def _run(self, command: Command) -> CommandResult:
        began = time.monotonic()
        limit = self.spec.limits.output_bytes
        run = Run(limit, command.stdout_bytes, began + command.timeout_s, DiskQuota.of(self.spec))
        code: int | None = None
        try:
            with self._lock:
                self._running = run
                container = self._ready()
            code = self._execute(command, run, container)
        except SandboxFailed as error:
            run.end(Ending.INFRA_ERROR)
            run.stderr.add(str(error).encode(errors="replace"))
            self.discard()
        finally:
            self._running = None
        ending = run.ending or Ending.EXITED
        return CommandResult(
            exit_code=code if ending is Ending.EXITED else None,
            stdout=run.stdout.content(),
            stderr=run.stderr.content(),
            duration_s=time.monotonic() - began,
            cpu_s=self.cpu_since(),
            ending=ending,
        )

    def spawn(self, command: Command) -> Process:
        """Start a process with pipes; raises `SandboxFailed` if it does not come up."""
        check(command)
        with self._lock:
            container = self._ready()
            exec_id, connection = start_exec(self._provider.client, container, command)
            process = DockerProcess(
                self,
                exec_id,
                connection,
                timeout_s=command.timeout_s,
                output_bytes=self.spec.limits.output_bytes,
                quota=DiskQuota.of(self.spec),
            )
            self._processes = [*(known for known in self._processes if known.alive), process]
            return process

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """See `Sandbox.read`."""
        return read_beneath(self._tree, path, limit)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See `Sandbox.write`."""
        write_beneath(self._tree, path, content, executable=executable)

    def close(self) -> None:
        """End every process by removing the container."""
        with self._lock:
            self._closed = True
            running, processes = self._running, list(self._processes)
        if running is not None:
            running.end(Ending.INFRA_ERROR)
        for process in processes:
            process.let_go()
        self.discard()
        if self._tree != self.spec.workspace:
            with suppress(OSError):  # it is removed with its folder
                unmount_beneath(self._tree)
        self._provider.sandboxes.discard(self)

    def discard(self) -> None:
        """Remove the container, so that the next command gets a new one; failures are left to `reap`."""
        with self._lock:
            container, self._container = self._container, None
            services, self._services = self._services, []
        for service in services:
            service.remove()
        if container is not None:
            with suppress(SandboxFailed):
                container.remove()

    def exit_code(self, exec_id: str) -> int | None:
        """The exit code of an exec; None while it runs, and until the engine knows the code."""
        from docker.errors import NotFound  # noqa: PLC0415  # a fifth of a second that only this backend needs

        with engine_errors("inspect a command"):
            try:
                status: Any = self._provider.client.api.exec_inspect(exec_id)
            except NotFound as error:  # with its container
                raise SandboxFailed(_ENDED) from error
        return None if status["Running"] or status["ExitCode"] is None else int(status["ExitCode"])

    def _execute(self, command: Command, run: Run, container: Container) -> int | None:
        exec_id, connection = start_exec(self._provider.client, container, command)

        def is_over() -> bool:
            over = self.exit_code(exec_id) is not None
            if over:  # but the connection is open: a process that it left behind holds it
                self._tidy(container)
            return over

        exchange = Exchange(connection.socket, is_over)
        try:
            with engine_errors("run a command"):
                ended = exchange.run(command.stdin, run.take, run.deadline)
        finally:
            connection.close()
        if not ended:
            run.end(Ending.TIMEOUT)
        if run.ending is not None:
            self._end_all(container)
            return None
        code = self.exit_code(exec_id)
        if code is None:  # the stream ended before the command, which closed its output
            code = self._await(exec_id, run)
        if code and container.out_of_memory():
            run.end(Ending.OOM)
            self.discard()
        elif code == KILLED and self._is_lost(container):
            self.discard()
            raise SandboxFailed(_ENDED)
        elif code in TIMED_OUT and run.late():
            run.end(Ending.TIMEOUT)
        self._tidy(container)
        return code

    def _is_lost(self, container: Container) -> bool:
        """Whether a container whose command was killed is going away; the engine takes a moment to notice."""
        for _ in range(10):
            if not container.is_running():
                return True
            time.sleep(0.05)
        return False

    def _await(self, exec_id: str, run: Run) -> int | None:
        while time.monotonic() < run.deadline():
            code = self.exit_code(exec_id)
            if code is not None:
                return code
            time.sleep(0.02)
        run.end(Ending.TIMEOUT)
        self.discard()
        return None

    def _tidy(self, container: Container) -> None:
        """End what a command left behind, unless a lasting process runs in the container."""
        with self._lock:
            alone = not any(process.alive for process in self._processes)
        if alone and container is self._container and container.has_leftovers():
            self._end_all(container)

    def _end_all(self, container: Container) -> None:
        """Kill every process of the commands' user; if that fails, discard the container."""
        try:
            with engine_errors("end a command"):
                api = self._provider.client.api
                made = api.exec_create(container.id, ["/bin/sh", "-c", "kill -9 -1"], user=container.user)
                api.exec_start(made["Id"])
        except SandboxFailed:
            self.discard()

    def _ready(self) -> Container:
        if self._closed:
            raise SandboxFailed("the sandbox is closed")
        if self._container is None:
            writable = [mount.source for mount in self.spec.mounts if mount.writable]
            give(writable if self.spec.read_only else [self._tree, *writable])
            spec = replace(self.spec, workspace=self._tree)
            self._container = Container(self._provider.client, self._provider.image, spec)
            self._cpu_s = 0.0
            try:
                for service in self.spec.services:
                    running = RunningService(self._provider.client, service, self._container, self.spec.limits)
                    self._services.append(running)
            except SandboxError as error:
                self.discard()
                raise SandboxFailed(str(error)) from error
        return self._container

    def cpu_since(self) -> float:
        """CPU seconds used in the container since the last call."""
        container = self._container
        if container is None:
            return 0.0
        total = container.cpu_s()
        used, self._cpu_s = total - self._cpu_s, total
        return max(0.0, used)
