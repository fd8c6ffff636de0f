"""Folders that rfsn makes and may remove: each carries a mark, and nothing without it is ever removed.

`make_marked` and `remove_marked` are for every such folder. Whatever untrusted code may write lies in a separate folder
beneath the marked one: the code can neither remove the mark nor place one where it would matter.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.errors import NotMarked
from sandbox.folders import write_all
from sandbox.maker import Maker
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
"""The file that marks a folder as rfsn's own, which may be removed with everything in it."""

_TEXT = b"rfsn made this folder, and removes it with everything in it when it is no longer needed.\n"
_UNFINISHED = ".making"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PAUSES_S = (0.1, 0.5)


@contextmanager
def making(folder: Path, mode: int = 0o755) -> Iterator[Path]:
    """A new marked folder, which the block fills under another name; at its end it is renamed to `folder`.

    If the block raises, nothing is left. Raises `FileExistsError` if `folder` exists and is not an empty folder; an
    empty folder is replaced.
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
                raise FileExistsError(f"{folder} already exists") from error
            raise
    except BaseException:
        with suppress(OSError):
            _remove_unfinished(unfinished)
        raise


def make_marked(folder: Path, mode: int = 0o755) -> None:
    """Make the new folder `folder`; it never exists without its mark. Raises like `making`."""
    with making(folder, mode):
        pass


def mark(folder: Path) -> None:
    """Mark a folder as rfsn's own from now on, unless it is marked already. Raises `OSError`."""
    if is_marked(folder):
        return
    descriptor = os.open(folder / MARK, _NEW, 0o644)
    try:
        write_all(descriptor, _TEXT)
    finally:
        os.close(descriptor)


def is_marked(folder: Path) -> bool:
    """Whether rfsn may remove a path: it is a folder, not a link, and both it and its mark belong to us."""
    try:
        itself, its_mark = folder.lstat(), (folder / MARK).lstat()
    except OSError:
        return False
    ours = itself.st_uid == its_mark.st_uid == os.geteuid()
    return ours and stat.S_ISDIR(itself.st_mode) and stat.S_ISREG(its_mark.st_mode)


def remove_marked(folder: Path) -> None:
    """Remove a folder that `make_marked` made, so that it never exists without its mark. It may be missing.

    Raises `NotMarked` if it has no mark or is not a folder (but a symbolic link, for example), and `OSError` if it
    cannot be removed.
    """
    if not os.path.lexists(folder):
        return
    if not is_marked(folder):
        why = f"rfsn did not make it, or it has lost its {MARK}"
        raise NotMarked(f"{folder} is in the way, and stays as it is: {why}: move it away, or remove it")
    with suppress(FileNotFoundError):  # another process was quicker
        with os.scandir(folder) as entries:
            inside = [Path(entry.path) for entry in entries if entry.name != MARK]
        for path in inside:
            remove_tree(path)
        leaving = _unfinished(folder.parent)
        folder.rename(leaving)
        _remove_unfinished(leaving)


def remove_unfinished(parent: Path) -> list[str]:
    """Remove folders in `parent` that a killed `making` or `remove_marked` had not finished, and return their paths."""
    removed = []
    for folder in parent.glob(f".*{_UNFINISHED}"):
        maker = Maker.parse(folder.name.removeprefix(".").partition(".")[0])
        if maker is not None and maker.is_dead() and _with_retries(_remove_unfinished, folder):
            removed.append(str(folder))
    return removed


@contextmanager
def scratch_folder(parent: Path, size: int | None) -> Iterator[Path]:
    """A new folder in `parent`, removed at the end of the block; a file system of `size` bytes if one can be mounted.

    With a size of None it is a plain folder. A folder that cannot be removed is left to whoever discards `parent`,
    which is marked or a temporary folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=parent))
    try:
        if size is not None:
            mount_sized(folder, size)
        yield folder
    finally:
        _with_retries(remove_tree, folder)


def discard(folder: Path) -> bool:
    """Remove a folder like `remove_marked`; false if it is left, because it is not marked or three tries failed."""
    return _with_retries(remove_marked, folder)


def _with_retries(remove: Callable[[Path], None], folder: Path) -> bool:
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
    """A temporary name in `parent` that says who is making or removing the folder."""
    return parent / f".{Maker.own()}.{os.urandom(4).hex()}{_UNFINISHED}"


def _remove_unfinished(folder: Path) -> None:
    """Remove a folder with such a name; if it has no mark yet, or no longer, it is empty."""
    if is_marked(folder):
        remove_tree(folder)
        return
    try:
        folder.rmdir()
    except OSError as error:
        raise NotMarked(f"{folder} was not made by rfsn") from error
