"""Composing two patches, the second made on the tree that the first produces, into one patch on the base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gate.patch import Edit, EditFile, Patch, PatchError, apply

__all__ = ["compose"]


def compose(first: Patch, second: Patch, read: Callable[[str], bytes]) -> Patch:
    """One patch with the effect of `first` followed by `second`, on the base that `read` returns.

    It is empty if `second` undoes `first`. Raises `PatchError` if they do anything but edit files, or if `first` does
    not fit the base.
    """
    edits = [operation for operation in (*first, *second) if isinstance(operation, EditFile)]
    if len(edits) < len(first) + len(second):
        raise PatchError("only edits of files can be composed")
    apply(first, read)
    hashes: dict[str, str] = {}
    pieces: dict[str, list[_Piece]] = {}
    for operation in edits:
        path = operation.path
        if path not in pieces:
            hashes[path], pieces[path] = operation.base, [_Kept(0, len(read(path)))]
        pieces[path] = _spliced(pieces[path], operation.edits)
    composed = {path: tuple(_edits(pieces[path], read(path))) for path in pieces}
    return tuple(EditFile(path, hashes[path], edits) for path, edits in composed.items() if edits)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes of the base, from `start` up to `end`."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, part: slice) -> _Kept:
        start, end, _ = part.indices(len(self))
        return _Kept(self.start + start, self.start + max(start, end))


type _Piece = _Kept | bytes
"""A part of an edited file: kept from the base, or new."""


def _spliced(pieces: list[_Piece], edits: tuple[Edit, ...]) -> list[_Piece]:
    """The pieces of a file after edits, whose offsets refer to the concatenated pieces."""
    spliced: list[_Piece] = []
    at = 0
    for edit in edits:
        spliced += [*_cut(pieces, at, edit.start), edit.text]
        at = edit.end
    return [*spliced, *_cut(pieces, at, sum(map(len, pieces)))]


def _cut(pieces: list[_Piece], start: int, end: int) -> Iterator[_Piece]:
    at = 0
    for piece in pieces:
        part = piece[max(0, start - at) : max(0, end - at)]
        at += len(piece)
        if len(part):
            yield part


def _edits(pieces: list[_Piece], base: bytes) -> Iterator[Edit]:
    """The pieces of one file as edits of its base."""
    at, text = 0, b""
    for piece in (*pieces, _Kept(len(base), len(base))):
        if isinstance(piece, bytes):
            text += piece
            continue
        if text != base[at : piece.start]:
            yield Edit(at, piece.start, text)
        at, text = piece.end, b""
