"""The snapshot of a source: files in a fresh repository of one commit, and diffs on it.

A snapshot may come from somebody else, with a session. So its own configuration, hooks and attributes are never read:
git works on a folder of ours that refers to its objects, which are checked first.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gate import Change
from rfsn.errors import JournalError, UsageError
from rfsn.machine import home
from rfsn.source.copying import Copied
from rfsn.source.folders import is_git_name
from rfsn.source.git import GitError, git
from rfsn.source.gitdir import borrowed_objects, make_git_dir, odd_object
from rfsn.source.objects import Entry, ObjectStore
from rfsn.source.repository import Repository
from sandbox import UnsafePath, read_beneath, remove_tree, write_beneath
from sandbox.folders import opened_beneath, opened_folder

__all__ = ["IDENTITY", "Snapshot", "lay_down", "opened_base", "paths_of", "render_diff", "take_files"]

IDENTITY = "rfsn <rfsn@localhost>"
"""The author of commits."""

_MAX_NAMED = 20
_ID = re.compile(rb"[0-9a-f]{40}\s*\Z")
# The same files make the same commit, whenever they are taken: 2000-01-01.
_TIMELESS = 946684800


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source that was taken: the id of its git tree, how many files it has, and where it comes from, in words.

    `version` is that of the nearest tag, for builds that ask git for one; the snapshot itself has no tags. `submodules`
    and `pointers` (files that Git LFS stores elsewhere) are the first of those that it lacks. `folder` is the identity
    of the folder that was named, if the source was a path. `date` is the day (UTC, ISO 8601) of the commit that was
    taken, or that the working tree is based on; empty if it is not known.
    """

    tree: str
    files: int
    origin: str
    version: str
    submodules: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    folder: str = ""
    date: str = ""


def lay_down(
    into: Path,
    fill: Callable[[Path], Copied],
    origin: str,
    version: str,
    *,
    date: str = "",
    patch: str = "",
    submodules: tuple[str, ...] = (),
) -> Snapshot:
    """Let `fill` write the files into a new folder, commit them there, and only then give it its name `into`.

    Raises `UsageError` if there are no files, the patch does not apply, or a file could be taken for one of git's.
    """
    partial = into.with_name(into.name + ".partial")
    remove_tree(partial)
    partial.mkdir(parents=True)
    own = partial / ".git"
    make_git_dir(own, bare=False)
    try:
        copied = fill(partial)
        ours = {"GIT_DIR": str(own), "GIT_WORK_TREE": str(partial)}
        if patch:
            _apply(patch, partial, origin, ours)
        git("add", "--all", "--force", ".", cwd=partial, env=ours)
        count = _count_names(git("ls-files", "-z", cwd=partial, env=ours), origin)
        tree = git("write-tree", cwd=partial, env=ours).decode().strip()
        objects = ObjectStore()
        who = f"{IDENTITY} {_TIMELESS} +0000"
        commit = objects.put("commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nbase\n".encode())
        objects.write(own / "objects")
        (own / "refs" / "heads" / "main").write_text(f"{commit}\n")
        if count:
            partial.rename(into)
    except UsageError:
        remove_tree(partial)
        raise
    if not count:
        remove_tree(partial)
        raise UsageError(f"{origin} has no files: there is nothing to repair")
    lacking = (submodules[:_MAX_NAMED], tuple(copied.pointers[:_MAX_NAMED]))
    return Snapshot(tree, count, origin, version, *lacking, date=date)


def take_files(files: Mapping[str, str], origin: str, into: Path) -> Snapshot:
    """Snapshot a project that is given as texts by path."""

    def write(to: Path) -> Copied:
        try:
            for path, text in files.items():
                if any(map(is_git_name, path.split("/"))):
                    raise UsageError(f"{origin} has a file for git itself: {path!r}")
                write_beneath(to, path, _bytes(text))
        except UnsafePath as error:
            raise UsageError(f"{origin} has a file outside the project: {error}") from error
        return Copied()

    return lay_down(into, write, origin, "")


def paths_of(patch: str) -> tuple[str, ...]:
    """The paths that a diff touches, as git reads it. Raises `UsageError` if it is not a diff."""
    with home.temporary_folder() as scratch:
        try:
            listing = git("apply", "--numstat", "-z", "-", cwd=Path(scratch), stdin=_bytes(patch))
        except GitError as error:
            raise UsageError(f"the patch cannot be read: {error.stderr.strip()}") from error
    return tuple(entry.split("\t", 2)[2] for entry in _text(listing).split("\0") if entry.count("\t") == 2)


def render_diff(base: Path, change: Change) -> str:
    """The change as a diff that `git apply` takes, made by git itself; the snapshot `base` is not changed."""
    objects = ObjectStore()
    sides: tuple[dict[str, Entry | None], dict[str, Entry | None]] = ({}, {})
    with opened_folder(base) as root:
        for path, file in change.files.items():
            mode = _mode(root, path)
            for side, content, its_mode in zip(
                sides, (file.before, file.after), (mode, file.mode or mode), strict=True
            ):
                if content is not None:
                    side[path] = Entry(its_mode, objects.put("blob", content))
    before, after = map(objects.tree, sides)
    with home.temporary_folder() as scratch:
        own = Path(scratch) / "git"
        make_git_dir(own)
        objects.write(own / "objects")
        options = ("-r", "-p", "--binary", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
        return _text(git("diff-tree", *options, before, after, cwd=own, env={"GIT_DIR": str(own)}))


@contextmanager
def opened_base(base: Path) -> Iterator[dict[str, str]]:
    """The environment in which git has the snapshot's commit as its HEAD, with an index and objects of its own.

    Raises `JournalError` if the snapshot's objects are not those that rfsn made.
    """
    theirs = base / ".git"
    repository = Repository(theirs, theirs, base)
    try:
        commit = read_beneath(base, ".git/refs/heads/main", 100)
        odd = odd_object(repository) or "; ".join(borrowed_objects(repository))
    except (OSError, UnsafePath) as error:
        raise JournalError(f"{base} is not a snapshot: {error}") from error
    if odd or not _ID.match(commit):
        raise JournalError(f"{base} is not a snapshot made by rfsn: {odd or 'it has no commit'}")
    with home.temporary_folder() as scratch:
        own = Path(scratch) / "git"
        make_git_dir(own, alternates=str((theirs / "objects").resolve()))
        (own / "HEAD").write_bytes(commit)
        yield {"GIT_DIR": str(own)}


def _count_names(listing: bytes, origin: str) -> int:
    """How many files an index has. Raises `UsageError` for a name that git reserves."""
    paths = _text(listing).split("\0")[:-1]
    for path in paths:
        if any(map(is_git_name, path.split("/"))):
            raise UsageError(f"{origin} has a file for git itself: {path!r}")
    return len(paths)


def _mode(root: int, path: str) -> str:
    """The mode of a file of the snapshot, as git writes it."""
    *folders, name = path.split("/")
    try:
        with opened_beneath(root, folders) as folder:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return "100644"
    return "100755" if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IXUSR else "100644"


def _apply(patch: str, folder: Path, origin: str, ours: Mapping[str, str]) -> None:
    try:
        git("apply", "--whitespace=nowarn", "-", cwd=folder, stdin=_bytes(patch), env=ours)
    except GitError as error:
        raise UsageError(f"the patch does not apply to {origin}: {error.stderr.strip()}") from error


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
