"""A session as its journal tells it, for whoever only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import SessionStarted
from rfsn.sessions.journal import Entry, read_journal
from rfsn.sessions.session import Progress, Session, fold

__all__ = ["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """What a session's journal held at one moment. No lock is taken: a controller may be at work on it."""

    folder: Path
    first: Entry
    last: Entry
    progress: Progress
    blobs: BlobStore

    @classmethod
    def of(cls, session: Session) -> Self:
        """The record of an open session."""
        return cls._read(session.folder, session.blobs)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The record on disk. Raises `JournalError` for damage and `UsageError` where nothing was begun."""
        folder = folder.resolve()
        return cls._read(folder, BlobStore(folder / "blobs"))

    @classmethod
    def _read(cls, folder: Path, blobs: BlobStore) -> Self:
        progress = Progress()
        first = last = None
        for last in read_journal(folder / "journal.jsonl"):
            first = first or last
            progress = fold(progress, last.event)
        if first is None or last is None or progress.started is None:
            raise UsageError(f"{folder} has an empty journal: there is nothing to report")
        return cls(folder, first, last, progress, blobs)

    def entries(self) -> Iterator[Entry]:
        """All entries, read from the disk again: a long session's take more memory than whoever looks at them."""
        return islice(read_journal(self.folder / "journal.jsonl"), self.last.sequence + 1)

    @property
    def started(self) -> SessionStarted:
        """How the session began."""
        assert self.progress.started is not None
        return self.progress.started

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
