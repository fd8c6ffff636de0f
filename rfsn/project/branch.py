"""A new branch in a repository that others wrote: no git runs there, so nothing that its own settings name runs.

The commit is made here, from trees that a sandbox read and whose hashes are checked. Its objects and the name are
added to the repository's through descriptors, as git would add them: nothing is overwritten and no link is followed.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from gate import Change
from rfsn.errors import UsageError
from rfsn.source.folders import read_plain
from rfsn.source.git import GitError, git
from rfsn.source.objects import Entry, ObjectStore, object_id, parse_tree
from rfsn.source.reading import Reader
from rfsn.source.repository import Repository
from rfsn.source.snapshot import IDENTITY
from sandbox.folders import kind_of, new_file, opened_beneath, opened_folder, opened_path, write_all

__all__ = ["branch_is_there", "check_name", "commit_to_branch"]

_MAX_PACKED = 64 << 20
_HEADS = ["refs", "heads"]


def check_name(name: str) -> None:
    """Raise `UsageError` if git would refuse the name for a branch."""
    refused = UsageError(f"{name!r} is not a valid name for a branch")
    if name.startswith("-") or name in {"HEAD", "@"} or not name.isprintable():
        raise refused
    try:
        git("check-ref-format", f"refs/heads/{name}", cwd=Path("/"))
    except GitError as error:
        raise refused from error


def branch_is_there(repository: Repository, name: str) -> bool:
    """Whether the branch exists. Raises `UsageError` if it cannot exist: its name is within another's, or a link."""
    if repository.ref_storage != "files":
        raise UsageError(f"{repository.common} stores its refs as {repository.ref_storage}: use patch.diff instead")
    *folders, last = name.split("/")
    with opened_path(repository.common) as common:
        with ExitStack() as at:
            fd = common
            for depth, part in enumerate([*_HEADS, *folders]):
                kind = kind_of(part, fd)
                if not kind:
                    break
                if not stat.S_ISDIR(kind):
                    there = "/".join([*_HEADS, *folders][: depth + 1])
                    raise UsageError(
                        f"{there} is not a folder of {repository.common}, so there cannot be a branch {name!r}"
                    )
                fd = at.enter_context(opened_folder(part, fd, os.O_PATH))
            else:
                kind = kind_of(last, fd)
                if kind and not stat.S_ISDIR(kind):
                    return True
                if kind:
                    with suppress(OSError):
                        os.rmdir(last, dir_fd=fd)  # as git does with the leftovers of old branches
                    if kind_of(last, fd):
                        raise UsageError(f"there are branches beneath {name!r}: choose another name")
        return _is_packed(common, repository, name)


def commit_to_branch(
    repository: Repository, change: Change, inner: str, revision: str, name: str, reader: Reader, message: str
) -> list[str]:
    """Commit a change of the files beneath the folder `inner` to the new branch `name`, on top of `revision`.

    Returns the paths whose content in `revision` is not what the change begins with; if there are any, nothing is
    written. A branch that already has this very tree is fine. Raises `UsageError` if the branch cannot be written.
    """
    moved = {f"{inner}/{path}" if inner else path: file for path, file in change.files.items()}
    ref = f"refs/heads/{name}"
    exists = branch_is_there(repository, name)
    parent, there, trees = _read(repository, revision, ref, moved, reader)
    root = _tree_of(parent)

    def read(id: str) -> dict[str, Entry]:
        if id not in trees:
            raise UsageError(f"{repository.common} has no tree {id} for {revision}: run 'git fsck' there")
        return trees[id]

    changes: dict[str, Entry | None] = {}
    differing: list[str] = []
    store = ObjectStore(repository.object_format, read)
    for path, file in moved.items():
        known = _entry(path, root, read)
        expected = None if file.before is None else object_id("blob", file.before, repository.object_format)
        if (known.id if known else None) != expected or (known and not known.mode.startswith("100")):
            differing.append(path)
        elif file.after is None:
            changes[path] = None
        else:
            mode = file.mode or (known.mode if known else "100644")
            changes[path] = Entry(mode, store.put("blob", file.after))
    if differing:
        return differing
    tree = store.tree(changes, root)
    if exists:
        if there is not None and _tree_of(there) == tree:
            return []
        raise UsageError(f"the branch {name!r} already exists: choose another name")
    who = f"{IDENTITY} {int(time.time())} +0000"
    parent_id = object_id("commit", parent, repository.object_format)
    content = f"tree {tree}\nparent {parent_id}\nauthor {who}\ncommitter {who}\n\n{message}"
    commit = store.put("commit", content.encode())
    try:
        _write(repository, store, commit, name)
    except OSError as error:
        raise UsageError(f"not written: {repository.common}: {error.strerror}: use patch.diff instead") from error
    return []


def _read(
    repository: Repository, revision: str, ref: str, paths: Iterable[str], reader: Reader
) -> tuple[bytes, bytes | None, dict[str, dict[str, Entry]]]:
    """The commit of a revision, that of the branch if there is one, and every tree on the way to the paths, by id."""
    folders = sorted({path[:at] for path in paths for at, byte in enumerate(path) if byte == "/"})
    wanted = [f"{revision}^{{commit}}", f"{ref}^{{commit}}", f"{revision}^{{tree}}"]
    objects = reader.objects(repository, [*wanted, *(f"{revision}:{folder}" for folder in folders)])
    parent, there = objects[wanted[0]], objects[wanted[1]]
    if parent is None or parent[0] != "commit":
        raise UsageError(f"{repository.common} has no revision {revision!r} to put a branch on")
    trees: dict[str, dict[str, Entry]] = {}
    for item in list(objects.values())[2:]:
        if item is not None and item[0] == "tree":
            with suppress(ValueError):
                id = object_id("tree", item[1], repository.object_format)
                trees[id] = parse_tree(item[1], repository.object_format)
    return parent[1], there[1] if there is not None and there[0] == "commit" else None, trees


def _tree_of(commit: bytes) -> str:
    return commit.partition(b"\n")[0].removeprefix(b"tree ").decode(errors="replace")


def _entry(path: str, root: str, read: Callable[[str], dict[str, Entry]]) -> Entry | None:
    """The entry of a tree at a path; None if there is none."""
    *folders, last = path.split("/")
    entries = read(root)
    for name in folders:
        known = entries.get(name)
        if known is None or known.mode != "40000":
            return None
        entries = read(known.id)
    return entries.get(last)


def _write(repository: Repository, store: ObjectStore, commit: str, name: str) -> None:
    """Put the objects, then the name. Raises `OSError`, and `UsageError` if something is in the way."""
    with opened_path(repository.common) as common:
        with opened_folder("objects", common) as objects:
            for id, content in store.loose():
                _put(id, content, objects)
        *folders, last = name.split("/")
        with ExitStack() as held:
            fd = held.enter_context(opened_beneath(common, _HEADS))
            for part in folders:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o777, dir_fd=fd)
                fd = held.enter_context(opened_folder(part, fd))
            lock = f"{last}.lock"
            try:
                with new_file(lock, fd) as made:
                    write_all(made, f"{commit}\n".encode())
                    os.fsync(made)
            except FileExistsError as error:
                raise UsageError(f"{name}.lock exists: wait for the other git, or remove it") from error
            free = False
            try:
                free = not branch_is_there(repository, name)
                if free:
                    os.rename(lock, last, src_dir_fd=fd, dst_dir_fd=fd)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(lock, dir_fd=fd)
            if not free:
                raise UsageError(f"the branch {name!r} already exists: choose another name")


def _put(id: str, content: bytes, objects: int) -> None:
    """Add a loose object; one that already exists stays, in whatever state it is."""
    with suppress(FileExistsError):
        os.mkdir(id[:2], 0o777, dir_fd=objects)
    with opened_folder(id[:2], objects) as folder:
        if stat.S_ISREG(kind_of(id[2:], folder)):
            return
        temporary = f"tmp_obj_{os.urandom(6).hex()}"
        try:
            with new_file(temporary, folder, 0o444) as made:
                write_all(made, content)
                os.fsync(made)
            os.link(temporary, id[2:], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)


def _is_packed(common: int, repository: Repository, name: str) -> bool:
    """Whether the packed refs have the branch. Raises `UsageError` if they have one within it, or around it."""
    ref = f"refs/heads/{name}"
    content = read_plain("packed-refs", common, _MAX_PACKED, str(repository.common / "packed-refs")) or b""
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        known = line.partition(" ")[2]
        if known == ref:
            return True
        if known.startswith(f"{ref}/") or (known.startswith("refs/heads/") and ref.startswith(f"{known}/")):
            raise UsageError(f"the branch {known.removeprefix('refs/heads/')!r} exists, so {name!r} cannot")
    return False
