"""One command in a container: starting it, collecting its output, and the pipes of a lasting one."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Protocol, cast

from sandbox.docker.engine import engine_errors
from sandbox.docker.stream import Connection, forward
from sandbox.errors import SandboxFailed
from sandbox.model import CommandResult, Ending
from sandbox.process import Capture
from sandbox.quota import DiskQuota

if TYPE_CHECKING:
    from docker import DockerClient

    from sandbox.docker.container import Container
    from sandbox.model import Command

__all__ = ["KILLED", "TIMED_OUT", "DockerProcess", "Run", "check", "start_exec"]

KILLED = 137
"""The exit code of a command that was killed."""

TIMED_OUT = (124, KILLED)
"""The exit codes of timeout(1) for a command that it ended: with its first signal, or its last."""

_GRACE_S = 0.5
_LONGEST_ARGUMENT = 128 << 10


def start_exec(client: DockerClient, container: Container, command: Command) -> tuple[str, Connection]:
    """Start a command in a container; returns its id and the connection for its streams."""
    api = client.api
    limited = ("timeout", "-k", f"{_GRACE_S:g}", f"{command.timeout_s:.3f}", *command.argv)
    if any(len(os.fsencode(argument)) >= _LONGEST_ARGUMENT for argument in limited):
        raise SandboxFailed("an argument of the command is too long for the kernel")
    with engine_errors("start a command"):
        made = api.exec_create(
            container.id, list(limited), stdin=True, user=container.user, environment=dict(command.env)
        )
        stream = api.exec_start(made["Id"], socket=True)
    return str(made["Id"]), Connection(stream)


def check(command: Command) -> None:
    """Raise `ValueError` for a NUL, which no command line can contain."""
    if any("\0" in text for text in (*command.argv, *command.env, *command.env.values())):
        raise ValueError("an argument or a variable contains a NUL")


class Run:
    """A running command: its output, its deadline, and why it was ended."""

    def __init__(self, output_bytes: int, stdout_bytes: int, deadline: float, quota: DiskQuota) -> None:
        self.stdout, self.stderr = Capture(stdout_bytes or output_bytes), Capture(output_bytes)
        self.ending: Ending | None = None
        self._quota = quota
        self._limit = deadline
        self._deadline = deadline + 2 * _GRACE_S

    def late(self) -> bool:
        """Whether the command's own time limit has passed."""
        return time.monotonic() >= self._limit

    def deadline(self) -> float:
        """When it must have ended, on the monotonic clock; immediately if it wrote too much to the disk."""
        if self._quota.exceeded():
            self.end(Ending.OUTPUT_LIMIT)
        return self._deadline

    def take(self, number: int, part: bytes) -> None:
        """Keep a part of the output; too much output ends the command."""
        capture = self.stdout if number == 1 else self.stderr
        capture.add(part)
        if capture.overflowing:
            self.end(Ending.OUTPUT_LIMIT)

    def end(self, ending: Ending) -> None:
        """Make the command end now, for this reason; the first reason stands."""
        self.ending = self.ending or ending
        self._deadline = 0.0


class Owner(Protocol):
    """What a lasting process needs of the sandbox that it runs in."""

    def exit_code(self, exec_id: str) -> int | None:
        """The exit code of a command; None while it runs."""
        ...

    def cpu_since(self) -> float:
        """CPU seconds used since the last call."""
        ...

    def discard(self) -> None:
        """End everything in the sandbox."""
        ...


class DockerProcess:
    """The `Process` of a lasting command; ending it ends its container."""

    def __init__(
        self,
        sandbox: Owner,
        exec_id: str,
        connection: Connection,
        *,
        timeout_s: float,
        output_bytes: int,
        quota: DiskQuota,
    ) -> None:
        reading, writing = os.pipe()
        self.stdin: IO[bytes] = cast("IO[bytes]", connection.socket.makefile("wb", buffering=0))
        self.stdout: IO[bytes] = os.fdopen(reading, "rb", buffering=0)
        self._sandbox = sandbox
        self._exec_id = exec_id
        self._connection = connection
        self._stderr = Capture(output_bytes)
        self._quota = quota
        self._began = time.monotonic()
        self._timeout_s = timeout_s
        self._ending = Ending.EXITED
        self._result: CommandResult | None = None
        self._thread = threading.Thread(target=self._copy, args=(writing,), name="sandbox-watch", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it has not been ended yet."""
        return self._result is None

    def kill(self) -> CommandResult:
        """End it and everything else in its sandbox; see `Process.kill`."""
        if self._result is None:
            code: int | None = None
            with suppress(SandboxFailed):
                code = self._sandbox.exit_code(self._exec_id)
            if code in TIMED_OUT and time.monotonic() - self._began >= self._timeout_s:
                self._ending = Ending.TIMEOUT
            exited = KILLED if code is None else code
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
            forward(self._connection.socket, writing, self._take_stderr, self._check_disk)
        finally:
            os.close(writing)

    def _take_stderr(self, part: bytes) -> None:
        self._stderr.add(part)
        if self._stderr.overflowing:
            self._stop()

    def _check_disk(self) -> None:
        if self._quota.exceeded():
            self._stop()

    def _stop(self) -> None:
        self._ending = Ending.OUTPUT_LIMIT
        self._connection.close()
        self._sandbox.discard()
