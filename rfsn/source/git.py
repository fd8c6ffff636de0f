"""Running the host's git on repositories that rfsn made, never on one that others wrote."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from rfsn.errors import InfraError
from sandbox.probe import PRLIMIT

__all__ = ["GitError", "git"]

# Nothing that a configuration could make git run, should a repository of ours ever get one that is not ours.
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
_MAX_SAID = 1 << 20


class GitError(InfraError):
    """git failed; `stderr` is what it printed."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"git {' '.join(arguments[:2])} failed: {stderr.strip() or 'no message'}")
        self.stderr = stderr


def git(
    *arguments: str,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300.0,
    file_bytes: int = 1 << 30,
    memory_bytes: int | None = None,
) -> bytes:
    """Run git in `cwd`, a folder of ours, and return its output. Raises `GitError`.

    It does not look for a repository above `cwd`, and reaches no other one unless `env` allows a protocol. No file that
    it writes, nor its output, may be larger than `file_bytes`. If `memory_bytes` is given, none of its processes may
    have more memory of its own; mapped files do not count.
    """
    limits = [f"--fsize={file_bytes}", *([f"--data={memory_bytes}"] if memory_bytes else [])]
    limited = (PRLIMIT, *limits, "--") if os.access(PRLIMIT, os.X_OK) else ()
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
    # Files, not pipes: the limit on what git writes then covers its output too.
    with TemporaryFile() as out, TemporaryFile() as err:
        try:
            child = subprocess.Popen(
                [*limited, "git", *_SAFE, *arguments],
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise InfraError("git is not installed: rfsn needs it to read the source") from error
        with child:
            try:
                child.communicate(stdin, timeout_s)
            except subprocess.TimeoutExpired as error:
                raise InfraError(f"git {arguments[0]} did not finish within {timeout_s:.0f} s") from error
            finally:
                _end(child)
        if child.returncode:
            raise GitError(arguments, _content(err, _MAX_SAID).decode(errors="replace"))
        return _content(out, file_bytes)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill git and its helpers, which are in its session; after a wait, its id could belong to another process."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _content(file: IO[bytes], limit: int) -> bytes:
    file.seek(0)
    return file.read(limit)
