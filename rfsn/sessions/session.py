"""A session: a folder with a journal, and the state that is a fold over it."""

from __future__ import annotations

import hashlib
import secrets
import stat
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from buildpacks.text import spelled
from gate import Proposal
from planners.state import State
from rfsn import __version__
from rfsn.config import Config
from rfsn.errors import JournalError, UsageError
from rfsn.machine import home
from rfsn.machine.files import remove_partials, storing, usable, write_whole
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import (
    EnvironmentReady,
    Event,
    Observed,
    PhaseEnded,
    Proposed,
    Recalled,
    Resumed,
    SessionEnded,
    SessionStarted,
    SourceTaken,
)
from rfsn.sessions.journal import Journal, has_events
from sandbox import MARK, is_marked, making, mark, remove_unfinished

__all__ = ["JOURNAL", "Progress", "Session", "fold", "session_folder", "state_hash"]

JOURNAL = "journal.jsonl"
"""The journal in the folder of a session."""

_NO_FILES: Mapping[str, bytes] = MappingProxyType({})

_STATE: TypeAdapter[State] = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything that the events say so far. `state` is the planner's part."""

    started: SessionStarted | None = None
    source: SourceTaken | None = None
    recalled: Recalled | None = None
    environment: EnvironmentReady | None = None
    state: State = field(default_factory=State)
    pending: Proposal | None = None
    ended: SessionEnded | None = None
    used_ids: frozenset[str] = frozenset()
    cpu_s: float = 0.0


def fold(progress: Progress, event: Event) -> Progress:
    """The progress after one more event."""
    match event:
        case SessionStarted():
            return replace(progress, started=event)
        case SourceTaken():
            return replace(progress, source=event)
        case Recalled():
            return replace(progress, recalled=event)
        case EnvironmentReady():
            return replace(progress, environment=event)
        case Proposed(proposal=proposal):
            return replace(progress, pending=proposal)
        case Observed(observation=observation, cpu_s=cpu_s) if progress.pending is not None:
            return replace(
                progress,
                state=progress.state.after(progress.pending, observation),
                used_ids=progress.used_ids | {progress.pending.id},
                pending=None,
                cpu_s=progress.cpu_s + cpu_s,
            )
        case Resumed():
            return replace(progress, pending=None)
        case SessionEnded():
            return replace(progress, ended=event)
    return progress


def state_hash(state: State) -> str:
    """The identity of a state: the hash of what it holds. The history is left out: the events before it are hashed."""
    return hashlib.sha256(_STATE.dump_json(state, exclude={"history"})).hexdigest()


def session_folder(name: str) -> Path:
    """The folder of a session by its name or path. Raises `UsageError` where there is none."""
    for folder in (Path(name), home.sessions_home() / name):
        if (folder / JOURNAL).is_file():
            _check_places(folder)
            return folder.resolve()
    raise UsageError(f"{name}: no such session in {home.sessions_home()}")


def _check_places(folder: Path) -> None:
    """Raise `JournalError` where something of a session is a link or a device: the folder may be somebody else's."""
    for path in folder.iterdir():
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise JournalError(f"{path} is neither file nor folder: it does not belong in a session's folder")


def _put(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        write_whole(folder / name, content)


def _is_free(folder: Path, files: Collection[str]) -> bool:
    """Whether there is an empty folder to begin a session in; false where there is none yet.

    What a session left that was killed before its first event counts as empty, and so do `files` that are put there.
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
        raise UsageError(f"{folder} has a session already: choose another --out, or: {home.resume_command(folder)}")
    if inside and not (is_marked(folder) and inside <= {MARK, JOURNAL, *files}):
        raise UsageError(f"{folder} is not empty: choose a new or an empty folder for --out")
    return True


class Session:
    """An open session: appends events, keeps the fold, and tells listeners."""

    def __init__(self, folder: Path) -> None:
        """Open the session in `folder`, a new one where there is none yet; `JournalError` where it is in use."""
        self.folder = folder.resolve()
        self.journal = Journal(self.folder / JOURNAL)
        self.blobs = BlobStore(self.folder / "blobs")
        self.listeners: list[Callable[[Event, Progress], None]] = []
        self.progress = Progress()
        self.recollect()

    @classmethod
    def create(
        cls, source: str, config: Config, folder: Path | None = None, files: Mapping[str, bytes] = _NO_FILES
    ) -> Session:
        """Begin a session on `source`, in `folder` or under a new name in the home of sessions.

        The folder carries rfsn's mark, and appears with `files` (contents by name) and its first event. Raises
        `UsageError` where `source` is no text that the journal could keep, there is something in the folder or it
        cannot be made, and `StorageError` where the disk is full.
        """
        if spelled(source) != source or "\0" in source:
            raise UsageError(f"{spelled(source)!r}: a source needs a name in UTF-8: rename the folder")
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
                raise UsageError(f"{folder} has a session already: choose another --out") from error
            return cls(folder)

    @classmethod
    def resume(cls, folder: Path) -> Session:
        """Take over a session that another controller left."""
        session = cls(folder)
        if session.progress.started is None:
            session.close()
            raise UsageError(f"{folder} has an empty journal: start again with 'rfsn repair'")
        if session.progress.ended is None:
            session.record(Resumed())
        return session

    @property
    def name(self) -> str:
        """The name by which the session is resumed."""
        return self.folder.name

    @property
    def config(self) -> Config:
        """The configuration with which the session began."""
        assert self.progress.started is not None
        return Config.model_validate(self.progress.started.config, strict=False)

    @property
    def base(self) -> Path:
        """The snapshot of the source."""
        return self.folder / "base"

    @property
    def scratch(self) -> Path:
        """Where workspaces live while they are needed."""
        return self.folder / "scratch"

    def recollect(self) -> None:
        """Have the progress be what the journal says, also where an interrupt came between the two."""
        progress = Progress()
        for entry in self.journal.entries():
            progress = fold(progress, entry.event)
        self.progress = progress

    def record(self, event: Event) -> None:
        """Make an event durable, fold it in and tell the listeners; at the end of a phase, seal the state."""
        before = self.progress.state
        self._append(event)
        after = self.progress.state
        if isinstance(event, Observed) and (after.phase is not before.phase or after.ended):
            self._append(PhaseEnded(phase=before.phase, state=state_hash(after)))

    def _append(self, event: Event) -> None:
        try:
            self.journal.append(event)
        except PydanticSerializationError:  # a name or a message that is no text; nothing was written
            event = event.spelled()
            self.journal.append(event)
        self.progress = fold(self.progress, event)
        for listener in self.listeners:
            listener(event, self.progress)

    def close(self) -> None:
        """Give up the lock."""
        self.journal.close()
