"""The kernel's session keyring, which namespaces do not isolate: a child can read all keys of its session."""

from __future__ import annotations

import platform
import sys

__all__ = ["forsake_session_keyring"]

KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280, "armv7l": 311, "i686": 288}
JOIN_SESSION_KEYRING = 1


def forsake_session_keyring() -> None:
    """Give the calling thread, and the children that it forks, a new, empty session keyring.

    If the kernel has no keyrings, or a container forbids the call, there is nothing that a child could read.
    """
    number = KEYCTL.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        import ctypes  # noqa: PLC0415 - it would slow down each start of the controller

        ctypes.CDLL(None).syscall(ctypes.c_long(number), ctypes.c_long(JOIN_SESSION_KEYRING), None)
