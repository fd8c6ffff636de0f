"""Trees of files that untrusted code may write to: no path in them is trusted until it is open."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from sandbox.errors import UnsafePath
from sandbox.folders import CHUNK, FOLDER, NEW, PLAIN, drain, new_file, opened_beneath, opened_folder, write_all
from sandbox.mounts import unmount_beneath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = [
    "copy_files",
    "copy_tree",
    "iter_files",
    "read_beneath",
    "remove_beneath",
    "remove_tree",
    "replace_beneath",
    "write_beneath",
]


def read_beneath(root: Path | int, path: str, limit: int) -> bytes:
    """At most `limit` bytes of the regular file at the `/`-separated `path` beneath `root`, a path or a descriptor.

    Raises `UnsafePath` if the path is absolute, has an empty, `.` or `..` part or a NUL, crosses a symlink or is not a
    regular file, and `FileNotFoundError` if it does not exist.
    """
    *folders, name = _parts(path)
    with _folder(root, folders, path, make=False) as folder:
        with _refused(path):
            fd = os.open(name, PLAIN, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise UnsafePath(f"not a regular file: {path!r}")
            return b"".join(drain(fd, limit))
        finally:
            os.close(fd)


def write_beneath(root: Path, path: str, content: bytes, *, executable: bool = False) -> None:
    """Write a regular file (mode 0644, or 0755) at `path` beneath `root`, creating folders; see `read_beneath`.

    The file is written under another name and renamed, so a reader sees either the old or the new content, and other
    hard links to the old file keep its content.
    """
    with _replaced(root, path, content) as (made, _):
        os.fchmod(made, 0o755 if executable else 0o644)


def replace_beneath(root: Path | int, path: str, content: bytes, *, executable: bool | None = None) -> None:
    """Write a regular file at `path` beneath `root` as if a user edited it there; otherwise like `write_beneath`.

    A file that is replaced keeps its permissions, and its owner and group if we may set them; a new one gets its
    permissions from the umask. `executable` adds the right to execute for whoever may read the file, or removes it.
    """
    with _replaced(root, path, content) as (made, before):
        mode = stat.S_IMODE(os.fstat(made).st_mode) if before is None else _inherited(made, before)
        if executable is not None:
            mode = mode | (mode & 0o444) >> 2 if executable else mode & ~0o111
        os.fchmod(made, mode)


def remove_beneath(root: Path, path: str) -> None:
    """Remove the file or symlink at `path` beneath `root`, if it exists. Refuses like `read_beneath`."""
    *folders, name = _parts(path)
    with suppress(FileNotFoundError), _folder(root, folders, path, make=False) as folder, _refused(path):
        os.unlink(name, dir_fd=folder)


def copy_files(source: Path, target: Path, paths: Iterable[str], limit: int | None = None) -> None:
    """Copy the regular files at `paths` beneath `source` to `target`, creating folders and following no symlink.

    Permission bits are kept as in `copy_tree`, and existing files are replaced. Raises `UnsafePath` if a path crosses a
    symlink or a file on either side, or exists but is not a regular file, or if the files contain more than `limit`
    bytes.
    """
    budget = _Budget(limit)
    for path in paths:
        *folders, name = _parts(path)
        with _folder(source, folders, path, make=False) as inner, _folder(target, folders, path, make=True) as outer:
            with _refused(path), suppress(FileNotFoundError):
                os.unlink(name, dir_fd=outer)
            with _refused(path):
                _copy_file(name, inner, outer, budget)


def copy_tree(source: Path, target: Path, limit: int | None = None, without: Collection[str] = ()) -> None:
    """Copy the tree at `source`, except top-level names in `without`, to the new folder `target`.

    Symlinks are copied as such and never followed; regular files keep their permission bits and are never hard-linked;
    FIFOs, sockets and devices are left out. Raises `FileExistsError` if `target` exists, and `UnsafePath` if the files
    contain more than `limit` bytes, including holes.
    """
    target.mkdir(parents=True)
    with ExitStack() as fds:
        _copy(_open(fds, os.fspath(source), None), _open(fds, os.fspath(target), None), _Budget(limit), without)


def remove_tree(path: Path) -> None:
    """Remove a tree, if it exists, even if folders in it are read-only; no symlink is followed.

    File systems mounted in it are unmounted, not emptied.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    unmount_beneath(path)
    with ExitStack() as fds:
        root = _open(fds, os.fspath(path), None, os.O_PATH)
        _unlock(root)
        while names := _names(root):
            for name in names:
                try:
                    os.unlink(name, dir_fd=root)
                except IsADirectoryError:
                    _empty(name, root)
    path.rmdir()


def iter_files(root: Path) -> Iterator[str]:
    """The `/`-separated paths of all regular files beneath `root`, sorted; no symlink is followed, `.git` is skipped.

    Names that are not UTF-8 contain surrogate escapes. Raises `OSError` if a folder cannot be read.
    """
    paths: list[str] = []
    if root.is_symlink():
        raise UnsafePath(f"a link, not a folder: {os.fspath(root)!r}")
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(f"{os.fspath(root)}/{folder}") as entries:
            for entry in entries:
                if entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    paths.append(f"{folder}{entry.name}")
    yield from sorted(paths)


@contextmanager
def _replaced(root: Path | int, path: str, content: bytes) -> Iterator[tuple[int, os.stat_result | None]]:
    """The new file with `content`, open and without its final mode, and the status of the file that it will replace."""
    *folders, name = _parts(path)
    with _folder(root, folders, path, make=True) as folder:
        before = None
        with suppress(FileNotFoundError), _refused(path):
            before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if before is not None and not stat.S_ISREG(before.st_mode):
            raise UnsafePath(f"not a regular file: {path!r}")
        temporary = f".rfsn-{os.urandom(8).hex()}"
        made = os.open(temporary, NEW, 0o600 if before else 0o666, dir_fd=folder)
        try:
            try:
                write_all(made, content)
                yield made, before
            finally:
                os.close(made)
            with _refused(path):
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            raise


def _inherited(made: int, before: os.stat_result) -> int:
    """The mode for a file that replaces another; it also gets that file's owner and group if we may set them."""
    mode = stat.S_IMODE(before.st_mode)
    if _is_given(made, before.st_uid, before.st_gid):
        return mode
    mode &= 0o777  # the set-user-id bit belongs to the former owner
    if _is_given(made, -1, before.st_gid):
        return mode
    return mode & ~0o070 | (mode & 0o007) << 3  # our group gets the rights of all others


def _is_given(made: int, owner: int, group: int) -> bool:
    try:
        os.fchown(made, owner, group)
    except OSError:
        return False
    return True


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise UnsafePath(f"not a plain path beneath the workspace: {path!r}")
    return parts


@contextmanager
def _refused(path: str) -> Iterator[None]:
    """Turn the kernel's errors for a symlink, a file among the folders, a device or a name too long into a refusal."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafePath(f"{path!r}: {error.strerror}") from error


@contextmanager
def _folder(root: Path | int, folders: list[str], path: str, *, make: bool) -> Iterator[int]:
    """The open folder at the end of `folders` beneath `root`, a descriptor or a path that is not itself a link."""
    with ExitStack() as held:
        with _refused(path):
            top = root if isinstance(root, int) else held.enter_context(opened_folder(root))
            inner = held.enter_context(opened_beneath(top, folders, make=make))
        yield inner


def _open(fds: ExitStack, name: str, folder: int | None, how: int = os.O_RDONLY) -> int:
    fd = os.open(name, FOLDER | how, dir_fd=folder)
    fds.callback(os.close, fd)
    return fd


class _Budget:
    """How many bytes may still be copied."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._used = 0

    def take(self, size: int) -> None:
        self._used += size
        if self._limit is not None and self._used > self._limit:
            raise UnsafePath(f"the files contain more than {self._limit >> 20} MiB")


def _copy(source: int, target: int, budget: _Budget, without: Collection[str] = ()) -> None:
    for name in set(os.listdir(source)) - set(without):
        mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        elif stat.S_ISREG(mode):
            _copy_file(name, source, target, budget)
        elif stat.S_ISDIR(mode):
            os.mkdir(name, 0o755, dir_fd=target)
            with ExitStack() as fds:
                _copy(_open(fds, name, source), _open(fds, name, target), budget)


def _copy_file(name: str, source: int, target: int, budget: _Budget) -> None:
    with ExitStack() as fds:
        fd = os.open(name, PLAIN, dir_fd=source)
        fds.callback(os.close, fd)
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode):
            made = fds.enter_context(new_file(name, target, 0o755 if mode & 0o111 else 0o644))
            while data := os.read(fd, CHUNK):
                budget.take(len(data))
                write_all(made, data)


def _empty(name: str, folder: int) -> None:
    """Remove the folder `name`, moving its subfolders up beside it: no depth exhausts descriptors or the stack."""
    with ExitStack() as fds:
        fd = _open(fds, name, folder, os.O_PATH)
        _unlock(fd)
        for inner in _names(fd):
            try:
                os.unlink(inner, dir_fd=fd)
            except IsADirectoryError:
                # Its own `..` changes, which needs the right to write to it.
                with ExitStack() as once:
                    _unlock(_open(once, inner, fd, os.O_PATH))
                os.rename(inner, os.urandom(8).hex(), src_dir_fd=fd, dst_dir_fd=folder)
    os.rmdir(name, dir_fd=folder)


def _names(fd: int) -> list[str]:
    """The names in the folder open at `fd`, which cannot be listed directly because of O_PATH."""
    return os.listdir(f"/proc/self/fd/{fd}")  # noqa: PTH208 - a descriptor, not a file's path


def _unlock(fd: int) -> None:
    """Make the folder open at `fd` writable for us; opening it with O_PATH needed no right to read."""
    os.chmod(f"/proc/self/fd/{fd}", 0o700)  # noqa: PTH101 - a descriptor, not a file's path
