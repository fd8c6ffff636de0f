"""Folders that others may write to, accessed through descriptors: no link is followed, and no FIFO blocks."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "CHUNK",
    "FOLDER",
    "NEW",
    "PLAIN",
    "drain",
    "identity",
    "kind_of",
    "list_folder",
    "new_file",
    "opened_beneath",
    "opened_folder",
    "opened_path",
    "write_all",
]

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for the other end.
PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
CHUNK = 1 << 20


@contextmanager
def opened_folder(name: str | Path, at: int | None = None, how: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of the folder `name` (in the open folder `at`). Raises `OSError` if it is a link or not a folder.

    With `os.O_PATH` as `how`, the right to list the folder is neither needed nor given.
    """
    fd = os.open(name, FOLDER | how, dir_fd=at)
    try:
        yield fd
    finally:
        os.close(fd)


def identity(fd: int) -> str:
    """The identity of an open folder, whatever its name: no two existing folders have the same."""
    status = os.fstat(fd)
    return f"{status.st_dev}:{status.st_ino}"


@contextmanager
def opened_path(path: Path, how: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of the folder at an absolute path without links: each part is opened in the one before.

    If others may write to a folder in it, a part can become a link at any time; this raises `OSError` then. `how` is as
    for `opened_folder`.
    """
    with ExitStack() as held:
        fd = held.enter_context(opened_folder("/", how=os.O_PATH))
        *above, last = path.parts[1:] or (".",)
        for name in above:
            fd = held.enter_context(opened_folder(name, fd, os.O_PATH))
        yield held.enter_context(opened_folder(last, fd, how))


@contextmanager
def opened_beneath(at: int, names: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder at the end of `names`, each opened in the one before; raises like `opened_folder`.

    With `make`, missing folders are created.
    """
    fd = os.dup(at)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=fd)
            inner = os.open(name, FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd
    finally:
        os.close(fd)


def kind_of(name: str, at: int) -> int:
    """The file type of `name` in an open folder, as from `stat.S_IFMT`; 0 if it does not exist."""
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except OSError:
        return 0


def list_folder(at: int) -> list[tuple[str, int]]:
    """The names in an open folder, sorted, each with its file type, as from `stat.S_IFMT`."""
    with os.scandir(at) as entries:
        return sorted((entry.name, _kind(entry)) for entry in entries)


def _kind(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else stat.S_IFIFO


@contextmanager
def new_file(name: str, at: int | None, mode: int = 0o644) -> Iterator[int]:
    """A descriptor of the new file `name` in an open folder; its mode is set at the end. Raises `OSError`."""
    fd = os.open(name, NEW, 0o600, dir_fd=at)
    try:
        yield fd
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def drain(fd: int, limit: int) -> Iterator[bytes]:
    """The content of a descriptor in chunks, `limit` bytes at most."""
    while limit > 0 and (data := os.read(fd, min(CHUNK, limit))):
        limit -= len(data)
        yield data


def write_all(fd: int, content: bytes) -> None:
    """Write all of `content`: a single write may take less, especially if the disk is nearly full. Raises `OSError`."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
