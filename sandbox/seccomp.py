"""The system calls that a bubblewrap sandbox may not make, as a filter for the kernel.

It denies what containers deny by default (Docker's profile, Flatpak's): calls that an ordinary user's programs do not
need and that have exposed kernel vulnerabilities. The filter is built with libseccomp; without that library, there is
none.
"""

from __future__ import annotations

import errno
import tempfile
from contextlib import suppress
from functools import cache
from typing import Any

__all__ = ["filter_program"]

_DENIED = [
    "acct",
    "add_key",
    "bpf",
    "clock_adjtime",
    "clock_settime",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "mount",
    "mount_setattr",
    "move_mount",
    "move_pages",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "quotactl",
    "reboot",
    "request_key",
    "setns",
    "settimeofday",
    "swapoff",
    "swapon",
    "sysfs",
    "syslog",
    "umount",
    "umount2",
    "unshare",
    "uselib",
    "userfaultfd",
    "ustat",
    "vm86",
    "vm86old",
]
# Libraries fall back to the older call if the kernel does not know the newer one.
_UNKNOWN = ("clone3", "io_uring_enter", "io_uring_register", "io_uring_setup")
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag that clone(2) takes
_CONTROLS = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX: typing into another process's terminal
_LAST_FAMILY = 16  # AF_NETLINK, to query interfaces; UNIX and IP come before it; vsock, packets and crypto after it


@cache
def filter_program() -> bytes | None:
    """The filter in the form that the kernel and bwrap take; None if libseccomp is not installed."""
    try:
        import pyseccomp  # type: ignore[import-untyped]  # noqa: PLC0415  # it looks for the library
    except (ImportError, OSError, RuntimeError):
        return None
    rules: Any = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    denied, unknown = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(errno.ENOSYS)
    for action, names in ((denied, _DENIED), (unknown, _UNKNOWN)):
        for name in names:
            with suppress(OSError, ValueError):  # this library or this architecture does not have the call
                rules.add_rule(action, name)
    for flag in (1 << bit for bit in range(32) if _NEW_NAMESPACES >> bit & 1):
        rules.add_rule(denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for control in _CONTROLS:
        rules.add_rule(denied, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, control))
    family = pyseccomp.Arg(0, pyseccomp.GT, _LAST_FAMILY)
    rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", family)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
