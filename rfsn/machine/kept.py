"""Folders of the cache that are made once and used by many sessions: made whole or not at all, locked while in use."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rfsn.machine import home
from sandbox import discard, disk_usage, make_marked, remove_marked

__all__ = ["COMPLETE", "cached_folders", "kept", "remove_incomplete", "shrink"]

COMPLETE = "complete"
"""The file that a folder of the cache has once it is whole; a folder without it is unfinished."""


@contextmanager
def kept(folder: Path, make: Callable[[Path], None]) -> Iterator[bool]:
    """Make `folder` with `make` if it does not exist, and keep it from being removed during the block.

    Gives whether it was made now. Others that want it wait, or use it at the same time.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_of(folder).open("a") as lock:
        made = False
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not (folder / COMPLETE).is_file():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / COMPLETE).is_file():
                remove_marked(folder)
                make_marked(folder)
                try:
                    make(folder)
                    (folder / COMPLETE).touch()
                except BaseException:
                    discard(folder)
                    raise
                made = True
            fcntl.flock(lock, fcntl.LOCK_SH)  # between two locks, another may remove it
        os.utime(folder)
        yield made


def shrink(folders: Collection[Path], files: Collection[Path], limit: int) -> None:
    """Remove what was used least recently until the rest takes at most `limit` bytes; no folder that is in use.

    `files` are folders of downloads: whoever uses one has its own link or copy.
    """
    used: dict[Path, float] = {}
    for place in (*folders, *files):
        with suppress(FileNotFoundError):
            used[place] = place.stat().st_mtime
    sizes = {place: disk_usage(place) for place in sorted(used, key=lambda place: used[place])}
    total = sum(sizes.values())
    for place, size in sizes.items():
        if total <= limit:
            return
        if discard(place) if place in files else _removed(place):
            total -= size


def remove_incomplete(folders: Sequence[Path]) -> Iterator[Path]:
    """Remove unfinished folders that no process is still making; gives each."""
    for folder in folders:
        if not (folder / COMPLETE).exists() and _removed(folder, only_incomplete=True):
            yield folder


def _removed(folder: Path, *, only_incomplete: bool = False) -> bool:
    with _lock_of(folder).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if only_incomplete and (folder / COMPLETE).exists():
            return False
        (folder / COMPLETE).unlink(missing_ok=True)  # what is removed half-way is not whole
        return discard(folder)


def _lock_of(folder: Path) -> Path:
    """Held exclusively while a folder is made or removed, and shared while it is used."""
    return folder.with_name(f"{folder.name}.lock")


def cached_folders() -> list[Path]:
    """Every environment in the caches, including those that are being made."""
    cache = home.cache_home()
    return [folder for part in ("environments", "projects") for folder in (cache / part).glob("*") if folder.is_dir()]
