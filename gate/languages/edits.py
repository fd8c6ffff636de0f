"""Where a file differs before and after a change."""

from __future__ import annotations

from itertools import pairwise

from gate.patch import Edit, FileChange

__all__ = ["edits_of"]


def edits_of(file: FileChange) -> tuple[Edit, ...]:
    """The edits of a file: the known ones, or else one from the first differing byte to the last."""
    before, after = file.before or b"", file.after or b""
    if file.edits is not None and all(first.end < second.start for first, second in pairwise(file.edits)):
        return file.edits
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return (Edit(start, len(before) - end, after[start : len(after) - end]),)


def _common(first: bytes, second: bytes) -> int:
    """The length of the common prefix."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
