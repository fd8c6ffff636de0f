"""A folder, or a part of one, seen as a `RepoView`."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from posixpath import join, normpath

from buildpacks.api import RepoView
from sandbox import UnsafePath, iter_files, read_beneath

__all__ = ["FolderView", "PartView"]

_MAX_FILE_BYTES = 64 << 20


class FolderView:
    """A read-only view of the files below `root`; `.git` is left out, and no symbolic link is followed.

    Files are listed once and reads are cached: a tree does not change while it is viewed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[str, bytes] = {}

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return tuple(iter_files(self.root))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._files)

    def files(self) -> Sequence[str]:
        """Every regular file, sorted."""
        return self._files

    def links(self) -> Sequence[str]:
        """Every symbolic link, sorted."""
        links: list[str] = []
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [name for name in folders if name != ".git"]
            paths = (Path(folder, name) for name in (*folders, *files))
            links += [path.relative_to(self.root).as_posix() for path in paths if path.is_symlink()]
        return sorted(links)

    def executables(self) -> Sequence[str]:
        """Every regular file that its owner may execute, sorted."""
        return [path for path in self.files() if (self.root / path).stat(follow_symlinks=False).st_mode & stat.S_IXUSR]

    def exists(self, path: str) -> bool:
        """Whether there is a regular file at `path`."""
        return path in self._known

    def read(self, path: str) -> bytes:
        """The content of a file; raises `FileNotFoundError`, also for anything but a regular file of the tree."""
        if path not in self._contents:
            if path not in self._known:
                raise FileNotFoundError(path)
            try:
                self._contents[path] = read_beneath(self.root, path, _MAX_FILE_BYTES)
            except UnsafePath as error:
                raise FileNotFoundError(path) from error
        return self._contents[path]


class PartView:
    """The files of another view beneath the folder `root`, by their paths relative to it.

    Those beside the folder are not listed, but a path that begins with `..` finds them.
    """

    def __init__(self, whole: RepoView, root: str) -> None:
        self._whole = whole
        self._root = root
        self._prefix = f"{root}/"

    def files(self) -> Sequence[str]:
        """Every regular file, sorted."""
        return [path.removeprefix(self._prefix) for path in self._whole.files() if path.startswith(self._prefix)]

    def exists(self, path: str) -> bool:
        """Whether there is a regular file at `path`."""
        return self._whole.exists(normpath(join(self._root, path)))

    def read(self, path: str) -> bytes:
        """The content of a file; raises `FileNotFoundError`."""
        return self._whole.read(normpath(join(self._root, path)))
