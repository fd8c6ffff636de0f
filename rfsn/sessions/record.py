"""A session as read from its journal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Self

from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import SessionStarted
from rfsn.sessions.journal import Entry, read_journal
from rfsn.sessions.projection import Projection, fold

__all__ = ["JOURNAL", "Record"]

JOURNAL = "journal.jsonl"
"""The journal in the folder of a session."""


class Record:
    """What the journal in a folder says, up to the last entry that was taken.

    Reading takes no lock: a controller may be working on the session. `Session` is the record that a controller writes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.blobs = BlobStore(self.folder / "blobs")
        self.projection = Projection()
        self.recollect()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The record on disk. Raises `JournalError` for damage and `UsageError` if the journal is empty."""
        record = cls(folder)
        if record.projection.started is None:
            raise UsageError(f"{record.folder} has an empty journal: there is nothing to report")
        return record

    def recollect(self) -> None:
        """Read the whole journal again, as it is what counts: an interrupt may come between it and the projection."""
        self._first: Entry | None = None
        self._last: Entry | None = None
        self.projection = Projection()
        for entry in read_journal(self.folder / JOURNAL):
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        """Fold in one more entry."""
        self._first = self._first or entry
        self._last = entry
        self.projection = fold(self.projection, entry.event)

    def entries(self) -> Iterator[Entry]:
        """All entries, read from the disk again: those of a long session would take much memory."""
        return islice(read_journal(self.folder / JOURNAL), self.last.sequence + 1)

    @property
    def first(self) -> Entry:
        """The first entry; every session that has begun has one."""
        assert self._first is not None
        return self._first

    @property
    def last(self) -> Entry:
        """The last entry that was taken."""
        assert self._last is not None
        return self._last

    @property
    def started(self) -> SessionStarted:
        """How the session began."""
        assert self.projection.started is not None
        return self.projection.started

    @property
    def config(self) -> Config:
        """The configuration with which the session began."""
        return Config.model_validate(self.started.config, strict=False)

    @property
    def base(self) -> Path:
        """The snapshot of the source."""
        return self.folder / "base"

    @property
    def seconds(self) -> float:
        """How long the session has worked."""
        return self.last.clock
