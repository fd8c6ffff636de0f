"""Commands of rfsn in forks of a process that has imported it: the imports take most of the time of a short command.

A command gets what a new process has: arguments, folder, environment, standard streams, exit code. What depends on how
Python itself starts needs one, so `Forks.can` says no to a variable that Python or the C library may read by then.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 64 << 10
"""The most bytes of a request."""

LIMIT_S = 300


class Forks:
    """A process to fork from. It ends when this one does."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(LIMIT_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.wait()

    @staticmethod
    def can(variables: Mapping[str, str]) -> bool:
        """Whether a fork with these variables is as good as a new process."""
        return all(name.startswith("RFSN_") or name.endswith("_KEY") for name in variables)

    def run(
        self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str] | None:
        """Run a command to its end; None if one is under way in another thread."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._run(arguments, cwd, variables)
        finally:
            self._lock.release()

    def _run(
        self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        pipes = [os.pipe(), os.pipe()]
        texts = [b"", b""]

        def read(place: int) -> None:
            with os.fdopen(pipes[place][0], "rb") as pipe:
                texts[place] = pipe.read()

        request = json.dumps({"arguments": arguments, "cwd": str(cwd), "variables": dict(variables)})
        socket.send_fds(self._socket, [request.encode()], [write for _, write in pipes])
        readers = [threading.Thread(target=read, args=[place]) for place in range(2)]
        for (_, write), reader in zip(pipes, readers, strict=True):
            os.close(write)
            reader.start()
        child = int(self._socket.recv(LONGEST))
        try:
            code = int(self._socket.recv(LONGEST))
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            code = int(self._socket.recv(LONGEST))
        for reader in readers:
            reader.join()
        out, err = (text.decode() for text in texts)
        return subprocess.CompletedProcess(arguments, code, out, err)


def serve(channel: socket.socket) -> dict[str, Any]:
    """Fork for each request; returns in each fork, with what it has to run."""
    while True:
        data, streams, _, _ = socket.recv_fds(channel, LONGEST, 2)
        if not data:
            os._exit(0)
        if child := os.fork():
            for stream in streams:
                os.close(stream)
            channel.send(str(child).encode())
            channel.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
            continue
        channel.close()
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
            os.close(stream)
        request: dict[str, Any] = json.loads(data)
        return request


if __name__ == "__main__":
    import rfsn.cli
    import rfsn.cli.app
    import rfsn.cli.commands  # what takes the time
    from rfsn.plugins import buildpack_entries

    for entry in buildpack_entries():
        entry.load()
    gc.freeze()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    os.chdir(wanted["cwd"])
    os.environ.update(wanted["variables"])
    sys.argv = [str(Path(sys.executable).with_name("rfsn")), *wanted["arguments"]]
    rfsn.cli.main()
