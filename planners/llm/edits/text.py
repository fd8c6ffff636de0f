"""A file of the tree as lines, and edits of its lines as edits of its bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from gate import Edit

__all__ = ["FileText", "LineEdit", "line_edits"]

type LineEdit = tuple[int, int, tuple[str, ...]]
"""Replace the lines from one index up to another by these, which have no line endings."""

_BOM = b"\xef\xbb\xbf"
_MAX_DEPTH = 12


class FileText:
    """The content of a file. Lines are numbered from 0 and have no endings: each line keeps its own."""

    def __init__(self, path: str, raw: bytes) -> None:
        self.path, self.raw = path, raw
        start = len(_BOM) if raw.startswith(_BOM) else 0
        parts = raw[start:].split(b"\n")
        self._ends_line = parts[-1] == b""
        if self._ends_line:
            parts.pop()
        self._starts = [*accumulate((len(part) + 1 for part in parts), initial=start)]
        self._starts[-1] = len(raw)
        self._crlf = [part.endswith(b"\r") for part in parts]
        try:
            raw.decode()
            self._encoding = "utf-8"
        except UnicodeDecodeError:
            self._encoding = "latin-1"  # it can hold any byte, so that the rest of the file stays as it is
        self.lines = [part.removesuffix(b"\r").decode(self._encoding) for part in parts]

    @cached_property
    def stripped(self) -> list[str]:
        """The lines without white space around them."""
        return [line.strip() for line in self.lines]

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each stripped line occurs."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for at, line in enumerate(self.stripped):
            places[line].append(at)
        return dict(places)

    @cached_property
    def _joined(self) -> tuple[str, list[int]]:
        return "\n".join(["", *self.stripped, ""]), [*accumulate((len(line) + 1 for line in self.stripped), initial=0)]

    def runs(self, stripped: Sequence[str]) -> Iterator[int]:
        """Every line at which a run of lines begins that equals these, white space around lines aside."""
        text, starts = self._joined
        wanted = "\n".join(["", *stripped, ""])
        at = text.find(wanted)
        while at >= 0:
            yield bisect_right(starts, at) - 1
            at = text.find(wanted, at + 1)

    def edit(self, change: LineEdit) -> Edit:
        """An edit of lines as one of bytes. Raises `UnicodeEncodeError` for text that the file cannot hold.

        New lines end as those do whose place they take, and a last line without an ending stays without.
        """
        start, end, new = change
        newline = b"\r\n" if self._crlf and self._crlf[min(start, len(self._crlf) - 1)] else b"\n"
        lines = [line.encode(self._encoding) for line in new]
        at_end = end == len(self.lines) and not self._ends_line and bool(self.lines)
        if not at_end:
            text = b"".join(line + newline for line in lines)
        elif start == end:
            text = b"".join(newline + line for line in lines)
        else:
            text = newline.join(lines)
        return Edit(self._starts[start], self._starts[end], text)


def line_edits(before: Sequence[str], after: Sequence[str]) -> list[LineEdit]:
    """The edits that lead from some lines to others, in order.

    Lines that occur once in both are kept if they are in the same order (patience diff), which takes time linear in
    their number, or nearly so.
    """
    edits: list[LineEdit] = []
    parts = [(0, len(before), 0, len(after), 0)]
    while parts:
        start, end, new_start, new_end, depth = parts.pop()
        while start < end and new_start < new_end and before[start] == after[new_start]:
            start, new_start = start + 1, new_start + 1
        while start < end and new_start < new_end and before[end - 1] == after[new_end - 1]:
            end, new_end = end - 1, new_end - 1
        kept = _kept(before, after, (start, end, new_start, new_end)) if depth < _MAX_DEPTH else []
        if kept:
            for old, new in [*kept, (end, new_end)]:
                parts.append((start, old, new_start, new, depth + 1))
                start, new_start = old + 1, new + 1
        elif start < end or new_start < new_end:
            edits.append((start, end, tuple(after[new_start:new_end])))
    return sorted(edits, key=lambda edit: edit[:2])


def _kept(before: Sequence[str], after: Sequence[str], area: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """The longest increasing sequence of pairs of equal lines that occur once on both sides."""
    start, end, new_start, new_end = area
    if start == end or new_start == new_end:
        return []
    once = _once(before, start, end)
    new_once = _once(after, new_start, new_end)
    piles: list[int] = []
    tops: list[tuple[int, int]] = []
    above: dict[int, tuple[int, int] | None] = {}
    for line, old in once.items():
        new = new_once.get(line, -1)
        if old < 0 or new < 0:
            continue
        pile = bisect_right(piles, new)
        above[old] = tops[pile - 1] if pile else None
        piles[pile : pile + 1] = [new]
        tops[pile : pile + 1] = [(old, new)]
    kept: list[tuple[int, int]] = []
    pair = tops[-1] if tops else None
    while pair:
        kept.append(pair)
        pair = above[pair[0]]
    return kept[::-1]


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """The index of each line; -1 if it occurs more than once."""
    indices: dict[str, int] = {}
    for at in range(start, end):
        indices[lines[at]] = -1 if lines[at] in indices else at
    return indices
