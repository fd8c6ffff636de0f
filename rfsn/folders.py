"""Folders that others wrote, read and filled through descriptors: no link is followed, no pipe is waited for."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rfsn.errors import UsageError
from sandbox.workspace import CHUNK, FOLDER, NEW, PLAIN

__all__ = [
    "drain",
    "is_git_name",
    "kind_of",
    "list_folder",
    "new_file",
    "opened_beneath",
    "opened_folder",
    "read_plain",
]

_SHORT_NAMES = {".git", "git~1"}
_HIDDEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


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


@contextmanager
def opened_beneath(at: int, names: list[str]) -> Iterator[int]:
    """A descriptor of the folder at the end of `names`, each opened in the one before; raises as `opened_folder`."""
    fd = os.dup(at)
    try:
        for name in names:
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


def read_plain(name: str, at: int, limit: int, what: str) -> bytes | None:
    """The content of the regular file `name` in an open folder; None where there is no such file.

    Raises `UsageError`, with `what` for its name, where it is not readable or longer than `limit` bytes.
    """
    if kind_of(name, at) != stat.S_IFREG:
        return None
    try:
        fd = os.open(name, PLAIN, dir_fd=at)
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = b"".join(drain(fd, limit + 1))
    finally:
        os.close(fd)
    if len(content) > limit:
        raise UsageError(f"{what} is larger than {limit} bytes, which no repository needs: look into it")
    return content


def drain(fd: int, limit: int) -> Iterator[bytes]:
    """What is to be read from a descriptor, a piece at a time, `limit` bytes at most."""
    while limit > 0 and (data := os.read(fd, min(CHUNK, limit))):
        limit -= len(data)
        yield data


@contextmanager
def new_file(name: str, at: int, mode: int = 0o644) -> Iterator[int]:
    """A descriptor of the new file `name` in an open folder; its mode is set at the end. Raises `OSError`."""
    fd = os.open(name, NEW, 0o600, dir_fd=at)
    try:
        yield fd
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def is_git_name(name: str) -> bool:
    """Whether git, or some file system, may take a file's name for `.git`: such a one is never written."""
    for part in name.split("\\"):
        plain = _HIDDEN.sub("", part.partition(":")[0]).rstrip(" .").casefold()
        if plain in _SHORT_NAMES:
            return True
    return False
