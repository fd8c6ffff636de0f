"""How much a sandbox has written to the host's disk, if no separate file system limits it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.model import SandboxSpec

__all__ = ["DiskQuota", "disk_usage"]

_PAUSE_S = 0.1
_BYTES_PER_FILE = 4096
_SCARCE = 20


@dataclass(slots=True)
class DiskQuota:
    """A limit (in bytes; a file counts at least 4 KiB) on what is written to `folders` from now on.

    The free space of their file system is cheap to query; only if it has shrunk by the limit are the folders themselves
    measured, because others write there too. So a writer is noticed shortly after it exceeds the limit. Files that are
    deleted while open cannot be measured: they are noticed once little free space is left.
    """

    folders: Sequence[Path]
    limit: int
    _before: list[tuple[int, int]] = field(init=False)
    _next: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._before = [_free(folder) for folder in self.folders]

    @classmethod
    def of(cls, spec: SandboxSpec) -> DiskQuota:
        """The quota of a sandbox: on its workspace and its writable mounts."""
        writable = [mount.source for mount in spec.mounts if mount.writable]
        return cls(writable if spec.read_only else [spec.workspace, *writable], spec.limits.disk_bytes)

    def exceeded(self) -> bool:
        """Whether the limit is exceeded; may be called at any rate."""
        began = time.monotonic()
        if began < self._next:
            return False
        left = [
            pair
            for folder, before in zip(self.folders, self._before, strict=True)
            for pair in zip(before, _free(folder), strict=True)
        ]
        shrunk = any(before - now >= self.limit for before, now in left)
        scarce = any(now * _SCARCE < before for before, now in left)
        over = shrunk and (scarce or sum(map(disk_usage, self.folders)) >= self.limit)
        # Measuring may take long: spend at most a tenth of the time on it.
        self._next = time.monotonic() + max(_PAUSE_S, 10 * (time.monotonic() - began))
        return over


def _free(folder: Path) -> tuple[int, int]:
    """Free bytes, and the bytes that the free inodes would take."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0, 0
    return status.f_bfree * status.f_frsize, status.f_ffree * _BYTES_PER_FILE


def disk_usage(folder: Path) -> int:
    """Bytes of everything beneath a folder, even while others write; a file counts at least 4 KiB. Follows no link."""
    total = 0
    folders = [os.fspath(folder)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    total += max(status.st_blocks * 512, _BYTES_PER_FILE)
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(entry.path)
    return total
