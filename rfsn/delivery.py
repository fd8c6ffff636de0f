"""Putting a verified patch where the user asked for it: into the working tree, or onto a new branch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from buildpacks.view import FolderView
from gate import Change, apply
from rfsn.errors import UsageError
from rfsn.git import GitError, git
from rfsn.session import Session
from rfsn.source import AUTHOR, is_url, stage
from sandbox import UnsafePath, read_beneath, write_beneath

__all__ = ["Delivery"]

_MAX_FILE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the user asked to be done with a verified patch: `apply` it to the tree, or commit it to a new `branch`."""

    source: str
    apply: bool = False
    branch: str | None = None

    @classmethod
    def of(cls, session: Session) -> Self:
        """What was asked for when the session began."""
        assert session.progress.started is not None
        return cls(session.progress.started.source, session.config.apply, session.config.branch)

    def check(self) -> None:
        """Raise `UsageError` now where this cannot be done later, whatever the repair finds."""
        if not self.apply and self.branch is None:
            return
        if self.apply and self.branch is not None:
            raise UsageError("--apply and --branch exclude one another: choose where the patch goes")
        if is_url(self.source):
            raise UsageError(f"{self.source} is a URL: --apply and --branch need a local repository; clone it first")
        if self.branch is not None:
            self._check_branch(self.branch)

    def _check_branch(self, branch: str) -> None:
        folder = Path(self.source)
        if not folder.is_dir():
            return  # taking the source says so, and better
        try:
            git("check-ref-format", "--branch", branch, cwd=folder)
        except GitError as error:
            raise UsageError(f"{branch!r} is no name for a branch") from error
        if _exists(f"refs/heads/{branch}", folder):
            raise UsageError(f"the branch {branch!r} is there already: choose another name")

    def deliver(self, session: Session) -> str | None:
        """Do it, and say what was done; None where nothing was asked for or there is no verified patch.

        Raises `UsageError`, naming the files, where work of the user's would be overwritten; nothing is written then.
        """
        state, ended = session.progress.state, session.progress.ended
        asked = self.apply or self.branch is not None
        if not asked or ended is None or state.verified is None:
            return None
        change = apply(state.verified[0], FolderView(session.base).read)
        folder = Path(self.source).resolve()
        if self.branch is not None:
            return self._commit(change, folder, session.config.ref or "HEAD", self.branch)
        return self._write(change, folder)

    def _write(self, change: Change, folder: Path) -> str:
        _refuse_where_changed(
            (path for path, file in change.files.items() if _now(folder, path) not in (file.before, file.after)), ""
        )
        for path, file in change.files.items():
            if file.after is None:
                (folder / path).unlink(missing_ok=True)
            else:
                known = folder / path
                executable = file.mode == "100755" or (file.mode is None and os.access(known, os.X_OK))
                write_beneath(folder, path, file.after, executable=executable)
        return f"applied to {', '.join(sorted(change.files))}"

    def _commit(self, change: Change, folder: Path, revision: str, branch: str) -> str:
        prefix = git("rev-parse", "--show-prefix", cwd=folder).decode().strip()
        parent = git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}", cwd=folder).decode().strip()
        moved = Change({prefix + path: file for path, file in change.files.items()})
        differing = (path for path, file in moved.files.items() if _committed(folder, parent, path) != file.before)
        _refuse_where_changed(differing, f" in {revision}")
        with stage(folder, moved, parent) as environment:
            tree = git("write-tree", cwd=folder, env=environment).decode().strip()
        ref = f"refs/heads/{branch}"
        if _exists(ref, folder) and git("rev-parse", f"{ref}^{{tree}}", cwd=folder).decode().strip() == tree:
            return f"committed to the branch {branch}"
        message = "Repair failing tests\n\nFound and verified by rfsn.\n"
        commit = git("commit-tree", tree, "-p", parent, "-m", message, cwd=folder, env=AUTHOR).decode().strip()
        git("update-ref", ref, commit, "0" * 40, cwd=folder)
        return f"committed to the branch {branch}"


def _refuse_where_changed(paths: Iterable[str], where: str) -> None:
    if names := ", ".join(sorted(paths)):
        raise UsageError(f"not written: {names} is not what was repaired{where}: take patch.diff from the session")


def _now(folder: Path, path: str) -> bytes | None:
    try:
        return read_beneath(folder, path, _MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except UnsafePath as error:
        raise UsageError(f"not written: {error}") from error


def _committed(folder: Path, commit: str, path: str) -> bytes | None:
    try:
        return git("cat-file", "blob", f"{commit}:{path}", cwd=folder)
    except GitError:
        return None


def _exists(ref: str, folder: Path) -> bool:
    try:
        git("show-ref", "--verify", "--quiet", ref, cwd=folder)
    except GitError:
        return False
    return True
