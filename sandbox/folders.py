"""Folders that others write, used through descriptors: no link is followed, no pipe is waited for."""

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
# O_NONBLOCK: opening a FIFO must not wait for its other end.
PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
CHUNK = 1 << 20


@contextmanager
def opened_folder(name: str | Path, at: int | None = None, how: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of the folder `name` (in the folder open at `at`). Raises `OSError` where it is a link or none.

    With `how` as `os.O_PATH` it takes no right to list the folder, and gives none.
    """
    fd = os.open(name, FOLDER | how, dir_fd=at)
    try:
        yield fd
    finally:
        os.close(fd)


def identity(fd: int) -> str:
    """What an open folder is, whatever it is called: no other folder that there is has the same."""
    status = os.fstat(fd)
    return f"{status.st_dev}:{status.st_ino}"


@contextmanager
def opened_path(path: Path, how: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of the folder at an absolute path that has no links: each part is opened in the one before.

    What others may write to can become a link at any time; here that is an `OSError`. `how` as for `opened_folder`.
    """
    with ExitStack() as held:
        fd = held.enter_context(opened_folder("/", how=os.O_PATH))
        *above, last = path.parts[1:] or (".",)
        for name in above:
            fd = held.enter_context(opened_folder(name, fd, os.O_PATH))
        yield held.enter_context(opened_folder(last, fd, how))


@contextmanager
def opened_beneath(at: int, names: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder at the end of `names`, each opened in the one before; raises as `opened_folder`.

    With `make`, those that are not there are made.
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
    """The kind of what `name` is in a folder, as in `stat.S_IFMT`; 0 where nothing is there."""
    try:
        return stat.S_IFMT(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except OSError:
        return 0


def list_folder(at: int) -> list[tuple[str, int]]:
    """The names in an open folder, sorted, each with its kind, as in `stat.S_IFMT`."""
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
    """What is to be read from a descriptor, a piece at a time, `limit` bytes at most."""
    while limit > 0 and (data := os.read(fd, min(CHUNK, limit))):
        limit -= len(data)
        yield data


def write_all(fd: int, content: bytes) -> None:
    """All of it: the system may take less at a time, most of all where the disk is nearly full. Raises `OSError`."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
