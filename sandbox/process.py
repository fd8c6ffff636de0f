"""One child process: reading its pipes under a cap, its deadline, and ending its whole process tree."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from sandbox.errors import SandboxFailed
from sandbox.keyring import forsake_session_keyring
from sandbox.model import CommandResult, Ending
from sandbox.quota import DiskQuota

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Capture", "Child", "LongLived", "Spawner"]

CHUNK = 1 << 16
GRACE_S = 2.0
POLL_S = 0.05
MARKER_ROOM = 48
OVERFLOW = 10


class Capture:
    """The head and the tail of a stream of any length, in memory of at most twice the limit (bytes)."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._half = max(limit - MARKER_ROOM, 0) // 2
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        kept = self._limit - self._half
        if len(self._tail) > 2 * kept:
            del self._tail[:-kept]

    @property
    def overflowing(self) -> bool:
        """Whether so much was written that the writer must be ended."""
        return self.total > OVERFLOW * self._limit

    def content(self) -> bytes:
        """What was kept: everything up to the limit, else the head and the tail around a marker line."""
        if self.total <= self._limit:
            return bytes(self._head + self._tail)
        tail = self._tail[len(self._tail) - self._half :]
        marker = b"\n[rfsn: %d bytes left out]\n" % (self.total - len(self._head) - len(tail))
        return bytes(self._head + marker + tail)


class Spawner:
    """The one thread that forks all children of a provider.

    A parent-death signal fires when the forking thread ends, not the process, so children forked by a short-lived
    worker would die with it. This thread lives until `close`, and has left the controller's session keyring.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "sandbox-spawner", initializer=forsake_session_keyring)

    def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        stdin: bool = True,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a child in its own session, with unbuffered pipes; without `stdin` it reads an empty file.

        Raises `OSError` if the program cannot be started, and `SandboxFailed` once the spawner is closed.
        """

        def fork() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                argv,
                bufsize=0,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,
            )

        try:
            return self._executor.submit(fork).result()
        except RuntimeError as error:
            raise SandboxFailed("the sandbox provider is closed") from error

    def close(self) -> None:
        """End the thread; safe to call twice."""
        self._executor.shutdown()


class Child:
    """A started process and what is known about it; `collect` reads its pipes and reaps it.

    `status` is another pipe, owned by the child from now on, on which the backend itself reports; subclasses interpret
    it in `end_tree` and `exit_code`.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        *,
        output_bytes: int,
        stdout_bytes: int = 0,
        timeout_s: float,
        quota: DiskQuota,
        status: int | None = None,
    ) -> None:
        self.popen = popen
        self._quota = quota
        self.stdout = Capture(stdout_bytes or output_bytes)
        self.stderr = Capture(output_bytes)
        self.status = Capture(CHUNK)
        self._status_fd = status
        self._started = time.monotonic()
        self._deadline = self._started + timeout_s
        self._lock = threading.Lock()
        self._ending: Ending | None = None
        self._stopping_since: float | None = None
        self._cpu_s = 0.0

    def end_tree(self) -> None:
        """Kill the process and all that it started; called repeatedly until it is gone, never after it was reaped."""
        self.kill_group()

    def exit_code(self, returncode: int) -> int | None:
        """The command's exit code, a signal N as 128 + N; None if the backend failed before the command ran."""
        return 128 - returncode if returncode < 0 else returncode

    def kill_group(self) -> None:
        """Kill the process group that the child leads."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def stop(self, ending: Ending) -> None:
        """Begin to end the process tree, for the reason `ending`; the first reason stands. Safe from any thread."""
        with self._lock:
            if self.popen.returncode is None:
                if self._stopping_since is None:
                    self._ending = ending
                    self._stopping_since = time.monotonic()
                self.end_tree()

    def collect(self, stdin: bytes = b"", *, take_stdout: bool) -> CommandResult:
        """Feed and read the pipes until the process has ended, then reap it and end what it left behind.

        Without `take_stdout`, stdin and stdout are left to their owner.
        """
        with selectors.DefaultSelector() as selector:
            self._register(selector, stdin, take_stdout=take_stdout)
            ended_at: float | None = None
            pause = 0.0005
            while True:
                now = time.monotonic()
                if ended_at is None and self._reap():
                    ended_at = now
                    self.kill_group()
                if ended_at is None:
                    self._enforce_limits(now)
                elif not selector.get_map() or now > ended_at + GRACE_S:
                    break
                if selector.get_map():
                    self._pump(selector, min(POLL_S, max(self._deadline - now, 0.001)))
                else:
                    time.sleep(pause)
                    pause = min(2 * pause, POLL_S)
            for key in list(selector.get_map().values()):
                self._close(selector, key)
        return self._result()

    def _register(self, selector: selectors.BaseSelector, stdin: bytes, *, take_stdout: bool) -> None:
        popen = self.popen
        assert popen.stdout is not None
        assert popen.stderr is not None
        readers: list[tuple[IO[bytes] | int, Capture]] = [(popen.stderr, self.stderr)]
        if take_stdout:
            readers.append((popen.stdout, self.stdout))
        if self._status_fd is not None:
            readers.append((self._status_fd, self.status))
        for stream, capture in readers:
            os.set_blocking(stream if isinstance(stream, int) else stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, capture)
        if take_stdout and popen.stdin is not None:
            os.set_blocking(popen.stdin.fileno(), False)
            selector.register(popen.stdin, selectors.EVENT_WRITE, bytearray(stdin))

    def _pump(self, selector: selectors.BaseSelector, wait_s: float) -> None:
        """Move what the pipes currently hold."""
        for key, _ in selector.select(wait_s):
            if isinstance(key.data, Capture):
                data = os.read(key.fd, CHUNK)
                key.data.add(data)
                more = bool(data)
            else:
                more = _feed(key.fd, key.data)
            if not more:
                self._close(selector, key)

    def _close(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        selector.unregister(key.fileobj)
        if isinstance(key.fileobj, int):
            os.close(key.fileobj)
        else:
            with suppress(BrokenPipeError):
                key.fileobj.close()  # type: ignore[attr-defined]

    def _enforce_limits(self, now: float) -> None:
        """End the process tree if it is over its time or output limit, and insist if ending it has begun."""
        if self.stdout.overflowing or self.stderr.overflowing or self._quota.exceeded():
            self.stop(Ending.OUTPUT_LIMIT)
        elif now >= self._deadline or self._stopping_since is not None:
            self.stop(Ending.TIMEOUT)
        if self._stopping_since is not None and now > self._stopping_since + GRACE_S:
            self.kill_group()

    def _reap(self) -> bool:
        # The lock keeps `stop` from signalling a pid that is free again.
        with self._lock:
            pid, status, usage = os.wait4(self.popen.pid, os.WNOHANG)
            if pid == 0:
                return False
            self.popen.returncode = os.waitstatus_to_exitcode(status)
            self._cpu_s = usage.ru_utime + usage.ru_stime
            return True

    def _result(self) -> CommandResult:
        code = self.exit_code(self.popen.returncode)
        ending = self._ending or (Ending.INFRA_ERROR if code is None else Ending.EXITED)
        return CommandResult(
            exit_code=code if ending is Ending.EXITED else None,
            stdout=self.stdout.content(),
            stderr=self.stderr.content(),
            duration_s=time.monotonic() - self._started,
            cpu_s=self._cpu_s,
            ending=ending,
        )


def _feed(fd: int, pending: bytearray) -> bool:
    """Write some of `pending`; false once all is written or nobody reads."""
    with suppress(BlockingIOError):
        try:
            del pending[: os.write(fd, pending[:CHUNK])]
        except BrokenPipeError:
            return False
    return bool(pending)


class LongLived:
    """The `Process` of a child: pipes for the caller, and a thread for its stderr, its time limit and its end."""

    def __init__(self, child: Child) -> None:
        assert child.popen.stdin is not None
        assert child.popen.stdout is not None
        self.stdin: IO[bytes] = child.popen.stdin
        self.stdout: IO[bytes] = child.popen.stdout
        self._child = child
        self._results: list[CommandResult] = []
        self._thread = threading.Thread(target=self._watch, name="sandbox-watch", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether there is still something to kill or close."""
        return self._thread.is_alive() or not self.stdout.closed

    def kill(self) -> CommandResult:
        """End the whole process tree now; see `Process.kill`."""
        self._child.stop(Ending.EXITED)
        self._thread.join()
        for pipe in (self.stdin, self.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        return self._results[0]

    def _watch(self) -> None:
        self._results.append(self._child.collect(take_stdout=False))
