"""Running the host's git on repositories that rfsn made: never on one that others have written."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from rfsn.errors import InfraError
from sandbox.probe import PRLIMIT

__all__ = ["GitError", "git"]

# None of what a configuration could have git run, should a repository of ours ever get another than ours.
_SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.pager=cat",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.excludesFile=/dev/null",
    "-c", "core.sshCommand=ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15",
    "-c", "protocol.ext.allow=never",
    "-c", "credential.helper=",
    "-c", "safe.directory=*",
    "-c", "submodule.recurse=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
)  # fmt: skip

_PASSED_ON = ("PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSH_AUTH_SOCK",
              "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
              "NO_PROXY")  # fmt: skip
_MAX_STDOUT = 1 << 30
_MAX_STDERR = 1 << 20
_CHUNK = 1 << 16


class GitError(InfraError):
    """git said no; `stderr` is what it printed."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"git {' '.join(arguments[:2])} failed: {stderr.strip() or 'no message'}")
        self.stderr = stderr


def git(
    *arguments: str,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300.0,
    file_bytes: int | None = None,
    memory_bytes: int | None = None,
) -> bytes:
    """Run git in `cwd`, a folder of ours, and return its output. Raises `GitError`.

    It looks for no repository above `cwd`, and reaches no other one unless `env` allows a protocol. No file that it
    writes may be larger than `file_bytes`, and it may use `memory_bytes` of address space, where they are given.
    """
    limits = [f"--fsize={file_bytes}"] if file_bytes else []
    limits += [f"--as={memory_bytes}"] if memory_bytes else []
    limited = (PRLIMIT, *limits, "--") if limits and os.access(PRLIMIT, os.X_OK) else ()
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CEILING_DIRECTORIES": str(cwd.parent),
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        **(env or {}),
    }
    try:
        child = subprocess.Popen(
            [*limited, "git", *_SAFE, *arguments],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise InfraError("git is not installed: rfsn needs it to read the source") from error
    with child:
        try:
            stdout, stderr = _exchange(child, stdin, time.monotonic() + timeout_s)
        except TimeoutError as error:
            _end(child)
            raise InfraError(f"git {arguments[0]} did not end within {timeout_s:.0f} s") from error
        except OverflowError as error:
            _end(child)
            raise GitError(arguments, "it said more than anybody could need") from error
        except BaseException:
            _end(child)
            raise
    if child.returncode != 0:
        raise GitError(arguments, stderr.decode(errors="replace"))
    return stdout


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill git and its helpers, which are in its session; once it was waited for, its number could be another's."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _exchange(child: subprocess.Popen[bytes], stdin: bytes, deadline: float) -> tuple[bytes, bytes]:
    """Write and read until both outputs end. Raises `TimeoutError`, and `OverflowError` for output without end."""
    given, out, err = (cast("IO[bytes]", pipe) for pipe in (child.stdin, child.stdout, child.stderr))
    read = {out.fileno(): bytearray(), err.fileno(): bytearray()}
    left = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for pipe in (out, err):
            selector.register(pipe, selectors.EVENT_READ)
        if left:
            os.set_blocking(given.fileno(), False)
            selector.register(given, selectors.EVENT_WRITE)
        else:
            given.close()
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is given:
                    try:
                        left = left[os.write(key.fd, left[:_CHUNK]) :]
                    except BrokenPipeError:
                        left = left[:0]
                    if not left:
                        selector.unregister(given)
                        given.close()
                elif data := os.read(key.fd, _CHUNK):
                    read[key.fd] += data
                else:
                    selector.unregister(key.fileobj)
            if len(read[out.fileno()]) > _MAX_STDOUT or len(read[err.fileno()]) > _MAX_STDERR:
                raise OverflowError
    child.wait(max(1.0, deadline - time.monotonic()))
    return bytes(read[out.fileno()]), bytes(read[err.fileno()])
