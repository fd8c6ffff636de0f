"""Finding the repository that a folder belongs to, by reading files: git never looks at what others wrote.

A repository's own statements count only within itself: a `.git` *file* counts if the repository that it names also
names this folder, and neither a link nor a `commondir` is followed.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rfsn.errors import UsageError
from rfsn.source.folders import read_plain
from rfsn.source.gitconfig import parse_config
from sandbox.folders import kind_of, opened_folder, opened_path

__all__ = ["Repository", "find_repository", "is_repository"]

_MAX_SMALL_FILE = 1 << 20
_LINKS_TO = re.compile(rb"gitdir: (?P<path>[^\0\n]+?)\s*\Z")
_HEAD = re.compile(rb"ref: refs/\S|[0-9a-f]{40}")
_INSTEAD = "clone it (git clone), and name the clone"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: `git_dir` has its HEAD and index, `common` its objects and refs; they differ in linked worktrees.

    `tree` is its working tree, None if it is bare. `object_format` is the hash that names its objects.
    """

    git_dir: Path
    common: Path
    tree: Path | None
    object_format: str = "sha1"
    ref_storage: str = "files"
    partial: bool = False

    def inner(self, folder: Path) -> list[str]:
        """The names on the path from the top of the working tree to a folder in it."""
        return [] if self.tree is None else list(folder.relative_to(self.tree).parts)


def find_repository(folder: Path) -> Repository:
    """The repository of an existing folder, whose path has no links: in it, above it, or itself, if it is bare.

    Raises `UsageError` if there is none, or one that could be somebody else's.
    """
    for place in (folder, *folder.parents):
        with ExitStack() as held:
            try:
                fd = held.enter_context(opened_path(place, how=os.O_PATH))
            except OSError as error:
                raise UsageError(f"{place} cannot be read: {error.strerror}") from error
            kind = kind_of(".git", fd)
            if stat.S_ISDIR(kind):
                with opened_folder(".git", fd) as inner:
                    if _looks_like_one(inner):
                        return _described(place / ".git", place / ".git", place)
            elif stat.S_ISREG(kind):
                return _linked(place, read_plain(".git", fd, _MAX_SMALL_FILE, str(place / ".git")) or b"")
            elif kind:
                what = "a link" if stat.S_ISLNK(kind) else "neither a folder nor a file"
                raise UsageError(f"{place / '.git'} is {what}: it could be another's repository; {_INSTEAD}")
            if _looks_like_one(fd):
                return _described(place, place, None)
    raise UsageError(f"{folder} is not a git repository: run 'git init' there first, or name another")


def is_repository(fd: int) -> bool:
    """Whether the open folder has a repository of its own, which git would not enter from another's tree."""
    kind = kind_of(".git", fd)
    if stat.S_ISDIR(kind):
        with opened_folder(".git", fd) as inner:
            return all(kind_of(name, inner) for name in ("HEAD", "objects", "refs"))
    return stat.S_ISREG(kind) and (read_plain(".git", fd, _MAX_SMALL_FILE, ".git") or b"").startswith(b"gitdir: ")


def _looks_like_one(fd: int) -> bool:
    if any(not stat.S_ISDIR(kind_of(name, fd)) for name in ("objects", "refs")):
        return False
    head = read_plain("HEAD", fd, _MAX_SMALL_FILE, "HEAD")
    return head is not None and _HEAD.match(head) is not None


def _linked(place: Path, content: bytes) -> Repository:
    """The repository that a `.git` file names, if that agrees: a linked worktree, or a submodule."""
    file = place / ".git"
    refused = UsageError(
        f"{file} names a repository elsewhere that does not name this folder, so it could be another's: "
        f"{_INSTEAD} (a worktree that was moved: git worktree repair)"
    )
    link = _LINKS_TO.match(content)
    if link is None:
        raise UsageError(f"{file} is not a file of git's: remove it, or name another folder")
    try:
        target = (place / os.fsdecode(link["path"])).resolve(strict=True)
        with opened_path(target) as fd:
            back = read_plain("gitdir", fd, _MAX_SMALL_FILE, str(target / "gitdir"))
            config = read_plain("config", fd, _MAX_SMALL_FILE, str(target / "config"))
            whole = _looks_like_one(fd)
    except (OSError, RuntimeError, ValueError) as error:
        raise refused from error
    if back is not None and target.parent.name == "worktrees":
        common = target.parent.parent
        with opened_path(common, how=os.O_PATH) as fd:
            whole = _looks_like_one(fd)
        if whole and _resolved(target, back.strip()) == file:
            return _described(target, common, place)
    elif config is not None and whole:
        worktree = parse_config(config).get("core.worktree", [""])[-1]
        if worktree and _resolved(target, os.fsencode(worktree)) == place:
            return _described(target, target, place)
    raise refused


def _resolved(start: Path, path: bytes) -> Path | None:
    try:
        return (start / os.fsdecode(path)).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _described(git_dir: Path, common: Path, tree: Path | None) -> Repository:
    """The repository, with its configuration read as text; nothing else in that has any effect."""
    with opened_path(common) as fd:
        content = read_plain("config", fd, _MAX_SMALL_FILE, str(common / "config")) or b""
    config = parse_config(content)

    def last(key: str, default: str) -> str:
        return config.get(key, [default])[-1].lower()

    object_format, bare = last("extensions.objectformat", "sha1"), last("core.bare", "false")
    if object_format not in {"sha1", "sha256"}:
        raise UsageError(f"{common} has objects of the format {object_format!r}, which rfsn does not support")
    return Repository(
        git_dir,
        common,
        None if git_dir == common and bare in {"true", "yes", "on", "1"} else tree,
        object_format,
        last("extensions.refstorage", "files"),
        partial="extensions.partialclone" in config or any(key.endswith(".promisor") for key in config),
    )
