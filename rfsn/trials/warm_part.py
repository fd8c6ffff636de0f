"""A part of the repository in which candidates are tried warm, and a candidate as edits of its workers' tree."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from buildpacks.warm import Edits
from gate import Candidate, Change, CreateFile, EditFile, Patch, apply
from planners.targets import Targets
from rfsn.project.parts import Part

__all__ = ["WarmPart"]


@dataclass(frozen=True, slots=True)
class WarmPart:
    """A part of the repository with a warm runner, the prefix of its test ids, and what is to be repaired in it.

    `kept` is the change that the search continues from: the workers' trees have it, and candidates, which are patches
    on the base that `read` returns, differ from it.
    """

    prefix: str
    part: Part
    suffixes: tuple[str, ...]
    known: Targets
    kept: Change
    read: Callable[[str], bytes]

    def edits(self, candidate: Candidate) -> Edits | None:
        """The edits for a runner to make for a candidate; None if it cannot, or if other parts are edited too."""
        edits = _edits(candidate.patch)
        if edits is not None and self.kept.files:
            edits = self._beside_kept(apply(candidate.patch, self.read))
        fits = edits and all(path.endswith(self.suffixes) and self.part.own_path(path) is not None for path in edits)
        return edits if fits else None

    def _beside_kept(self, change: Change) -> Edits | None:
        """How the tree of a change differs from that of the kept one; None if not by edits of files alone."""
        edits: dict[str, list[tuple[int, int, bytes]]] = {}
        for path in change.files.keys() | self.kept.files.keys():
            kept, made = self.kept.files.get(path), change.files.get(path)
            before = kept.after if kept else made.before if made else None
            after = made.after if made else kept.before if kept else None
            if before != after and after is None:
                return None
            if before != after:
                edits[path] = [difference(before or b"", after or b"")]
        return edits


def difference(before: bytes, after: bytes) -> tuple[int, int, bytes]:
    """The one edit that leads from one content to another: its start and end in the former, and what is there then."""
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    return head, len(before) - tail, after[head : len(after) - tail]


def _alike(first: bytes, second: bytes) -> int:
    """How many bytes are the same from the start."""
    sizes = range(1, min(len(first), len(second)) + 1)
    return bisect_right(sizes, 0, key=lambda size: int(first[:size] != second[:size]))


def _edits(patch: Patch) -> Edits | None:
    """A patch for the warm protocol; None if the protocol cannot express it."""
    edits: dict[str, list[tuple[int, int, bytes]]] = {}
    for operation in patch:
        match operation:
            case EditFile(path) if path not in edits:
                edits[path] = [(edit.start, edit.end, edit.text) for edit in operation.edits]
            case CreateFile(path, content, "100644") if path not in edits:
                edits[path] = [(0, 0, content)]
            case _:
                return None
    return edits
