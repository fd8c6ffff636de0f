"""Taking a source: whatever the user names becomes a fresh repository of one commit, without history or remotes."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packaging.version import InvalidVersion, Version

from rfsn.errors import UsageError
from rfsn.source.copying import Copied, Everything, copy_selected
from rfsn.source.reading import Reader, opened_reader
from rfsn.source.remote import Remote, fetched, shown
from rfsn.source.repository import Repository, find_repository
from rfsn.source.snapshot import Snapshot, lay_down
from rfsn.source.worktree import WorkingTree
from sandbox.folders import identity, opened_folder, opened_path

__all__ = ["place_of", "take_source"]

_TRUSTED = " (local: the repository is trusted)"


def place_of(source: str, remote: Remote | None, ref: str | None) -> str:
    """The source as a session names it: it may be resumed from another folder, and without credentials.

    `remote` is `source` as a URL, if it is one. Raises `UsageError` for a source that is invalid before anything of it
    is read.
    """
    _check_revision(ref)
    if remote is not None and remote.path is None:
        return remote.url
    folder = _folder(source if remote is None else str(remote.path))
    find_repository(folder)
    return str(folder) if remote is None else remote.url


def take_source(
    source: str | Remote, ref: str | None, into: Path, patch: str = "", *, sandbox: str = "auto"
) -> Snapshot:
    """Snapshot the path or URL `source` into the new folder `into`, with `patch` (a diff) applied to it.

    A path without `ref` is taken as the user sees it: with uncommitted changes and untracked files, without ignored
    ones. A path inside a repository means only that folder. `sandbox` is the one that the user chose: foreign git data
    is read in it. Raises `UsageError` if there is nothing to take, `SandboxUnavailable` if nothing can be read safely.
    """
    _check_revision(ref)
    remote = Remote.parse(source) if isinstance(source, str) else source
    with _as_it_was(source), opened_reader(sandbox, into.with_name(f"{into.name}.reading")) as reader:
        note = _TRUSTED if sandbox == "local" else ""
        if remote is None:
            assert isinstance(source, str)
            folder = _folder(source)
            with opened_path(folder, how=os.O_PATH) as named:
                taken = _take_path(folder, ref, into, patch, reader, note)
                return replace(taken, folder=identity(named))
        revision = ref or "HEAD"
        origin = f"{remote.url} at {revision}{note}"
        if remote.path is not None:
            return _take_commit(_folder(str(remote.path)), revision, into, patch, reader, origin)
        with fetched(remote, revision, into.with_name(f"{into.name}.git")) as (repository, version):
            return _lay_commit(repository, "FETCH_HEAD", "", into, patch, reader, origin, version)


@contextmanager
def _as_it_was(source: str | Remote) -> Iterator[None]:
    """Raises `UsageError` if a folder was replaced by a link, or something else, while it was read."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        where = source.url if isinstance(source, Remote) else source
        raise UsageError(f"{where} was changed while rfsn read it ({error.filename}): try again") from error


def _take_path(folder: Path, ref: str | None, into: Path, patch: str, reader: Reader, note: str) -> Snapshot:
    repository = find_repository(folder)
    if ref is not None or repository.tree is None:
        origin = f"{folder} at {ref or 'HEAD'}{note}"
        return _take_commit(folder, ref or "HEAD", into, patch, reader, origin)
    tracked = reader.tracked(repository)
    prefix = "".join(f"{name}/" for name in repository.inner(folder))
    files, submodules = (
        [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
        for paths in (tracked.files, tracked.submodules)
    )
    origin = f"the working tree of {folder}{note}"

    def fill(to: Path) -> Copied:
        with opened_path(folder) as top, opened_folder(to) as target:
            return copy_selected(top, target, WorkingTree(repository, folder, files, submodules), origin)

    version, date = _version(tracked.tag), tracked.date
    return lay_down(into, fill, origin, version, date=date, patch=patch, submodules=tuple(submodules))


def _take_commit(folder: Path, ref: str, into: Path, patch: str, reader: Reader, origin: str) -> Snapshot:
    repository = find_repository(folder)
    inner = "/".join(repository.inner(folder))
    return _lay_commit(repository, ref, inner, into, patch, reader, origin)


def _lay_commit(
    repository: Repository,
    ref: str,
    inner: str,
    into: Path,
    patch: str,
    reader: Reader,
    origin: str,
    version: str | None = None,
) -> Snapshot:
    with reader.commit(repository, ref, inner) as checked_out:

        def fill(to: Path) -> Copied:
            with opened_folder(checked_out.folder) as top, opened_folder(to) as target:
                return copy_selected(top, target, Everything(), origin)

        nearest = _version(checked_out.tracked.tag) if version is None else version
        named = checked_out.tracked
        return lay_down(into, fill, origin, nearest, date=named.date, patch=patch, submodules=named.submodules)


def _check_revision(ref: str | None) -> None:
    if ref is not None and (ref.startswith("-") or not ref.isprintable() or not ref.strip()):
        raise UsageError(f"invalid revision {ref!r}")


def _folder(source: str) -> Path:
    missing = UsageError(f"{shown(source)}: no such folder; give a git repository's path or URL")
    try:
        folder = Path(source).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        # Without the system's own message, which has the source as it is.
        raise missing from None
    if not folder.is_dir():
        raise missing
    return folder


def _version(tag: str) -> str:
    """The version in a tag (`v1.2`, `release-1.2`); empty if there is none."""
    digits = re.search(r"\d.*", tag.strip())
    try:
        return str(Version(digits[0])) if digits else ""
    except InvalidVersion:
        return ""
