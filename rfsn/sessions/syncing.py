"""Files of a folder on their way to the disk: threads see to it while their writer goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rfsn.errors import StorageError
from rfsn.machine.files import is_short_of_room
from rfsn.machine.home import resume_command

__all__ = ["Syncing", "unwritable"]

_AT_ONCE = 4
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def unwritable(path: Path, session: Path, error: OSError) -> StorageError:
    """The error of a session whose disk refuses to take what is in `path`: where, why, and how to go on."""
    remedy = "free some space" if is_short_of_room(error, session) else "see to the disk"
    problem = f"{path} cannot be written: {error.strerror}: {remedy}"
    return StorageError(f"{problem}, then continue with: {resume_command(session)}")


class _Written(NamedTuple):
    descriptor: int
    may_wait: bool


class Syncing:
    """The files that were written to one folder and may not be on the disk yet, with their open descriptors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool: ThreadPoolExecutor | None = None
        self._directory = -1
        self._written: list[_Written] = []
        self._under_way: list[tuple[Future[None], list[_Written]]] = []

    def add(self, descriptor: int, *, may_wait: bool = False) -> None:
        """Take over a file; `finish` need not wait for one that may."""
        self._written.append(_Written(descriptor, may_wait))

    def add_old(self, name: str) -> None:
        """The same for a file whose writer may have been killed before it was synced."""
        self.add(os.open(self._folder / name, _FILE))

    def begin(self) -> None:
        """Have a thread sync everything that was added."""
        if not self._written:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_ONCE, "sync")
            self._directory = os.open(self._folder, _FOLDER)
        descriptors = [written.descriptor for written in self._written]
        self._under_way.append((self._pool.submit(_sync, descriptors, self._directory), self._written))
        self._written = []

    def finish(self) -> None:
        """Wait until everything is on the disk, but what may wait and was added since `begin`. Raises `OSError`."""
        if not all(written.may_wait for written in self._written):
            self.begin()
        while self._under_way:
            synced, files = self._under_way[0]
            synced.result()
            del self._under_way[0]
            for written in files:
                os.close(written.descriptor)

    def close(self) -> None:
        """Finish, and end the threads if there are any. Raises `OSError`."""
        try:
            self.begin()
            self.finish()
        finally:
            if self._pool is not None:
                self._pool.shutdown()
                os.close(self._directory)
                self._pool = None


def _sync(descriptors: Sequence[int], directory: int) -> None:
    for descriptor in (*descriptors, directory):  # the names after what they stand for
        os.fsync(descriptor)
