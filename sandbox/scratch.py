"""Folders that are made to be removed: each carries a mark, and nothing without it is ever removed.

`make_marked` and `remove_marked` are for every such folder of rfsn. What untrusted code may write lies in a folder of
its own beneath the marked one: it can neither take the mark away nor put one where it would help.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.controller import Controller
from sandbox.errors import NotMarked
from sandbox.folders import write_all
from sandbox.mounts import mount_sized
from sandbox.workspace import remove_tree

__all__ = [
    "MARK",
    "discard",
    "is_marked",
    "make_marked",
    "making",
    "mark",
    "remove_marked",
    "remove_unfinished",
    "scratch_folder",
]

MARK = ".made-by-rfsn"
"""The file that says that a folder is rfsn's own, to be removed with all that is in it."""

_TEXT = b"rfsn made this folder, and removes it with all that is in it when it is no longer needed.\n"
_UNFINISHED = ".making"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PAUSES_S = (0.1, 0.5)


@contextmanager
def making(folder: Path, mode: int = 0o755) -> Iterator[Path]:
    """A new marked folder, to be filled in the block under another name; at its end it is there, as `folder`.

    Where the block raises there is nothing. Raises `FileExistsError` where `folder` is there and not empty, or is no
    folder; an empty one is replaced.
    """
    unfinished = _unfinished(folder.parent)
    unfinished.mkdir(mode)
    try:
        mark(unfinished)
        yield unfinished
        try:
            unfinished.rename(folder)
        except OSError as error:
            if os.path.lexists(folder):
                raise FileExistsError(f"{folder} is there already") from error
            raise
    except BaseException:
        with suppress(OSError):
            _remove_unfinished(unfinished)
        raise


def make_marked(folder: Path, mode: int = 0o755) -> None:
    """Make the new folder `folder`, with its mark in it: at no moment it is there without. Errors as `making`."""
    with making(folder, mode):
        pass


def mark(folder: Path) -> None:
    """Mark a folder that is rfsn's own from now on; one that is marked stays as it is. Raises `OSError`."""
    if is_marked(folder):
        return
    descriptor = os.open(folder / MARK, _NEW, 0o644)
    try:
        write_all(descriptor, _TEXT)
    finally:
        os.close(descriptor)


def is_marked(folder: Path) -> bool:
    """Whether rfsn made a folder to be removed: it is one itself, and no link, and has a mark of the same owner."""
    try:
        held, found = folder.lstat(), (folder / MARK).lstat()
    except OSError:
        return False
    return stat.S_ISDIR(held.st_mode) and stat.S_ISREG(found.st_mode) and held.st_uid == found.st_uid == os.geteuid()


def remove_marked(folder: Path) -> None:
    """Remove a folder that `make_marked` made, its mark last: at no moment it is there without. Nothing there is fine.

    Raises `NotMarked` where it has no mark, or is no folder (a symbolic link is none), and `OSError` where it cannot be
    removed.
    """
    if not os.path.lexists(folder):
        return
    if not is_marked(folder):
        said = f"rfsn did not make it, or it has lost its {MARK}"
        raise NotMarked(f"{folder} is in the way, and stays as it is: {said}: move it away, or remove it")
    with suppress(FileNotFoundError):  # another is quicker
        with os.scandir(folder) as entries:
            inside = [Path(entry.path) for entry in entries if entry.name != MARK]
        for path in inside:
            remove_tree(path)
        leaving = _unfinished(folder.parent)
        folder.rename(leaving)
        _remove_unfinished(leaving)


def remove_unfinished(parent: Path) -> list[str]:
    """Remove what `making` or `remove_marked` had not finished in `parent` when it was killed, and say what it was."""
    removed = []
    for folder in parent.glob(f".*{_UNFINISHED}"):
        maker = Controller.parse(folder.name.removeprefix(".").partition(".")[0])
        if maker is not None and maker.is_dead() and _patiently(_remove_unfinished, folder):
            removed.append(str(folder))
    return removed


@contextmanager
def scratch_folder(parent: Path, size: int | None) -> Iterator[Path]:
    """A new folder in `parent`, gone when the block ends: a file system of `size` bytes where one can be mounted.

    With a size of None it is a plain folder.

    One that cannot be removed is left for whoever discards `parent`, which is marked or a temporary folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=parent))
    try:
        if size is not None:
            mount_sized(folder, size)
        yield folder
    finally:
        _patiently(remove_tree, folder)


def discard(folder: Path) -> bool:
    """Remove a folder as `remove_marked` does; false where it is not marked or that failed three times: it is left."""
    return _patiently(remove_marked, folder)


def _patiently(remove: Callable[[Path], None], folder: Path) -> bool:
    for pause_s in (*_PAUSES_S, None):
        try:
            remove(folder)
        except NotMarked:
            return False
        except OSError:
            if pause_s is not None:
                time.sleep(pause_s)
        else:
            return True
    return False


def _unfinished(parent: Path) -> Path:
    """A name in `parent` that says who makes or removes the folder, for a moment."""
    return parent / f".{Controller.own()}.{os.urandom(4).hex()}{_UNFINISHED}"


def _remove_unfinished(folder: Path) -> None:
    """Remove a folder of such a name: one that has no mark yet, or no longer, is empty."""
    if is_marked(folder):
        remove_tree(folder)
        return
    try:
        folder.rmdir()
    except OSError as error:
        raise NotMarked(f"{folder} is not of rfsn's making") from error
