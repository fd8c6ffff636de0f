"""The append-only journal of a session: JSON Lines, each hashed into the next, each on disk before the next step."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from rfsn.errors import JournalError
from rfsn.events import Event

__all__ = ["Entry", "Journal", "read_journal"]

_NO_HASH = "0" * 64


class Entry(BaseModel):
    """One line of a journal.

    `sequence` counts from 0, `clock` is the seconds of work of the session until then, `previous` the SHA-256 of the
    line before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    sequence: int
    time: str
    clock: float
    previous: str
    event: Event


class Journal:
    """A journal that is open for appending. A lock keeps every other controller off it."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`. A torn last line, left by a crash, is cut off; other damage is a `JournalError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise JournalError(f"{path.parent.name} is in use by another rfsn: wait for it, or end it first") from error
        self._path = path
        try:
            self._load()
        except JournalError:
            os.close(self._descriptor)
            raise
        self._started = time.monotonic() - (self.entries[-1].clock if self.entries else 0.0)

    def _load(self) -> None:
        """Read what is on disk, and cut off a torn last line."""
        data = self._path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.ftruncate(self._descriptor, len(whole))
        self.entries = list(_parsed(whole, self._path))
        self._hash = _line_hash(whole.splitlines()[-1]) if whole else _NO_HASH

    @property
    def clock(self) -> float:
        """Seconds of work of the session, the pauses between a crash and a resume left out."""
        return time.monotonic() - self._started

    def append(self, event: Event) -> None:
        """Write one event and wait until it is on disk."""
        entry = Entry(
            sequence=len(self.entries),
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            clock=round(self.clock, 3),
            previous=self._hash,
            event=event,
        )
        line = entry.model_dump_json().encode()
        try:
            os.write(self._descriptor, line + b"\n")
            os.fsync(self._descriptor)
            self._hash = _line_hash(line)
            self.entries.append(entry)
        except OSError as error:
            self._load()
            raise JournalError(f"the journal cannot be written: {error.strerror}: make room, then resume") from error
        except KeyboardInterrupt:
            self._load()  # the line may be on disk, whole or torn: what is there counts, not what was meant
            raise

    def close(self) -> None:
        """Release the lock. Closing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> list[Entry]:
    """The entries of a journal that may be in use; a torn last line is left out. Raises `JournalError` for damage."""
    data = path.read_bytes()
    return list(_parsed(data[: data.rfind(b"\n") + 1], path))


def _parsed(data: bytes, path: Path) -> Iterator[Entry]:
    previous = _NO_HASH
    for number, line in enumerate(data.splitlines()):
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError as error:
            raise JournalError(f"{path}:{number + 1}: the line is no event: {error.errors()[0]['msg']}") from error
        if entry.sequence != number or entry.previous != previous:
            raise JournalError(f"{path}:{number + 1}: the line does not follow from the one before: it was altered")
        yield entry
        previous = _line_hash(line)


def _line_hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
