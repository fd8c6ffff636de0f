"""The append-only journal of a session: JSON Lines, each hashed into the next, each on disk before the next step."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from buildpacks.text import spelled
from rfsn.errors import InfraError, JournalError, OtherVersion, StorageError
from rfsn.machine.files import LineFile
from rfsn.sessions.events import FORMAT, Event
from rfsn.sessions.syncing import unwritable
from sandbox import UnsafePath, read_beneath

__all__ = ["Entry", "Journal", "has_events", "read_journal"]

# The largest events name every test of a suite: about 100 bytes each, of at most about 100,000.
_MAX_LINE = 64 << 20
_NO_HASH = "0" * 64
_PATIENCE_S, _PAUSE_S = 2.0, 0.02


class Entry(BaseModel):
    """One line of a journal.

    `sequence` counts from 0, `clock` is how many seconds the session has worked until then, `previous` is the SHA-256
    of the line before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    sequence: int
    time: str
    clock: float
    previous: str
    event: Event


class Journal:
    """A journal that is open for appending. A lock keeps every other controller out.

    The file on the disk is what counts: after a line that failed or was interrupted, it is read again.
    """

    def __init__(self, path: Path) -> None:
        """Open or create `path`. A torn last line, left by a crash, is cut off; other damage is a `JournalError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = LineFile(path)
        try:
            _lock(self._file.descriptor)
            self._load()
        except BlockingIOError as error:
            self._file.close()
            raise JournalError(f"{path.parent.name} is in use by another rfsn: wait for it, or end it first") from error
        except BaseException:
            self._file.close()
            raise
        self._started = time.monotonic() - (self._last.clock if self._last else 0.0)

    def _load(self) -> None:
        """Read what is on disk, and cut off a torn last line."""
        self._file.load()
        self._last: Entry | None = None
        self._hash = _NO_HASH
        for entry, line_hash in _checked(self._file.path):
            self._last, self._hash = entry, line_hash
        self._known = True

    @property
    def clock(self) -> float:
        """How many seconds the session has worked, without the pauses between a crash and a resume."""
        return time.monotonic() - self._started

    @property
    def last(self) -> Entry | None:
        """The last entry; None if there is none yet."""
        return self._last

    def append(self, event: Event, *, sync: bool = True) -> None:
        """Write one event and wait until it is on disk; if it is not to `sync`, until the next one is.

        Raises `StorageError` if the disk refuses it, and `InfraError` if the event is too large to be read again.
        """
        try:
            if not self._known:
                self._load()
            entry = Entry(
                sequence=self._last.sequence + 1 if self._last else 0,
                time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                clock=round(self.clock, 3),
                previous=self._hash,
                event=event,
            )
            line = entry.model_dump_json().encode()
            if len(line) >= _MAX_LINE:
                raise InfraError(f"an event of {len(line) >> 20} MiB is more than a journal holds ({_MAX_LINE >> 20})")
            self._known = False  # until all of this is done: an interrupt may come at any moment
            self._file.append(line, sync=sync)
        except OSError as error:
            raise self._refused(error) from error
        self._last, self._hash = entry, _line_hash(line)
        self._known = True

    def cut(self, sequence: int) -> None:
        """Cut off the entry with this number and all after it. Raises `StorageError` if the disk refuses."""
        self._known = False
        try:
            with self._file.path.open("rb") as lines:
                os.ftruncate(self._file.descriptor, sum(map(len, islice(lines, sequence))))
            self._load()
        except OSError as error:
            raise self._refused(error) from error

    def sync(self) -> None:
        """Wait until every event is on disk. Raises `StorageError` if it refuses, and takes back what it has not."""
        known, self._known = self._known, False
        try:
            self._file.sync()
        except OSError as error:
            raise self._refused(error) from error
        self._known = known

    def _refused(self, error: OSError) -> StorageError:
        return unwritable(self._file.path, self._file.path.parent, error)

    def close(self) -> None:
        """Release the lock. Closing twice does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock(descriptor: int) -> None:
    """Take the lock of a journal; another rfsn that looks for leftovers may hold it for a moment."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_S)


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries of a journal that may be in use; without a torn last line. Raises `JournalError` for damage."""
    return (entry for entry, _ in _checked(path))


def has_events(path: Path) -> bool:
    """Whether a journal has a whole line, whatever it says, or is longer than a torn one could be."""
    try:
        start = read_beneath(path.parent, path.name, _MAX_LINE)
    except UnsafePath:
        return True
    return b"\n" in start or len(start) == _MAX_LINE


def _checked(path: Path) -> Iterator[tuple[Entry, str]]:
    """Each entry with the hash of its line, up to where the file ends now."""
    previous = _NO_HASH
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size
        number = -1
        while line := file.readline(_MAX_LINE + 1):
            number += 1
            left -= len(line)
            if len(line) > _MAX_LINE:
                raise JournalError(f"{path}:{number + 1}: the line is over {_MAX_LINE >> 20} MiB: it is not an event")
            if left < 0 or not line.endswith(b"\n"):
                return
            if number == 0:
                _require_format(line, path)
            entry = _parsed(line, number, path)
            if entry.sequence != number or entry.previous != previous:
                raise JournalError(f"{path}:{number + 1}: the line does not follow from the one before: it was altered")
            previous = _line_hash(line[:-1])
            yield entry, previous


def _require_format(line: bytes, path: Path) -> None:
    """Raise `OtherVersion` for a journal in another format, which its first event names since the second format."""
    try:
        event = json.loads(line)["event"]
        version, written = str(event["version"]), event.get("journal_format", 1)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return  # not a journal at all, which is reported later
    if written != FORMAT:
        problem = f"{path.parent} was written by rfsn {spelled(version)[:40]}, in another format of the journal"
        raise OtherVersion(f"{problem}: that version can continue it; its report.html and report.json stay as they are")


def _parsed(line: bytes, number: int, path: Path) -> Entry:
    try:
        return Entry.model_validate_json(line)
    except ValidationError as error:
        problem = f"{path}:{number + 1}: the line is not an event: {error.errors()[0]['msg']}"
        cut = f"head -n {number} journal.jsonl > whole && mv whole journal.jsonl"
        remedy = f"to continue from the line before, in a copy of {path.parent}: {cut}" if number else "start again"
        raise JournalError(f"{problem}. It was altered, or cut short by a full disk: {remedy}") from error


def _line_hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
