"""The sessions on this machine: listing them, and removing those that are no longer wanted."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rfsn.errors import JournalError, OtherVersion, UsageError
from rfsn.machine import home
from rfsn.sessions.events import SessionEnded, SessionStarted, SourceTaken
from rfsn.sessions.journal import Entry, read_journal
from rfsn.sessions.outcome import EXIT_CODES
from sandbox import MARK, is_marked, remove_marked, remove_tree

__all__ = ["STATUSES", "Listed", "Pruned", "choose", "journal_lock", "list_sessions", "prune"]

STATUSES = (*EXIT_CODES, "running", "damaged", "other_version")
"""What a listed session may be: its status at its end; held by a controller now; with a journal that cannot be read, or
that another version of rfsn wrote."""

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Listed:
    """One session in rfsn's own folder. Times are UTC; `bytes` is how much disk its folder takes."""

    name: str
    folder: Path
    begun: datetime
    last: datetime
    status: str
    source: str
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning removed, or would remove; what it kept because a controller holds it, or rfsn did not make it."""

    removed: tuple[Listed, ...]
    in_use: tuple[Listed, ...]
    unmarked: tuple[Listed, ...]

    @property
    def bytes(self) -> int:
        """The disk space that was freed."""
        return sum(session.bytes for session in self.removed)


def list_sessions() -> list[Listed]:
    """Every session in rfsn's own folder, newest first."""
    try:
        folders = list(home.sessions_home().iterdir())
    except FileNotFoundError:
        return []
    sessions = (_listed(folder) for folder in folders if _is_session(folder))
    return sorted(sessions, key=lambda session: (session.begun, session.name), reverse=True)


def choose(
    sessions: Sequence[Listed], now: datetime, *, keep: int, older_than: float, statuses: Collection[str] = ()
) -> list[Listed]:
    """Of sessions in the order of `list_sessions`, those beyond the newest `keep` and idle for `older_than` days.

    `statuses` narrows what is chosen, not what is counted. Raises `UsageError` for an unknown status.
    """
    if unknown := sorted(set(statuses) - set(STATUSES)):
        raise UsageError(f"--status {unknown[0]}: unknown status; known are {', '.join(STATUSES)}")
    limit = now - timedelta(days=older_than)
    old = [session for session in sessions[keep:] if session.last <= limit]
    return [session for session in old if not statuses or session.status in statuses]


def prune(sessions: Sequence[Listed], *, dry_run: bool) -> Pruned:
    """Remove sessions, but none whose journal is locked, and no folder without rfsn's mark."""
    removed: list[Listed] = []
    in_use: list[Listed] = []
    unmarked = tuple(session for session in sessions if not is_marked(session.folder))
    for session in (session for session in sessions if session not in unmarked):
        with journal_lock(session.folder / "journal.jsonl", fcntl.LOCK_EX) as free:
            (removed if free else in_use).append(session)
            if free and not dry_run:
                _remove(session.folder)
    return Pruned(tuple(removed), tuple(in_use), unmarked)


def _is_session(folder: Path) -> bool:
    """Whether a folder has a journal of its own, and neither is a link."""
    journal = folder / "journal.jsonl"
    return not folder.is_symlink() and not journal.is_symlink() and journal.is_file()


def _listed(folder: Path) -> Listed:
    journal = folder / "journal.jsonl"
    entries, unread = [], "damaged"
    try:
        entries = list(read_journal(journal))
    except OtherVersion:
        unread = "other_version"
    except JournalError:
        pass
    touched = datetime.fromtimestamp(journal.stat().st_mtime, UTC).replace(microsecond=0)
    times = [datetime.fromisoformat(entry.time) for entry in entries] or [touched]
    return Listed(
        name=folder.name,
        folder=folder,
        begun=times[0],
        last=times[-1],
        status=_status(entries, journal, unread),
        source=_source(entries),
        seconds=entries[-1].clock if entries else 0.0,
        bytes=_size(folder),
    )


def _status(entries: Sequence[Entry], journal: Path, unread: str) -> str:
    if entries and isinstance(entries[-1].event, SessionEnded):
        return entries[-1].event.status
    with journal_lock(journal, fcntl.LOCK_SH) as free:
        if not free:
            return "running"
    return "interrupted" if entries else unread


def _source(entries: Sequence[Entry]) -> str:
    source = ""
    for entry in entries:
        match entry.event:
            case SessionStarted(source=named):
                source = named
            case SourceTaken(origin=origin):
                return origin
    return source


def _size(folder: Path) -> int:
    """The disk space that a tree takes; a file with several names is counted once."""
    seen: dict[tuple[int, int], int] = {}
    paths = (Path(where, name) for where, folders, files in os.walk(folder) for name in (*folders, *files))
    for path in (folder, *paths):
        try:
            status = path.lstat()
        except FileNotFoundError:  # a running session removes its scratch files meanwhile
            continue
        seen[status.st_dev, status.st_ino] = status.st_blocks * _BLOCK
    return sum(seen.values())


@contextmanager
def journal_lock(journal: Path, kind: int) -> Iterator[bool]:
    """Hold the lock of a journal if it is free; the shared lock lets others read at the same time."""
    mode = os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY
    descriptor = os.open(journal, mode | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove a session, its journal last: if that is stopped half-way, the rest is still a session to prune."""
    for path in folder.iterdir():
        if path.name not in {"journal.jsonl", MARK}:
            remove_tree(path)
    remove_marked(folder)
