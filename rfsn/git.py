"""Running the host's git on repositories that nobody vouches for."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rfsn.errors import InfraError
from sandbox.probe import PRLIMIT

__all__ = ["GitError", "alternate", "git"]

# Nothing that a repository's own configuration could have git run: no hook, monitor, pager or helper transport.
_SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.pager=cat",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.excludesFile=/dev/null",
    "-c", "core.sshCommand=ssh -oBatchMode=yes",
    "-c", "protocol.ext.allow=never",
    "-c", "credential.helper=",
    "-c", "safe.directory=*",
    "-c", "submodule.recurse=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
)  # fmt: skip

_PASSED_ON = ("PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
              "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip


class GitError(InfraError):
    """git said no; `stderr` is what it printed."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"git {' '.join(arguments[:2])} failed: {stderr.strip() or 'no message'}")
        self.stderr = stderr


def alternate(objects: Path) -> str:
    """A folder of objects as git's list of alternates has it: in quotes, for its path may hold what parts the list."""
    return '"' + re.sub(r'(["\\])', r"\\\1", str(objects)) + '"'


def git(
    *arguments: str,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300.0,
    file_bytes: int | None = None,
) -> bytes:
    """Run git without trusting the repository in `cwd`, and return its output. Raises `GitError`.

    No file that git writes may be larger than `file_bytes`.
    """
    limited = (PRLIMIT, f"--fsize={file_bytes}", "--") if file_bytes and os.access(PRLIMIT, os.X_OK) else ()
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        **(env or {}),
    }
    try:
        done = subprocess.run(
            [*limited, "git", *_SAFE, *arguments],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            env=environment,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise InfraError("git is not installed: rfsn needs it to read the source") from error
    except subprocess.TimeoutExpired as error:
        raise InfraError(f"git {arguments[0]} did not end within {timeout_s:.0f} s") from error
    if done.returncode != 0:
        raise GitError(arguments, done.stderr.decode(errors="replace"))
    return done.stdout
