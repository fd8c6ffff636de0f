"""Folders for what untrusted code writes: of a bounded size where the controller may mount, and sure to go away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.mounts import mount_sized
from sandbox.workspace import remove_tree

__all__ = ["discard", "scratch_folder"]

_PAUSES_S = (0.1, 0.5)


@contextmanager
def scratch_folder(parent: Path, size: int | None) -> Iterator[Path]:
    """A new folder in `parent`, gone when the block ends: a file system of `size` bytes where one can be mounted.

    With a size of None it is a plain folder.

    One that cannot be removed is left for whoever discards `parent`.
    """
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=parent))
    try:
        if size is not None:
            mount_sized(folder, size)
        yield folder
    finally:
        discard(folder)


def discard(folder: Path) -> bool:
    """Remove a folder as `remove_tree` does; false where that failed three times, and it is left."""
    for pause_s in (*_PAUSES_S, None):
        try:
            remove_tree(folder)
        except OSError:
            if pause_s is not None:
                time.sleep(pause_s)
        else:
            return True
    return False
