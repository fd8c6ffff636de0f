"""The pieces of an answer: search/replace blocks, diffs and fenced files or functions, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from planners.llm.edits.diffs import Diff, begins_diff, diffs_in

__all__ = ["Block", "Broken", "Fence", "Piece", "pieces_of"]

_SEARCH = re.compile(r"[ \t]*<{5,9} ?(?:SEARCH|ORIGINAL)\b[ \t:]*(.*)")
_DIVIDER = re.compile(r"[ \t]*={7}[ \t]*")
_REPLACE = re.compile(r"[ \t]*>{5,9} ?(?:REPLACE|UPDATED)\b.*")
_FENCE = re.compile(r"([ \t]*+)(`{3,}+|~{3,}+)[ \t]*+([^`]*+)")
_MARK = re.compile(r"[ \t]*+[<`~]|--- |diff --git ")
"""What a line with any of these begins with."""

_DIFFS = frozenset({"diff", "patch", "udiff"})
_MAX_DIVIDERS = 8
_MAX_NAMES = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A search/replace block: its lines, which of them may divide it, and the lines that may name its file."""

    names: tuple[str, ...]
    lines: tuple[str, ...]
    dividers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence with neither blocks nor a diff in it: perhaps a whole file or a function."""

    names: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece that is not complete."""

    names: tuple[str, ...]
    why: str


type Piece = Block | Diff | Fence | Broken


def pieces_of(lines: Sequence[str], *, cut: bool) -> Iterator[Piece]:
    """Every piece. A fence or a diff that goes on to the end of an answer that was `cut` short is not complete."""
    yield from _pieces(lines, (0, len(lines)), None, cut=cut)


def _pieces(
    lines: Sequence[str], inside: tuple[int, int], fence: tuple[str, ...] | None, *, cut: bool
) -> Iterator[Piece]:
    """The pieces of some lines. In a fence, which may name the file of those that nothing else names, is no other."""
    at, end = inside
    info = fence or ()
    begin = at
    while at < end:
        if not _MARK.match(lines[at]):
            at += 1
        elif match := _SEARCH.fullmatch(lines[at]):
            names = tuple(filter(None, (match.group(1), *_names(lines, begin, at), *info)))
            piece, at = _block(lines, at + 1, end, names)
            begin = at
            yield piece
        elif begins_diff(lines, at, end):
            diffs, at = diffs_in(lines, at, end, (*_names(lines, begin, at), *info), fenced=False)
            yield from _complete(diffs, cut=cut and at == end)
            begin = at
        elif fence is None and (match := _FENCE.fullmatch(lines[at])):
            close = _close(lines, at, end, match)
            said = match.group(3).strip()
            names = (said, said.partition(" ")[2], said.partition(":")[2], *islice(_names(lines, begin, at), 1))
            yield from _in_fence(lines, (at + 1, close), names, match, cut=cut and close == end)
            at = close + 1
            begin = at
        else:
            at += 1


def _in_fence(
    lines: Sequence[str], inside: tuple[int, int], names: tuple[str, ...], opening: re.Match[str], *, cut: bool
) -> Iterator[Piece]:
    start, end = inside
    first = next((at for at in range(start, end) if lines[at].strip()), end)
    is_diff = opening.group(3).strip().lower().partition(" ")[0] in _DIFFS
    if any(_SEARCH.fullmatch(lines[at]) for at in range(start, end)):
        yield from _pieces(lines, inside, names, cut=cut)
    elif is_diff or (first < end and (begins_diff(lines, first, end) or lines[first].startswith("@@"))):
        diffs, _ = diffs_in(lines, start, end, names, fenced=True)
        yield from _complete(diffs, cut=cut)
    elif cut:
        yield Broken(names, "its fence does not end")
    else:
        indentation = len(opening.group(1))
        yield Fence(names, tuple(_unindented(line, indentation) for line in lines[start:end]))


def _close(lines: Sequence[str], at: int, end: int, opening: re.Match[str]) -> int:
    """Where a fence closes: fences in it that say what they hold have ends of their own."""
    mark, depth = opening.group(2), 1
    nests = opening.group(3).strip().lower().partition(" ")[0] not in _DIFFS
    at += 1
    while at < end:
        if not _MARK.match(lines[at]):
            pass
        elif _SEARCH.fullmatch(lines[at]):
            at = _end_of_block(lines, at + 1, end)
        elif (match := _FENCE.fullmatch(lines[at])) and match.group(2).startswith(mark):
            if not match.group(3).strip():
                depth -= 1
            elif nests:
                depth += 1
            if depth == 0:
                return at
        at += 1
    return end


def _end_of_block(lines: Sequence[str], at: int, end: int) -> int:
    """The line that ends a block; the one before this one if the block has no end."""
    for place in range(at, end):
        if _REPLACE.fullmatch(lines[place]):
            return place
        if _SEARCH.fullmatch(lines[place]):
            break
    return at - 1


def _block(lines: Sequence[str], at: int, end: int, names: tuple[str, ...]) -> tuple[Block | Broken, int]:
    close = _end_of_block(lines, at, end)
    if close < at:
        stop = next((place for place in range(at, end) if _SEARCH.fullmatch(lines[place])), end)
        return Broken(names, "the block has no line `>>>>>>> REPLACE`"), stop
    inside = tuple(lines[at:close])
    dividers = tuple(place for place, line in enumerate(inside) if _DIVIDER.fullmatch(line))
    if not 0 < len(dividers) <= _MAX_DIVIDERS:
        return Broken(
            names, "the block needs one line `=======` between what it searches and what replaces it"
        ), close + 1
    return Block(names, inside, dividers), close + 1


def _names(lines: Sequence[str], begin: int, at: int) -> Iterator[str]:
    """The nearest lines before a piece, up to the piece before it."""
    found = 0
    for place in range(at - 1, max(begin, at - 4 * _MAX_NAMES) - 1, -1):
        match = _FENCE.fullmatch(lines[place])
        if name := match.group(3).strip() if match else lines[place].strip():
            yield name
            found += 1
        if found == _MAX_NAMES:
            return


def _complete(diffs: list[Diff], *, cut: bool) -> Iterator[Diff | Broken]:
    """The diffs without the last hunk of an answer that was cut in it."""
    if cut and diffs:
        diffs[-1].hunks[-1:] = []
        yield Broken((diffs[-1].new or diffs[-1].old, *diffs[-1].names), "the diff does not end")
    yield from (diff for diff in diffs if diff.hunks or diff.problem)


def _unindented(line: str, most: int) -> str:
    return line[min(most, len(line) - len(line.lstrip(" \t"))) :] if most else line
