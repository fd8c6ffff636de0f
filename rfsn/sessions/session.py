"""An open session: the record of its journal, and its only writer."""

from __future__ import annotations

import secrets
import stat
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from pydantic_core import PydanticSerializationError

from buildpacks.text import spelled
from gate import AskModel, ReadFile, SearchCode
from planners.observations import ModelReplied, Output, SpectrumReady, SuiteRan
from rfsn import __version__
from rfsn.config import Config
from rfsn.errors import JournalError, StorageError, UsageError
from rfsn.machine import home
from rfsn.machine.files import remove_partials, storing, usable, write_whole
from rfsn.sessions.events import (
    CallEnded,
    Event,
    Observed,
    PhaseEnded,
    Proposed,
    Resumed,
    SessionStarted,
    Started,
)
from rfsn.sessions.journal import Entry, Journal, has_events
from rfsn.sessions.projection import Projection, state_hash
from rfsn.sessions.record import JOURNAL, Record
from sandbox import MARK, is_marked, making, mark, remove_unfinished

__all__ = ["Session", "session_folder"]

_NO_FILES: Mapping[str, bytes] = MappingProxyType({})


def session_folder(name: str) -> Path:
    """The folder of a session by its name or path. Raises `UsageError` if there is none."""
    for folder in (Path(name), home.sessions_home() / name):
        if (folder / JOURNAL).is_file():
            _check_places(folder)
            return folder.resolve()
    raise UsageError(f"{name}: no such session in {home.sessions_home()}")


def _check_places(folder: Path) -> None:
    """Raise `JournalError` if something in a session is a link or a device: the folder may be somebody else's."""
    for path in folder.iterdir():
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise JournalError(f"{path} is neither a file nor a folder: it does not belong in a session's folder")


def _put(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        write_whole(folder / name, content)


def _blobs_of(event: Event) -> tuple[str, ...]:
    """The blobs without which a session cannot go on after an event that may wait for the disk."""
    match event:
        case CallEnded(answer=name) if name:
            return (name,)
        case Observed(observation=SuiteRan(report=name) | SpectrumReady(spectrum=name) | Output(blob=name)) if name:
            return (name,)
        case Observed(observation=ModelReplied(replies=replies)):
            return tuple(reply.blob for reply in replies if reply.blob)
    return ()


def _is_free(folder: Path, files: Collection[str]) -> bool:
    """Whether there is an empty folder to begin a session in; false if there is none yet.

    The leftovers of a session that was killed before its first event, and `files` put there, count as empty.
    """
    try:
        if is_marked(folder):
            remove_partials(folder)
        inside = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise UsageError(f"{folder} is not a folder: choose another --out") from error
    if JOURNAL in inside and has_events(folder / JOURNAL):
        raise UsageError(f"{folder} already has a session: choose another --out, or: {home.resume_command(folder)}")
    if inside and not (is_marked(folder) and inside <= {MARK, JOURNAL, *files}):
        raise UsageError(f"{folder} is not empty: choose a new or an empty folder for --out")
    return True


class Session(Record):
    """An open session: the record that continues. It appends events, folds each in, and notifies listeners.

    `watchers` are told what is being done meanwhile, in a few words that are not kept.
    `taken_back` is how many events at the end of its journal a power cut has robbed of their blobs.
    """

    def __init__(self, folder: Path) -> None:
        """Open the session in `folder`, a new one if there is none yet; raises `JournalError` if it is in use."""
        self.journal = Journal(folder.resolve() / JOURNAL)
        self.taken_back = 0
        self._waiting: list[Entry] = []
        self.listeners: list[Callable[[Event, Projection], None]] = []
        self.watchers: list[Callable[[str], None]] = []
        super().__init__(folder)

    @classmethod
    def create(
        cls, source: str, config: Config, folder: Path | None = None, files: Mapping[str, bytes] = _NO_FILES
    ) -> Session:
        """Begin a session on `source`, in `folder` or under a new name in rfsn's own folder.

        The folder has rfsn's mark, and appears with `files` (contents by name) and its first event. Raises `UsageError`
        if the journal cannot store `source`, or the folder is not empty or cannot be created, and `StorageError` if the
        disk is full.
        """
        if spelled(source) != source or "\0" in source:
            raise UsageError(f"{spelled(source)!r}: the name of a source must be UTF-8: rename the folder")
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        folder = (folder or home.sessions_home() / name).resolve()
        event = SessionStarted(
            session=folder.name, version=__version__, source=source, config=config.model_dump(mode="json")
        )
        with usable(folder), storing(folder.parent, "start again"):
            if _is_free(folder, files):
                mark(folder)
                _put(files, folder)
                session = cls(folder)
                session.record(event)
                return session
            folder.parent.mkdir(parents=True, exist_ok=True)
            remove_unfinished(folder.parent)
            try:
                with making(folder) as unfinished, Journal(unfinished / JOURNAL) as journal:
                    _put(files, unfinished)
                    journal.append(event)
            except FileExistsError as error:
                raise UsageError(f"{folder} already has a session: choose another --out") from error
            return cls(folder)

    @classmethod
    def resume(cls, folder: Path) -> Session:
        """Take over a session that another controller has left."""
        session = cls(folder)
        if session.projection.started is None:
            session.close()
            raise UsageError(f"{folder} has an empty journal: start again with 'rfsn repair'")
        if session.projection.ended is None:
            session._take_back()
            session.blobs.sync_all()
            session.record(Resumed())
        return session

    @property
    def name(self) -> str:
        """The name by which the session is resumed."""
        return self.folder.name

    @property
    def scratch(self) -> Path:
        """The folder of workspaces, while they are needed."""
        return self.folder / "scratch"

    def record(self, event: Event) -> None:
        """Journal an event, fold it in and notify the listeners; at the end of a phase, record the state.

        It is on the disk when this returns if anything outside of the controller may follow from it. Others get there
        together with the next one that is, after the blobs that they name.
        """
        before = self.projection.state
        self._append(event)
        after = self.projection.state
        if isinstance(event, Observed) and (after.phase is not before.phase or after.ended):
            self._append(PhaseEnded(phase=before.phase, state=state_hash(after)))

    def tell(self, doing: str) -> None:
        """Tell those who watch the session what is done now."""
        for watcher in self.watchers:
            watcher(doing)

    def _take_back(self) -> None:
        """Cut off the first event that need not have been on the disk and whose blob is not, with all after it."""
        for entry in self._waiting:
            if not all(map(self.blobs.is_whole, _blobs_of(entry.event))):
                self.taken_back = self.last.sequence + 1 - entry.sequence
                self.journal.cut(entry.sequence)
                self.recollect()
                break

    def _take(self, entry: Entry) -> None:
        if self._may_wait(entry.event):
            self._waiting.append(entry)
        else:  # it was on the disk only after those before it
            self._waiting.clear()
        super()._take(entry)

    def _append(self, event: Event) -> None:
        sync = not self._may_wait(event)
        if sync:
            self.blobs.sync()
        try:
            self.journal.append(event, sync=sync)
        except PydanticSerializationError:  # a name or a message that is not valid text; nothing was written
            event = event.spelled()
            self.journal.append(event, sync=sync)
        if isinstance(event, Observed):
            self.blobs.begin_sync()  # while the next step is made
        assert self.journal.last is not None
        self._take(self.journal.last)
        for listener in self.listeners:
            listener(event, self.projection)

    def _may_wait(self, event: Event) -> bool:
        """Whether all that follows from an event is another event: nothing is run, sent, delivered or told."""
        match event:
            case Proposed() | CallEnded() | Observed() | PhaseEnded():
                return True
            case Started():
                pending = self.projection.pending
                return pending is not None and isinstance(pending.action, AskModel | ReadFile | SearchCode)
        return False

    def close(self) -> None:
        """Put everything on the disk and release the lock."""
        self.blobs.close()
        with suppress(StorageError):  # which was reported when it mattered
            self.journal.sync()
        self.journal.close()
