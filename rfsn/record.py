"""A session as its journal tells it, for whoever only reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rfsn.blobs import BlobStore
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.events import SessionStarted
from rfsn.journal import Entry, read_journal
from rfsn.session import Progress, Session, fold

__all__ = ["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """What a session's journal held at one moment. No lock is taken: a controller may be at work on it."""

    folder: Path
    entries: tuple[Entry, ...]
    progress: Progress
    blobs: BlobStore

    @classmethod
    def of(cls, session: Session) -> Self:
        """The record of an open session."""
        return cls(session.folder, tuple(session.journal.entries), session.progress, session.blobs)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The record on disk. Raises `JournalError` for damage and `UsageError` where nothing was begun."""
        folder = folder.resolve()
        entries = tuple(read_journal(folder / "journal.jsonl"))
        progress = Progress()
        for entry in entries:
            progress = fold(progress, entry.event)
        if progress.started is None:
            raise UsageError(f"{folder} has an empty journal: there is nothing to report")
        return cls(folder, entries, progress, BlobStore(folder / "blobs"))

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
        return self.entries[-1].clock
