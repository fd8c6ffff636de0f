"""Sandboxes in containers: one for each sandbox, started at its first command, replaced when it is spoilt."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from sandbox.docker.container import USER_ID, Container
from sandbox.docker.engine import connect, engine_errors, require_image
from sandbox.docker.reaper import reap
from sandbox.docker.stream import Connection, Exchange, forward
from sandbox.errors import SandboxError, SandboxFailed
from sandbox.model import CommandResult, Ending
from sandbox.process import Capture
from sandbox.workspace import read_beneath, write_beneath

if TYPE_CHECKING:
    from sandbox.model import Command, Mount, Process, SandboxSpec

__all__ = ["DockerProvider"]

_GRACE_S = 0.5
_LONGEST_ARGUMENT = 128 << 10
_KILLED = 137
_TIMED_OUT = (124, _KILLED)  # of timeout(1), by itself or after its last signal


class DockerProvider:
    """Makes sandboxes in containers of one image; raises `SandboxUnavailable`, with the remedy, where it cannot."""

    name = "docker"

    def __init__(self, image: str, mounts: tuple[Mount, ...] = ()) -> None:
        """`mounts` are there in every sandbox, for an image that lacks what the host has."""
        self.client = connect()
        try:
            reap(self.client)
            self.image = require_image(self.client, image)
        except SandboxError:
            self.client.close()
            raise
        self.mounts = mounts
        self.sandboxes: set[DockerSandbox] = set()

    def overlays(self, folder: Path) -> bool:  # noqa: ARG002  # other backends may, here
        """Not here: a layer that the controller makes is not seen by every engine."""
        return False

    def open(self, spec: SandboxSpec) -> DockerSandbox:
        """A sandbox for `spec`; its container starts with the first command."""
        return DockerSandbox(self, spec)

    def close(self) -> None:
        """End all sandboxes and the connection."""
        for sandbox in list(self.sandboxes):
            sandbox.close()
        self.client.close()


class DockerSandbox:
    """A `Sandbox` in a container of its own, in which commands take turns.

    Ending a command means to kill all that its user runs: a lasting process beside it dies with it.
    """

    def __init__(self, provider: DockerProvider, spec: SandboxSpec) -> None:
        self.spec = replace(spec, mounts=(*provider.mounts, *spec.mounts))
        self._provider = provider
        self._lock = threading.RLock()
        self._turn = threading.Lock()
        self._closed = False
        self._container: Container | None = None
        self._cpu_s = 0.0
        self._running: _Run | None = None
        self._processes: list[DockerProcess] = []
        provider.sandboxes.add(self)

    def run(self, command: Command) -> CommandResult:
        """Run one command to its end; see `Sandbox.run`."""
        _check(command)
        if self._closed:
            raise SandboxFailed("the sandbox is closed")
        with self._turn:
            return self._run(command)

    def _run(self, command: Command) -> CommandResult:
        began = time.monotonic()
        run = _Run(self.spec.limits.output_bytes, began + command.timeout_s)
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
        """Start a process with pipes; raises `SandboxFailed` where none comes up."""
        _check(command)
        with self._lock:
            container = self._ready()
            exec_id, connection = _connect_exec(self._provider, container, command, command.timeout_s)
            process = DockerProcess(self, exec_id, connection, command.timeout_s)
            self._processes.append(process)
            return process

    def read(self, path: str, limit: int = 16 << 20) -> bytes:
        """See `Sandbox.read`."""
        return read_beneath(self.spec.workspace, path, limit)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See `Sandbox.write`."""
        write_beneath(self.spec.workspace, path, content, executable=executable)

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
        self._provider.sandboxes.discard(self)

    def discard(self) -> None:
        """Remove the container, for the next command to get a new one; what cannot be removed is left to `reap`."""
        with self._lock:
            container, self._container = self._container, None
        if container is not None:
            with suppress(SandboxFailed):
                container.remove()

    def exit_code(self, exec_id: str) -> int | None:
        """The exit code of an exec; None while it runs."""
        with engine_errors("tell of a command"):
            said: Any = self._provider.client.api.exec_inspect(exec_id)
        return None if said["Running"] else int(said["ExitCode"])

    def _execute(self, command: Command, run: _Run, container: Container) -> int | None:
        exec_id, connection = _connect_exec(self._provider, container, command, command.timeout_s)

        def is_over() -> bool:
            over = self.exit_code(exec_id) is not None
            if over:  # and yet the connection is open: something that it left behind holds it
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
        if code is None:  # the stream ended before the command did: it has shut its output
            code = self._await(exec_id, run)
        if code and container.out_of_memory():
            run.end(Ending.OOM)
            self.discard()
        elif code == _KILLED and self._is_lost(container):
            self.discard()
            raise SandboxFailed("the container was ended from outside")
        elif code in _TIMED_OUT and run.late():
            run.end(Ending.TIMEOUT)
        self._tidy(container)
        return code

    def _is_lost(self, container: Container) -> bool:
        """Whether a container whose command was killed is going away: the engine takes a moment to know."""
        for _ in range(10):
            if not container.is_running():
                return True
            time.sleep(0.05)
        return False

    def _await(self, exec_id: str, run: _Run) -> int | None:
        while time.monotonic() < run.deadline():
            code = self.exit_code(exec_id)
            if code is not None:
                return code
            time.sleep(0.02)
        run.end(Ending.TIMEOUT)
        self.discard()
        return None

    def _tidy(self, container: Container) -> None:
        """End what a command left behind; not while a lasting process runs in the container."""
        with self._lock:
            alone = not any(process.alive for process in self._processes)
        if alone and container is self._container and container.has_leftovers():
            self._end_all(container)

    def _end_all(self, container: Container) -> None:
        """Kill every process of the commands' user; where that cannot be done, the container is given up."""
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
            _give(self.spec)
            self._container = Container(self._provider.client, self._provider.image, self.spec)
            self._cpu_s = 0.0
        return self._container

    def cpu_since(self) -> float:
        """CPU seconds used in the container since the last call."""
        container = self._container
        if container is None:
            return 0.0
        total = container.cpu_s()
        used, self._cpu_s = total - self._cpu_s, total
        return max(0.0, used)


class _Run:
    """A command under way: its output, when it must end, and why it was ended."""

    def __init__(self, output_bytes: int, deadline: float) -> None:
        self.stdout, self.stderr = Capture(output_bytes), Capture(output_bytes)
        self.ending: Ending | None = None
        self._limit = deadline
        self._deadline = deadline + 2 * _GRACE_S

    def late(self) -> bool:
        """Whether the command's own time was spent."""
        return time.monotonic() >= self._limit

    def deadline(self) -> float:
        return self._deadline

    def take(self, number: int, part: bytes) -> None:
        """Keep a part of the output; too much of it ends the command."""
        capture = self.stdout if number == 1 else self.stderr
        capture.add(part)
        if capture.overflowing:
            self.end(Ending.OUTPUT_LIMIT)

    def end(self, ending: Ending) -> None:
        """Let the command end now, for this reason; the first stands."""
        self.ending = self.ending or ending
        self._deadline = 0.0


class DockerProcess:
    """The `Process` of a lasting command; to end it is to end its container."""

    def __init__(self, sandbox: DockerSandbox, exec_id: str, connection: Connection, timeout_s: float) -> None:
        reading, writing = os.pipe()
        self.stdin: IO[bytes] = cast("IO[bytes]", connection.socket.makefile("wb", buffering=0))
        self.stdout: IO[bytes] = os.fdopen(reading, "rb", buffering=0)
        self._sandbox = sandbox
        self._exec_id = exec_id
        self._connection = connection
        self._stderr = Capture(sandbox.spec.limits.output_bytes)
        self._began = time.monotonic()
        self._timeout_s = timeout_s
        self._ending = Ending.EXITED
        self._result: CommandResult | None = None
        self._thread = threading.Thread(target=self._copy, args=(writing,), name="sandbox-watch", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it was not ended yet."""
        return self._result is None

    def kill(self) -> CommandResult:
        """End it with all that runs in its sandbox; see `Process.kill`."""
        if self._result is None:
            code: int | None = None
            with suppress(SandboxFailed):
                code = self._sandbox.exit_code(self._exec_id)
            if code in _TIMED_OUT and time.monotonic() - self._began >= self._timeout_s:
                self._ending = Ending.TIMEOUT
            exited = _KILLED if code is None else code
            cpu_s = self._sandbox.cpu_since()
            self.let_go()
            self._sandbox.discard()
            self._result = CommandResult(
                exit_code=exited if self._ending is Ending.EXITED else None,
                stdout=b"",
                stderr=self._stderr.content(),
                duration_s=time.monotonic() - self._began,
                cpu_s=cpu_s,
                ending=self._ending,
            )
        return self._result

    def let_go(self) -> None:
        """Close the connection and the pipes."""
        for pipe in (self.stdin, self.stdout, self._connection):
            with suppress(OSError):
                pipe.close()
        self._thread.join()

    def _copy(self, writing: int) -> None:
        try:
            forward(self._connection.socket, writing, self._take_stderr)
        finally:
            os.close(writing)

    def _take_stderr(self, part: bytes) -> None:
        self._stderr.add(part)
        if self._stderr.overflowing:
            self._ending = Ending.OUTPUT_LIMIT
            self._connection.close()


def _connect_exec(
    provider: DockerProvider, container: Container, command: Command, timeout_s: float
) -> tuple[str, Connection]:
    """Start a command in a container; gives its id and the connection for its streams."""
    api = provider.client.api
    limited = ("timeout", "-k", f"{_GRACE_S:g}", f"{timeout_s:.3f}", *command.argv)
    if any(len(os.fsencode(argument)) >= _LONGEST_ARGUMENT for argument in limited):
        raise SandboxFailed("an argument of the command is too long for the kernel")
    with engine_errors("start a command"):
        made = api.exec_create(
            container.id, list(limited), stdin=True, user=container.user, environment=dict(command.env)
        )
        stream = api.exec_start(made["Id"], socket=True)
    return str(made["Id"]), Connection(stream)


def _check(command: Command) -> None:
    if any("\0" in text for text in (*command.argv, *command.env, *command.env.values())):
        raise ValueError("an argument or a variable holds a NUL")


def _give(spec: SandboxSpec) -> None:
    """Where the controller is root: give what the sandbox may write to the user that its commands run as."""
    if os.geteuid() != 0:
        return
    writable = [mount.source for mount in spec.mounts if mount.writable]
    for root in ([] if spec.read_only else [spec.workspace]) + writable:
        for folder, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                path = Path(folder, name)
                if path.lstat().st_uid != USER_ID:
                    os.lchown(path, USER_ID, USER_ID)
