"""Mounts that the controller makes itself, if the kernel allows it (root with CAP_SYS_ADMIN); removed by path.

They lie beneath a session's folder, so those that a dead controller left are found in the kernel's own table.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["filesystem", "mount_overlay", "mount_sized", "mounted", "unmount_beneath"]

_NOSUID, _NODEV = 2, 4  # mount(2)
_DETACH, _NOFOLLOW = 2, 8  # umount2(2)
_BYTES_PER_INODE = 4096
_ESCAPE = re.compile(r"\\([0-7]{3})")


def mount_sized(folder: Path, size: int) -> bool:
    """Mount a tmpfs of `size` bytes, with one inode per 4 KiB, on `folder`; false if we have no right to."""
    options = f"size={size},nr_inodes={size // _BYTES_PER_INODE},mode=0700"
    try:
        _mount("tmpfs", folder, options)
    except OSError:
        return False
    return True


def mount_overlay(lower: Sequence[Path], upper: Path, work: Path, target: Path) -> None:
    """Show the trees `lower` (lowest first) at `target`; writes go to `upper`. Raises `OSError`."""
    layers = ":".join(_quoted(path) for path in reversed(lower))
    _mount("overlay", target, f"lowerdir={layers},upperdir={_quoted(upper)},workdir={_quoted(work)}")


def unmount_beneath(folder: Path) -> list[str]:
    """Unmount `folder` and everything beneath it, innermost first; a mount in use disappears with its last user.

    Returns the mount points. Raises `OSError` if one cannot be unmounted.
    """
    top = folder.resolve()
    places = [place for place in mounted() if place == top or top in place.parents]
    for place in reversed(places):
        if _libc().umount2(os.fsencode(place), _DETACH | _NOFOLLOW):
            _fail(place)
    return [str(place) for place in places]


def mounted() -> list[Path]:
    """Every mount point, in the order of mounting."""
    return [mount.place for mount in _mounts()]


def filesystem(folder: Path) -> str:
    """The kernel's name for the type of file system that `folder` is on; empty if unknown."""
    status = folder.stat()
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    return next((mount.type for mount in _mounts() if mount.device == device), "")


@dataclass(frozen=True, slots=True)
class _Mounted:
    device: str
    place: Path
    type: str


def _mounts() -> Iterator[_Mounted]:
    """The kernel's table, in the order of mounting (proc_pid_mountinfo(5))."""
    # Only a line feed ends a line: the kernel does not escape other separators in a name, such as U+2028.
    for line in os.fsdecode(Path("/proc/self/mountinfo").read_bytes()).split("\n"):
        if not line:
            continue
        fields, _, rest = line.partition(" - ")
        _, _, device, _, place, *_ = fields.split(" ")
        unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), place)
        yield _Mounted(device, Path(unescaped), rest.split(" ")[0])


def _mount(kind: str, target: Path, options: str) -> None:
    if _libc().mount(kind.encode(), os.fsencode(target), kind.encode(), _NOSUID | _NODEV, os.fsencode(options)):
        _fail(target)


def _quoted(path: Path) -> str:
    """A path in an option of an overlay, in which a colon separates layers and a comma separates options."""
    return re.sub(r"([\\:,])", r"\\\1", str(path))


def _fail(place: Path) -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), str(place))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
