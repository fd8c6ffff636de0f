"""Patches as data, and the `Change` that they make: computed in memory, so that rules check results, not text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

__all__ = [
    "Change",
    "CreateFile",
    "DeleteFile",
    "Edit",
    "EditFile",
    "FileChange",
    "FileMode",
    "Mode",
    "Operation",
    "Patch",
    "PatchError",
    "RenameFile",
    "SetMode",
    "apply",
    "content_hash",
    "forget_hashes",
]

type Mode = Literal["100644", "100755"]
"""The modes that a patch can give a file."""

type FileMode = Mode | Literal["120000", "160000"]
"""The modes that an entry of a tree can have: a file, an executable one, a symbolic link, a submodule."""

_MAX_CACHED = 1 << 20


class PatchError(ValueError):
    """The patch does not fit its base: a missing file, different content, overlapping edits."""


def content_hash(content: bytes) -> str:
    """The hash by which an edit identifies the content that its offsets refer to (SHA-256, hex)."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes from `start` up to `end` (offsets on the base)."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True)
class EditFile:
    """Change parts of a file whose content hashes to `base`; the edits are in order and do not overlap."""

    path: str
    base: str
    edits: tuple[Edit, ...]
    type: Literal["edit_file"] = "edit_file"


@dataclass(frozen=True, slots=True)
class CreateFile:
    """Add a file that does not exist yet."""

    path: str
    content: bytes
    mode: Mode = "100644"
    type: Literal["create_file"] = "create_file"


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Remove a file."""

    path: str
    type: Literal["delete_file"] = "delete_file"


@dataclass(frozen=True, slots=True)
class RenameFile:
    """Move a file to a path that is free."""

    path: str
    to: str
    type: Literal["rename_file"] = "rename_file"


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change a file's mode."""

    path: str
    mode: Mode
    type: Literal["set_mode"] = "set_mode"


type Operation = EditFile | CreateFile | DeleteFile | RenameFile | SetMode
type Patch = tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path before and after; None if the file does not exist. A `mode` of None means unchanged, or a plain file.

    `edits`, if known, are those that lead from `before` to `after`, exactly.
    """

    before: bytes | None
    after: bytes | None
    mode: FileMode | None = None
    edits: tuple[Edit, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Change:
    """What a patch does to its base: each touched path with its bytes before and after. Compared by identity."""

    files: Mapping[str, FileChange]


def apply(patch: Patch, read: Callable[[str], bytes]) -> Change:
    """Compute what `patch` does on the base that `read` returns (it raises `FileNotFoundError` for a missing path).

    Raises `PatchError` if the patch does not fit. Paths are taken literally: checking them is up to the rules.
    """
    files: dict[str, FileChange] = {}

    def base(path: str) -> bytes | None:
        try:
            return read(path)
        except FileNotFoundError:
            return None

    def current(path: str) -> bytes:
        content = files[path].after if path in files else base(path)
        if content is None:
            raise PatchError(f"{path}: no such file in the base")
        return content

    def put(path: str, content: bytes | None, mode: Mode | None = None, edits: tuple[Edit, ...] | None = None) -> None:
        known = files.get(path)
        before = known.before if known else base(path)
        files[path] = FileChange(before, content, mode or (known.mode if known else None), None if known else edits)

    def put_fresh(path: str, content: bytes, mode: Mode | None) -> None:
        if (files[path].after if path in files else base(path)) is not None:
            raise PatchError(f"{path}: already in the base")
        put(path, content, mode)

    for operation in patch:
        match operation:
            case EditFile(path, wanted, edits):
                content = current(path)
                if _known_hash(content) != wanted:
                    raise PatchError(f"{path}: the edit was made for different content than that of the base")
                put(path, _edited(path, content, edits), edits=edits)
            case CreateFile(path, content, mode):
                put_fresh(path, content, mode)
            case DeleteFile(path):
                current(path)
                put(path, None)
            case RenameFile(path, to):
                content = current(path)
                put(path, None)
                put_fresh(to, content, None)
            case SetMode(path, mode):
                put(path, current(path), mode)
    return Change(
        MappingProxyType(
            {
                path: file
                for path, file in files.items()
                if file.before != file.after or (file.mode and file.after is not None)
            }
        )
    )


def _known_hash(content: bytes) -> str:
    """The hash of a file's content, cached because many candidates edit the same file."""
    return _cached_hash(content) if len(content) <= _MAX_CACHED else content_hash(content)


_cached_hash = lru_cache(maxsize=64)(content_hash)


def forget_hashes() -> None:
    """Clear the cache of hashes."""
    _cached_hash.cache_clear()


def _edited(path: str, content: bytes, edits: tuple[Edit, ...]) -> bytes:
    if any(edit.start > edit.end or edit.start < 0 or edit.end > len(content) for edit in edits):
        raise PatchError(f"{path}: an edit lies outside the file")
    if any(first.end > second.start for first, second in pairwise(edits)):
        raise PatchError(f"{path}: edits overlap or are out of order")
    parts: list[bytes] = []
    at = 0
    for edit in edits:
        parts += [content[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*parts, content[at:]])
