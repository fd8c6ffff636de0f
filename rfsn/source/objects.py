"""Git's objects as bytes: their ids, their loose files, and trees with changes in them. No git is run for this."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rfsn.errors import UsageError
from sandbox.folders import CHUNK, PLAIN, list_folder, opened_folder

__all__ = ["Entry", "ObjectStore", "object_id", "parse_tree", "tree_of_files"]

_FOLDER = "40000"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a tree: its mode, as git writes it, and the id of its object."""

    mode: str
    id: str


def object_id(kind: str, content: bytes, object_format: str = "sha1") -> str:
    """The id of an object of that kind (`blob`, `tree`, `commit`)."""
    made = hashlib.new(object_format, b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    made.update(content)
    return made.hexdigest()


def parse_tree(content: bytes, object_format: str = "sha1") -> dict[str, Entry]:
    """The entries of a tree object, by name. Raises `ValueError` if it is invalid."""
    size = hashlib.new(object_format, usedforsecurity=False).digest_size
    entries: dict[str, Entry] = {}
    at = 0
    while at < len(content):
        space, end = content.index(b" ", at), content.index(b"\0", at)
        id = content[end + 1 : end + 1 + size]
        if len(id) != size or space > end:
            raise ValueError("a tree that ends within an entry")
        entries[os.fsdecode(content[space + 1 : end])] = Entry(content[at:space].decode("ascii"), id.hex())
        at = end + 1 + size
    return entries


class ObjectStore:
    """New objects in memory, on top of those that `read` gives (the entries of a tree by its id)."""

    def __init__(self, object_format: str = "sha1", read: Callable[[str], dict[str, Entry]] | None = None) -> None:
        self.object_format = object_format
        self.made: dict[str, tuple[str, bytes]] = {}
        self._read = read

    def put(self, kind: str, content: bytes) -> str:
        """Add an object, and return its id."""
        id = object_id(kind, content, self.object_format)
        self.made[id] = (kind, content)
        return id

    def tree(self, changes: Mapping[str, Entry | None], root: str | None = None) -> str:
        """The id of the tree `root` (none: an empty one) with the entries in `changes` by path; None removes one."""
        return self._tree(changes, root) or self.put("tree", b"")

    def _tree(self, changes: Mapping[str, Entry | None], root: str | None) -> str | None:
        entries = dict(self._read(root)) if root is not None and self._read is not None else {}
        inner: dict[str, dict[str, Entry | None]] = {}
        for path, entry in changes.items():
            name, _, rest = path.partition("/")
            if rest:
                inner.setdefault(name, {})[rest] = entry
            elif entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
        for name, below in inner.items():
            known = entries.pop(name, None)
            made = self._tree(below, known.id if known is not None and known.mode == _FOLDER else None)
            if made is not None:
                entries[name] = Entry(_FOLDER, made)
        return self.put("tree", _encoded(entries)) if entries else None

    def write(self, objects: Path) -> None:
        """Write the new objects as loose files into a folder of objects of our own."""
        for id, content in self.loose():
            place = objects / id[:2] / id[2:]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)

    def loose(self) -> Iterator[tuple[str, bytes]]:
        """The id of each new object and the content of its loose file; objects come before those that refer to them."""
        for id, (kind, content) in self.made.items():
            yield id, zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content, 1)


def _encoded(entries: Mapping[str, Entry]) -> bytes:
    def place(item: tuple[str, Entry]) -> bytes:
        return os.fsencode(item[0]) + (b"/" if item[1].mode == _FOLDER else b"")

    return b"".join(
        entry.mode.encode() + b" " + os.fsencode(name) + b"\0" + bytes.fromhex(entry.id)
        for name, entry in sorted(entries.items(), key=place)
    )


def tree_of_files(root: Path, object_format: str = "sha1") -> str:
    """The id of the git tree that the files beneath `root` make; without a `.git` at the top.

    Raises `UsageError` if there is anything but folders, regular files and links.
    """
    with opened_folder(root) as fd:
        return _tree_of(fd, "", object_format, skip=".git") or object_id("tree", b"", object_format)


def _tree_of(fd: int, prefix: str, object_format: str, skip: str = "") -> str | None:
    entries: dict[str, Entry] = {}
    for name, kind in list_folder(fd):
        if name == skip:
            continue
        if stat.S_ISDIR(kind):
            with opened_folder(name, fd) as inner:
                if (made := _tree_of(inner, f"{prefix}{name}/", object_format)) is not None:
                    entries[name] = Entry(_FOLDER, made)
        elif stat.S_ISLNK(kind):
            entries[name] = Entry("120000", object_id("blob", os.fsencode(os.readlink(name, dir_fd=fd)), object_format))
        elif stat.S_ISREG(kind):
            entries[name] = _hashed(name, fd, object_format)
        else:
            raise UsageError(f"{prefix}{name} is neither a folder, a file nor a link")
    return object_id("tree", _encoded(entries), object_format) if entries else None


def _hashed(name: str, at: int, object_format: str) -> Entry:
    fd = os.open(name, PLAIN, dir_fd=at)
    try:
        status = os.fstat(fd)
        made = hashlib.new(object_format, b"blob %d\0" % status.st_size, usedforsecurity=False)
        while data := os.read(fd, CHUNK):
            made.update(data)
        return Entry("100755" if status.st_mode & stat.S_IXUSR else "100644", made.hexdigest())
    finally:
        os.close(fd)
