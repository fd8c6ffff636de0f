"""A whole file, or whole functions of it, as edits of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from planners.llm.edits.functions import Outline, function_edits, outline_of
from planners.llm.edits.results import Miss
from planners.llm.edits.text import FileText, LineEdit, line_edits
from planners.search.language import Language

__all__ = ["Whole", "whole_edits"]

_MAX_BYTES = 1 << 20
_MOST = 0.8
_HALF = 0.5

type Whole = list[LineEdit] | Miss | str
"""The edits, why there are none, or a note that there is nothing to do."""


def whole_edits(
    lines: Sequence[str], file: FileText, before: Outline | None, language: Language | None, said: Sequence[str] = ()
) -> Whole:
    """What a fence says that a file is, or that some of its functions are.

    `before` has the functions of the file, if it parses. What is `said` beside the fence may name a class.
    """
    new = _bare(lines)
    if not new:
        return f"{file.path}: an empty fence"
    if sum(map(len, new)) > _MAX_BYTES or len(file.raw) > _MAX_BYTES:
        return Miss(file.path, "the file is too large to be given whole: give search/replace blocks")
    if next(file.runs([line.strip() for line in new]), None) is not None:
        return f"{file.path}: a fence quotes lines of it as they are"
    after = outline_of(file.path, new, language) if before else None
    if before and not after:
        return Miss(file.path, "the fence is neither the whole file nor whole functions: it does not parse")
    if before and after and after.functions:
        strange = _strange(after, file)
        if strange is None and not _is_complete(before, after):
            return function_edits(before, after, file, said)
        if strange is not None and not _replaces(before, after):
            why = (
                f"the fence has a line outside functions that the file does not have: `{strange}`; give the whole file"
            )
            return Miss(file.path, why)
    return _file(new, file, after)


def _file(new: list[str], file: FileText, after: Outline | None) -> Whole:
    if _covered(file.stripped, new) < _HALF:
        return Miss(file.path, "the fence has less than half of the file's lines: give all of it, or whole functions")
    if after and file.lines and not next(filter(str.strip, file.lines), " ")[0].isspace():
        new = list(after.lines)
    blank = [not line for line in file.stripped]
    head = blank.index(False) if False in blank else 0
    tail = len(blank) - (blank[::-1].index(False) if False in blank else 0)
    return line_edits(file.lines, [*file.lines[:head], *new, *file.lines[tail:]])


def _bare(lines: Sequence[str]) -> list[str]:
    """The lines without blank ones at both ends."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    return list(lines[filled[0] : filled[-1] + 1]) if filled else []


def _strange(after: Outline, file: FileText) -> str | None:
    """A line outside functions that is not in the file."""
    known = set(file.stripped)
    return next((line for line in map(str.strip, after.outside) if line not in known), None)


def _is_complete(before: Outline, after: Outline) -> bool:
    """Whether no function would go, and at most half of the other lines."""
    return before.names <= after.names and _covered(before.outside, after.outside) >= _HALF


def _replaces(before: Outline, after: Outline) -> bool:
    """Whether a fence with lines of its own outside functions is the whole file."""
    covered = _covered(before.lines, after.lines)
    return covered >= _MOST or (covered >= _HALF and before.names <= after.names)


def _covered(before: Sequence[str], after: Sequence[str]) -> float:
    """How many of the lines that are not blank are still there."""
    wanted = Counter(filter(None, map(str.strip, before)))
    found = Counter(filter(None, map(str.strip, after)))
    return (wanted & found).total() / wanted.total() if wanted else 1.0
