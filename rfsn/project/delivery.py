"""Delivering a verified patch to where the user asked for it: the working tree, or a new branch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from buildpacks.view import FolderView
from gate import Change, apply
from rfsn.errors import UsageError
from rfsn.machine.files import write_whole
from rfsn.project.branch import branch_is_there, check_name, commit_to_branch
from rfsn.project.message import commit_message
from rfsn.sessions.record import Record
from rfsn.sessions.session import Session
from rfsn.source.folders import is_git_name
from rfsn.source.reading import opened_reader
from rfsn.source.remote import Remote
from rfsn.source.repository import find_repository
from sandbox import SandboxError, UnsafePath, read_beneath, replace_beneath
from sandbox.folders import identity, opened_beneath, opened_path

__all__ = ["Delivery", "delivered_before", "delivery_problem"]

_MAX_FILE_BYTES = 64 << 20
_DELIVERED = "delivered"
"""The file in a session's folder that says what was done with its patch."""
_MAX_SAID = 1 << 16


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the user asked to be done with a verified patch: `apply` it to the tree, or commit it to a new `branch`."""

    source: str
    apply: bool = False
    branch: str | None = None

    @classmethod
    def of(cls, session: Session) -> Self:
        """What was asked for when the session began."""
        assert session.projection.started is not None
        return cls(session.projection.started.source, session.config.apply, session.config.branch)

    def check(self) -> None:
        """Raise `UsageError` now if the delivery cannot succeed later, whatever the repair finds."""
        if not self.apply and self.branch is None:
            return
        if self.apply and self.branch is not None:
            raise UsageError("--apply and --branch cannot be combined: choose where the patch goes")
        if Remote.parse(self.source) is not None:
            raise UsageError(f"{self.source} is a URL: --apply and --branch need a local repository; clone it first")
        folder = Path(self.source)
        if self.branch is not None:
            self._check_branch(self.branch)
        elif folder.is_dir() and find_repository(folder.resolve()).tree is None:
            raise UsageError(f"{self.source} is bare: there is no working tree for --apply; use --branch NAME")

    def _check_branch(self, branch: str) -> None:
        check_name(branch)
        folder = Path(self.source)
        if not folder.is_dir():
            return  # taking the source gives a better message
        if branch_is_there(find_repository(folder.resolve()), branch):
            raise UsageError(f"the branch {branch!r} already exists: choose another name")

    def deliver(self, session: Session) -> str | None:
        """Deliver the patch and say what was done; None if nothing was asked for or there is no verified patch.

        Nothing is done a second time: whoever has reverted the patch since does not want it again. Raises `UsageError`,
        naming the files, if the user's work would be overwritten; nothing is written then.
        """
        state, ended = session.projection.state, session.projection.ended
        asked = self.apply or self.branch is not None
        if not asked or ended is None or state.verified is None:
            return None
        if state.oracle == "generated" and not session.config.accept_generated:
            raise UsageError("the repair rests on a generated test: look at it, then run again with --accept-generated")
        if before := delivered_before(session):
            return before
        change = apply(state.verified[0], FolderView(session.base).read)
        taken = session.projection.source.folder if session.projection.source else ""
        with _opened_again(self.source, taken) as folder:
            if self.branch is not None:
                done = self._commit(change, Path(self.source), session, self.branch)
            else:
                done = self.write(change, folder)
        with suppress(OSError):  # the disk is full: a second delivery would write the same again
            write_whole(session.folder / _DELIVERED, f"{done}\n")
        return done

    def write(self, change: Change, folder: int) -> str:
        """Write a change into the open working tree `folder`, and say so.

        Raises `UsageError`; nothing is written then.
        """
        _refuse_where_changed(
            (path for path, file in change.files.items() if _now(folder, path) not in (file.before, file.after)), ""
        )
        for path, file in change.files.items():
            if file.after is None:
                _unlink(folder, path)
            else:
                executable = None if file.mode is None else file.mode == "100755"
                replace_beneath(folder, path, file.after, executable=executable)
        return _applied(change)

    def _commit(self, change: Change, folder: Path, session: Session, branch: str) -> str:
        revision = session.config.ref or "HEAD"
        repository = find_repository(folder)
        inner = "/".join(repository.inner(folder))
        try:
            with opened_reader(session.config.sandbox, session.folder / "branch.reading") as reader:
                message = commit_message(session, change, inner)
                differing = commit_to_branch(repository, change, inner, revision, branch, reader, message)
        except SandboxError as error:
            raise UsageError(f"not written: {error}") from error
        _refuse_where_changed(differing, f" in {revision}")
        return _committed(branch)


def delivered_before(session: Record) -> str | None:
    """What was done with the patch of a session in an earlier run of a command; None if nothing was."""
    try:
        return read_beneath(session.folder, _DELIVERED, _MAX_SAID).decode(errors="replace").strip()
    except (OSError, UnsafePath):
        return None


def delivery_problem(record: Record) -> str | None:
    """What is wrong with what a session says was done with its patch; None if nothing is, or nothing was done."""
    said, path = delivered_before(record), record.folder / _DELIVERED
    if said is None:
        return f"{path} cannot be read" if path.exists() else None
    verified, config = record.projection.state.verified, record.config
    if verified is None or not (config.apply or config.branch):
        return f"{path} does not belong to this session"
    done = _committed(config.branch) if config.branch else _applied(apply(verified[0], FolderView(record.base).read))
    return None if said == done else f"{path} is not what the journal leads to"


def _applied(change: Change) -> str:
    return f"applied to {', '.join(sorted(change.files))}"


def _committed(branch: str) -> str:
    return f"committed to the branch {branch}"


def _refuse_where_changed(paths: Iterable[str], where: str) -> None:
    if names := ", ".join(sorted(paths)):
        raise UsageError(f"not written: {names} is not what was repaired{where}: use patch.diff from the session")


@contextmanager
def _opened_again(source: str, taken: str) -> Iterator[int]:
    """The folder at `source`, open. Raises `UsageError` if it is a link, or not the folder that was taken."""
    other = UsageError(f"not written: {source} is not the folder that was repaired: use patch.diff from the session")
    with ExitStack() as held:
        try:
            folder = held.enter_context(opened_path(Path(source)))
        except OSError as error:
            raise other from error
        if identity(folder) != taken:
            raise other
        yield folder


def _now(folder: int, path: str) -> bytes | None:
    if any(map(is_git_name, path.split("/"))):
        raise UsageError(f"not written: {path} is one of git's own files")
    try:
        return read_beneath(folder, path, _MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except UnsafePath as error:
        raise UsageError(f"not written: {error}") from error


def _unlink(folder: int, path: str) -> None:
    """Remove a regular file; no link on the way to it is followed."""
    *folders, name = path.split("/")
    try:
        with opened_beneath(folder, folders) as at:
            os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"not removed: {path}: {error.strerror}") from error
