"""Copying a tree that others wrote, folder by folder through descriptors: each file is copied as it is, or left out.

Regular files and symbolic links (as links) are copied; pipes, sockets, devices and whatever git could take for a `.git`
are not. Whatever the names and the kinds, nothing outside the two folders is read or written.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Protocol

from rfsn.errors import UsageError
from rfsn.source.folders import is_git_name
from sandbox.folders import CHUNK, FOLDER, PLAIN, list_folder, new_file, opened_folder, write_all

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_FILES", "Copied", "Everything", "Selection", "copy_selected"]

MAX_BYTES = 4 << 30
"""The most bytes of a source."""

MAX_FILES = 500_000
"""The most files and links of a source."""

MAX_DEPTH = 150
"""The greatest depth of folders in a source."""

_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_POINTER = 1024


class Selection[State](Protocol):
    """Which files of a tree are copied. A `State` is what it knows of a folder, passed back for whatever is in it."""

    def start(self) -> State:
        """The state of the top."""
        ...

    def enter(self, path: str, fd: int, above: State) -> State | None:
        """The state of the folder at `path`, which is open; None if nothing in it is copied."""
        ...

    def takes(self, path: str, state: State) -> bool:
        """Whether the file or link at `path`, in a folder of that state, is copied."""
        ...


class Everything:
    """A selection of all files."""

    def start(self) -> bool:
        """The state is the same everywhere."""
        return True

    def enter(self, path: str, fd: int, above: bool) -> bool:  # noqa: ARG002, FBT001
        """Every folder."""
        return above

    def takes(self, path: str, state: bool) -> bool:  # noqa: ARG002, FBT001
        """Every file."""
        return state


@dataclass(slots=True)
class Copied:
    """How many files and links were copied, how many bytes, and which pointers of Git LFS lack their content."""

    files: int = 0
    size: int = 0
    pointers: list[str] = field(default_factory=list)


def copy_selected[State](source: int, target: int, selection: Selection[State], origin: str) -> Copied:
    """Copy the files that `selection` takes from the open folder `source` into the open, empty folder `target`.

    `origin` names the source in messages. Raises `UsageError` if the source is too large, or something in it cannot be
    read.
    """
    copier = _Copier(selection, origin)
    copier.folder(source, _Target(target), "", selection.start(), 0)
    return copier.copied


class _Target:
    """A folder that is created once something is put into it."""

    def __init__(self, fd: int = -1, above: _Target | None = None, name: str = "") -> None:
        self._fd, self._above, self._name = fd, above, name

    @property
    def fd(self) -> int:
        if self._fd < 0:
            assert self._above is not None
            at = self._above.fd
            os.mkdir(self._name, 0o755, dir_fd=at)
            self._fd = os.open(self._name, FOLDER, dir_fd=at)
        return self._fd

    def close(self) -> None:
        if self._above is not None and self._fd >= 0:
            os.close(self._fd)


class _Copier[State]:
    def __init__(self, selection: Selection[State], origin: str) -> None:
        self.copied = Copied()
        self._selection = selection
        self._origin = origin

    def folder(self, source: int, target: _Target, prefix: str, state: State, depth: int) -> None:
        for name, kind in list_folder(source):
            path = prefix + name
            if is_git_name(name):
                continue
            if stat.S_ISDIR(kind):
                self._enter(name, source, target, path, state, depth + 1)
            elif self._selection.takes(path, state):
                self._take(name, kind, source, target, path)

    def _enter(self, name: str, source: int, target: _Target, path: str, state: State, depth: int) -> None:
        with ExitStack() as held:
            try:
                fd = held.enter_context(opened_folder(name, source, os.O_PATH))
            except OSError:  # it has been replaced meanwhile
                return
            inner = self._selection.enter(path, fd, state)
            if inner is None:
                return
            if depth > MAX_DEPTH:
                raise UsageError(f"{self._origin} has folders over {MAX_DEPTH} deep: {path[:100]}...; {_LEAVE_OUT}")
            try:
                listed = held.enter_context(opened_folder(name, source))
            except OSError as error:
                raise UsageError(f"{self._origin}: {path} cannot be read: {error.strerror}; {_LEAVE_OUT}") from error
            below = _Target(above=target, name=name)
            held.callback(below.close)
            self.folder(listed, below, f"{path}/", inner, depth)

    def _take(self, name: str, kind: int, source: int, target: _Target, path: str) -> None:
        if stat.S_ISLNK(kind):
            if name.casefold() in _NEVER_LINKS:
                return
            with suppress(FileNotFoundError):
                os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target.fd)
                self._count(path, 0)
        elif stat.S_ISREG(kind):
            self._file(name, source, target, path)

    def _file(self, name: str, source: int, target: _Target, path: str) -> None:
        try:
            fd = os.open(name, PLAIN, dir_fd=source)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"{self._origin}: {path} cannot be read: {error.strerror}; {_LEAVE_OUT}") from error
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return
            self._count(path, status.st_size)
            self.copied.size -= status.st_size  # only what is read counts
            with new_file(name, target.fd, 0o755 if status.st_mode & stat.S_IXUSR else 0o644) as made:
                self._content(fd, made, path)
        finally:
            os.close(fd)

    def _content(self, fd: int, made: int, path: str) -> None:
        read = 0
        while data := os.read(fd, CHUNK):
            self.copied.size += len(data)
            self._check(path)
            if not read and len(data) < _MAX_POINTER and data.startswith(_POINTER):
                self.copied.pointers.append(path)
            read += len(data)
            write_all(made, data)

    def _count(self, path: str, size: int) -> None:
        self.copied.files += 1
        self.copied.size += size
        self._check(path)

    def _check(self, path: str) -> None:
        if self.copied.files > MAX_FILES:
            raise UsageError(f"{self._origin} has more than {MAX_FILES} files; {_LEAVE_OUT}")
        if self.copied.size > MAX_BYTES:
            raise UsageError(f"{self._origin} has more than {MAX_BYTES >> 30} GiB, with {path}; {_LEAVE_OUT}")


_LEAVE_OUT = "put what is not needed into .gitignore"
# git refuses these as links, because it reads them itself.
_NEVER_LINKS = {".gitmodules"}
