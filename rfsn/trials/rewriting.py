"""What a run writes to its tree: found by looking at what is there after it, and prevented for what must stay."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from buildpacks.text import spelled
from sandbox import REPO, Mount, UnsafePath, read_beneath

__all__ = ["Kept", "Marks", "Written", "kept_mounts", "marks_of", "rewritten"]

type Written = tuple[str, str]
"""A path and what became of it: `new`, `changed`, `removed`, or, of a folder (`tests/`), `written`."""

type Marks = Mapping[str, tuple[int, int, int, int]]
"""What shows by path that a file or folder was written to, whatever is done to hide it."""

_CACHES = frozenset({"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache", ".benchmarks"})
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")
_MOST = 10_000
_TOO_MANY = ("", f"more than {_MOST} files written")
_MOST_MOUNTS = 200
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run may not write to: the paths that `keeps` says, but for those that a run of the base had `written`."""

    keeps: Callable[[str], bool]
    written: frozenset[str] = frozenset()


def marks_of(tree: Path) -> Marks:
    """The marks of everything in a folder that is to be compared with `rewritten`."""
    return {path: _mark(status) for path, status in _entries(tree)}


def rewritten(
    tree: Path, before: Marks, expected: Callable[[str], bytes | None], base: Collection[str], *, layered: bool
) -> tuple[Written, ...]:
    """What a run wrote to a tree that had these marks. Caches do not count, nor do files that are as they were.

    `expected` is the content of a file before the run, None if there was none; `base` are the files of the trees
    beneath, if it is the upper one of several (`layered`) and has only what is different.
    """
    now: dict[str, os.stat_result] = {}
    for path, status in _entries(tree):
        now[path] = status
        if len(now) > len(before) + len(base) + _MOST:  # as many as a hostile test likes: no more are looked at
            return (_TOO_MANY,)
    beneath = {f"{prefix}/" for path in base for prefix in _folders(path)}
    found = {
        path: what for path, status in now.items() if (what := _change(tree, path, status, before, expected, beneath))
    }
    gone = set(_hidden(tree, now, base, beneath)) if layered else before.keys() - now.keys()
    found |= {path: "removed" for path in gone if not path.endswith("/") and expected(path) is not None}
    if len(found) > _MOST:
        return (_TOO_MANY,)
    return tuple((spelled(path), what) for path, what in sorted(found.items()))


def _change(
    tree: Path,
    path: str,
    status: os.stat_result,
    before: Marks,
    expected: Callable[[str], bytes | None],
    beneath: Collection[str],
) -> str:
    """What became of an entry; empty if nothing did. `beneath` are the folders of the trees below."""
    if before.get(path) == _mark(status) or _is_whiteout(status):
        return ""
    if path.endswith("/"):
        return "written" if path in before or path in beneath else ""
    was = expected(path)
    if was is None:
        return "new"
    if not stat.S_ISREG(status.st_mode):
        return "changed"
    with suppress(OSError, UnsafePath):
        if read_beneath(tree, path, _MAX_BYTES) == was[:_MAX_BYTES] and status.st_size == len(was):
            return ""
    return "changed"


def _hidden(
    tree: Path, now: Mapping[str, os.stat_result], base: Collection[str], beneath: Collection[str]
) -> Iterator[str]:
    """The files of the trees beneath that an upper one hides: by a whiteout, another file, or a folder made anew."""
    hiding = set[str]()
    for entry, status in now.items():
        if entry.endswith("/"):
            if entry in beneath and _is_opaque(tree / entry):
                hiding.add(entry)
        elif f"{entry}/" in beneath:
            hiding.add(f"{entry}/")
        elif _is_whiteout(status):
            yield entry
    if hiding:
        yield from (
            path for path in base if path not in now and any(f"{prefix}/" in hiding for prefix in _folders(path))
        )


def kept_mounts(
    base: Path, kept: Kept, files: Collection[str], tree: Path, above: Collection[str]
) -> tuple[Mount, ...]:
    """Mounts that make read-only what is kept of the `files` of a base: folders as a whole where that is possible.

    The files `above` lie in the `tree` instead, over those of the base.
    """
    keeps, written = kept.keeps, kept.written
    still = [path for path in files if keeps(path) and path not in written]
    others = {prefix for path in {*files, *above}.difference(still) for prefix in _folders(path)}
    others |= {prefix for path in above for prefix in _folders(path)}
    others |= {prefix for path in written for prefix in _folders(path)}
    places: dict[str, Path] = {}
    for path in still:
        folder = next((prefix for prefix in _folders(path) if prefix not in others and keeps(f"{prefix}/new.py")), None)
        place = folder or path
        places[place] = (tree if place in above else base) / place
    chosen = sorted(places.items(), key=lambda item: (item[1].is_file(), item[0]))[:_MOST_MOUNTS]
    return tuple(Mount(source, f"{REPO}/{place}") for place, source in chosen)


def _folders(path: str) -> Iterator[str]:
    """The folders above a path, the outermost first."""
    parts = path.split("/")[:-1]
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))


def _entries(tree: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Everything in a folder but caches and git's own; folders end with a slash. No link is followed."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(f"{os.fspath(tree)}/{folder}") as entries:
            for entry in entries:
                if entry.name == ".git" or entry.name in _CACHES or basename(entry.name).endswith(".pyc"):
                    continue
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(f"{folder}{entry.name}/")
                    yield f"{folder}{entry.name}/", status
                else:
                    yield f"{folder}{entry.name}", status


def _mark(status: os.stat_result) -> tuple[int, int, int, int]:
    """Nobody can set back when a status changed; that of a folder also tells of its owner, so it is left out."""
    if stat.S_ISDIR(status.st_mode):
        return status.st_ino, 0, status.st_mtime_ns, 0
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(folder: Path) -> bool:
    for name in _OPAQUE:
        with suppress(OSError):
            if os.getxattr(folder, name, follow_symlinks=False) == b"y":
                return True
    return False
