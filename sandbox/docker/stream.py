"""The connection to a command in a container: its input, its output, its end."""

from __future__ import annotations

import os
import select
import selectors
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Connection", "Demultiplexer", "Exchange", "forward"]

_CHUNK = 1 << 16
_HEADER = struct.Struct(">BxxxL")
_STDOUT, _STDERR = 1, 2
_QUIET_S = 0.1
_DRAIN_S = 2.0
_LOOK_S = 0.5


class Demultiplexer:
    """Splits the engine's stream into stdout and stderr: frames of a header (stream, length) and content."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The parts of `data` with the number of their stream (1 stdout, 2 stderr)."""
        view = memoryview(data)
        while view:
            if not self._left:
                missing = _HEADER.size - len(self._header)
                self._header += view[:missing]
                view = view[missing:]
                if len(self._header) == _HEADER.size:
                    self._stream, self._left = _HEADER.unpack(self._header)
                    self._header.clear()
                continue
            part = view[: self._left]
            self._left -= len(part)
            view = view[len(part) :]
            yield self._stream, bytes(part)


class Connection:
    """The socket of one command, unwrapped from the SDK's objects."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.socket: socket.socket = getattr(stream, "_sock", stream)  # a UNIX socket is wrapped in a file object
        self.socket.settimeout(None)

    def close(self) -> None:
        """Close it, after a shutdown: an engine with unsent output would delay the removal of the container."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        response = getattr(self._stream, "_response", None)
        for part in (response, self._stream, self.socket):
            if part is not None:
                with suppress(OSError, ValueError):
                    part.close()


@dataclass(slots=True)
class Exchange:
    """The input and output of one command over its connection.

    `ended` asks the engine whether the command is over, and is called when no data arrives. A process that the command
    left behind may keep the connection open: then it is read for two more seconds.
    """

    connection: socket.socket
    ended: Callable[[], bool]

    def run(
        self,
        stdin: bytes,
        take: Callable[[int, bytes], None],
        deadline: Callable[[], float],
    ) -> bool:
        """Send `stdin` and pass each part of the output to `take` until the command ends; false past the `deadline`.

        The deadline is on the monotonic clock and may move. Raises `OSError` if the connection breaks.
        """
        pending = memoryview(stdin)
        parts = Demultiplexer()
        over_since: float | None = None
        self.connection.settimeout(0)
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ | (selectors.EVENT_WRITE if pending else 0))
            if not pending:
                self._finish_input()
            while True:
                now = time.monotonic()
                if over_since is not None and now > over_since + _DRAIN_S:
                    return True
                if now >= deadline():
                    return False
                ready = selector.select(min(_QUIET_S, max(0.0, deadline() - now)))
                if not ready and over_since is None and self.ended():
                    over_since = now
                for _, events in ready:
                    if events & selectors.EVENT_WRITE:
                        with suppress(BlockingIOError):
                            pending = pending[self.connection.send(pending[:_CHUNK]) :]
                        if not pending:
                            self._finish_input()
                            selector.modify(self.connection, selectors.EVENT_READ)
                    if events & selectors.EVENT_READ:
                        data = self.connection.recv(_CHUNK)
                        if not data:
                            return True
                        for number, part in parts.feed(data):
                            take(number, part)

    def _finish_input(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)


def forward(
    connection: socket.socket, stdout: int, take_stderr: Callable[[bytes], None], look: Callable[[], None]
) -> None:
    """Copy a lasting command's stdout into the pipe `stdout` until its end, and pass its stderr to `take_stderr`.

    `look` is called regularly; it may close the connection.
    """
    parts = Demultiplexer()
    poll = select.poll()
    with suppress(OSError, ValueError):  # it is closed from another thread
        poll.register(connection, select.POLLIN)
        while True:
            ready = poll.poll(1000 * _LOOK_S)
            look()
            if not ready:
                continue
            data = connection.recv(_CHUNK)
            if not data:
                return
            for number, part in parts.feed(data):
                if number == _STDERR:
                    take_stderr(part)
                    continue
                while part:
                    part = part[os.write(stdout, part) :]  # noqa: PLW2901  # what is left of it
