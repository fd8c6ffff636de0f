"""Files that are on the disk whole or not at all, whatever fills the disk or ends the process."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rfsn.errors import JournalError, StorageError, UsageError
from sandbox.folders import write_all
from sandbox.maker import Maker

__all__ = [
    "LineFile",
    "is_short_of_room",
    "remove_partials",
    "require_room",
    "storing",
    "sync_path",
    "usable",
    "write_streamed",
    "write_unsynced",
    "write_whole",
]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_ROOM = {*_FULL, errno.EFBIG}
_LEAST_ROOM = 1 << 20
_MAX_SAID = 300
_PARTIAL = re.compile(r"\..+\.(?P<maker>[^.]+)\.[0-9a-f]{8}\.partial")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_GROWING = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, content: bytes | str) -> None:
    """Put a file at `path`; a reader sees the old content or the new, also after a power cut. Raises `OSError`.

    Text is written as UTF-8, with the bytes that surrogate escapes stand for.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    write_streamed(path, [data])


def write_streamed(path: Path, chunks: Iterable[bytes]) -> None:
    """The same, for content that is made while it is written."""
    os.close(_put(path, chunks, sync=True))
    sync_path(path.parent)


def write_unsynced(path: Path, data: bytes) -> int:
    """The same, until the power is cut: gives the open descriptor, which has to be synced, then the folder."""
    return _put(path, [data], sync=False)


def _put(path: Path, chunks: Iterable[bytes], *, sync: bool) -> int:
    partial = path.with_name(f".{path.name}.{Maker.own()}.{os.urandom(4).hex()}.partial")
    try:
        descriptor = os.open(partial, _NEW, 0o644)
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        for chunk in chunks:
            write_all(descriptor, chunk)
        if sync:
            os.fsync(descriptor)
        partial.rename(path)
    except BaseException as error:
        os.close(descriptor)
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(partial):
            error.filename, error.filename2 = str(path), None  # what is in the way, not what has just been removed
        raise
    return descriptor


def remove_partials(folder: Path) -> None:
    """Remove the files in `folder` that `write_whole` had not finished when its process was killed."""
    for path in folder.glob(".*.partial"):
        named = _PARTIAL.fullmatch(path.name)
        maker = Maker.parse(named["maker"]) if named else None
        if maker is not None and maker.is_dead():
            path.unlink(missing_ok=True)


class LineFile:
    """A file that grows by whole lines. If adding one raises, none of it stays."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`, which must not be a symbolic link. Raises `OSError`."""
        self.path = path
        self.descriptor = os.open(path, _GROWING, 0o644)
        self._size: int | None = None
        self._synced = 0
        self._all_synced = False

    def load(self) -> int:
        """How many bytes the whole lines take; a torn last line, which a crash left, is cut off."""
        size = _whole(self.descriptor)
        if size < os.fstat(self.descriptor).st_size:
            os.ftruncate(self.descriptor, size)
        self._size = self._synced = size  # whoever wrote them may have been killed before they were synced
        self._all_synced = False
        return size

    def append(self, line: bytes, *, sync: bool = True) -> None:
        """Add one line, given without its end. If that fails (`OSError`) or is interrupted, the line is taken back.

        If even that fails, the next call takes it back first, and so does whoever opens the file next. A line that is
        not to `sync` is on the disk when a later one is, or `sync` returns.
        """
        size = self.load() if self._size is None else self._size
        self._size = None  # not known until all of the line is there
        try:
            write_all(self.descriptor, line + b"\n")
            if sync:
                self._to_disk()
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self.descriptor, min(size, os.fstat(self.descriptor).st_size))
                os.fsync(self.descriptor)
            raise
        self._size = size + len(line) + 1
        self._all_synced = sync
        if sync:
            self._synced = self._size

    def sync(self) -> None:
        """Put every line on the disk. Raises `OSError`."""
        size = self.load() if self._size is None else self._size
        if not self._all_synced:
            self._to_disk()
            self._synced, self._all_synced = size, True

    def _to_disk(self) -> None:
        """Sync the file; if the disk refuses, what it has not taken for certain is taken back."""
        try:
            os.fsync(self.descriptor)
            if not self._synced:
                sync_path(self.path.parent)
        except OSError:
            self._size = None
            with suppress(OSError):
                os.ftruncate(self.descriptor, self._synced)
            raise

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@contextmanager
def storing(folder: Path, remedy: str) -> Iterator[None]:
    """Turn any error of the block that a full disk caused into a `StorageError` that says what to do."""
    try:
        yield
    except (StorageError, JournalError):
        raise
    except Exception as error:
        if not is_short_of_room(error, folder):
            raise
        why = str(error).strip()[-_MAX_SAID:]
        raise StorageError(f"the disk is full ({why}): free some space, then {remedy}") from error


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn an error in creating or writing `folder` into a `UsageError`, unless the disk is full."""
    try:
        yield
    except OSError as error:
        if is_short_of_room(error, folder):
            raise
        why = error.strerror or str(error)
        raise UsageError(f"{error.filename or folder}: {why}: choose another --out than {folder}") from error


def is_short_of_room(error: Exception, folder: Path) -> bool:
    """Whether a full disk, or a limit on files, caused an error.

    An error of the system says so itself; for a tool that failed, its message does, or `folder` has no space left.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _NO_ROOM
    if any(os.strerror(number) in str(error) for number in _FULL):
        return True
    try:
        require_room(folder)
    except OSError as lacking:
        return lacking.errno in _FULL
    return False


def require_room(folder: Path) -> None:
    """Raise `OSError` (ENOSPC) if the disk is full.

    Call it before using what programs have written: some do not notice that it was cut short, such as the interpreter
    when it compiles (github.com/python/cpython/issues/126606).
    """
    there = os.statvfs(folder)
    if not there.f_blocks:  # not a disk, but something like /proc
        return
    if there.f_bavail * there.f_frsize < _LEAST_ROOM or (there.f_files > 0 and there.f_favail == 0):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _whole(descriptor: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - (1 << 16))
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def sync_path(path: Path) -> None:
    """Put the content of a file on the disk, or the names in a folder. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
