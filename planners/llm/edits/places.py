"""Where the lines that an edit quotes are in a file: exactly, indented or ended differently, or nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from gate import Excerpts, cut
from planners.llm.edits.near import Budget, Near, nearly
from planners.llm.edits.results import Miss
from planners.llm.edits.text import FileText, LineEdit

__all__ = ["Quoted", "Rewrite", "edits_of", "fits"]

_MAX_PLACES = 1_000
_MAX_NAMED = 5
_MAX_WORK = 2_000_000
_MAX_LINES = 30
_MAX_CHARACTERS = 4_000

type Quoted = tuple[str, ...]
"""A line of the file as an answer quotes it: what it may be, for it may have lost the space before it in a diff."""

type _Shift = tuple[str, str]
"""The white space that is put before new lines, and that which is taken away there. One of them is empty."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Changes of some lines of a file that an answer quotes. Their line numbers count the quoted lines, from 0.

    `line` is where the quoted lines begin in the file according to the answer, which is often wrong.
    """

    quoted: tuple[Quoted, ...]
    changes: tuple[LineEdit, ...]
    line: int | None = None


def edits_of(rewrite: Rewrite, file: FileText, budget: Budget) -> list[LineEdit] | Miss:
    """The edits of a file that a rewrite stands for, or why there are none."""
    if not rewrite.quoted:
        return Miss(file.path, "the edit quotes no line of the file: quote the lines around the place")
    near: Near | None = None
    found = _best(rewrite, file)
    if not found:
        near = nearly([line[0].strip() for line in rewrite.quoted], file, budget)
        if near is None or not near.unique:
            return _miss(file, near)
        shift = _usual_shift(rewrite, file, near.lines)
        edits = _moved(rewrite, near.lines, shift)
        return edits if edits is not None else _miss(file, near)
    if len(found) > 1:
        exact = [start for start, _ in found if start == rewrite.line]
        if not exact:
            named = ", ".join(str(start + 1) for start, _ in found[:_MAX_NAMED])
            more = ", ..." if len(found) > _MAX_NAMED else ""
            return Miss(file.path, f"the quoted lines occur more than once (at lines {named}{more}): quote more lines")
        found = [(start, shift) for start, shift in found if start == exact[0]]
    (start, shift), *_ = found
    edits = _moved(rewrite, range(start, start + len(rewrite.quoted)), shift)
    return edits if edits is not None else Miss(file.path, "the new lines are indented less than the quoted ones allow")


def fits(rewrite: Rewrite, file: FileText) -> bool:
    """Whether the quoted lines are in the file, white space around them aside."""
    return bool(rewrite.quoted and _best(rewrite, file))


def _best(rewrite: Rewrite, file: FileText) -> list[tuple[int, _Shift]]:
    """The places that fit best: the indices of their first lines, and how the answer is indented differently."""
    ranked: dict[int, list[tuple[int, _Shift]]] = {}
    work = _MAX_WORK
    for start in islice(file.runs([line[0].strip() for line in rewrite.quoted]), _MAX_PLACES):
        work -= len(rewrite.quoted)
        if work < 0:
            break
        rank, shift = _fit(rewrite.quoted, file.lines[start : start + len(rewrite.quoted)])
        if rank is not None:
            ranked.setdefault(rank, []).append((start, shift))
    return ranked[min(ranked)] if ranked else []


def _fit(quoted: Sequence[Quoted], lines: Sequence[str]) -> tuple[int | None, _Shift]:
    """How well lines fit that are equal but for white space (0 is best), and how they are shifted; None if badly."""
    if all(line in forms for forms, line in zip(quoted, lines, strict=True)):
        return 0, ("", "")
    bare = [line.rstrip() for line in lines]
    if all(any(form.rstrip() == line for form in forms) for forms, line in zip(quoted, bare, strict=True)):
        return 2, ("", "")
    for form in range(max(map(len, quoted))):
        written = [forms[min(form, len(forms) - 1)] for forms in quoted]
        shifts = {_shift(one, line) for one, line in zip(written, lines, strict=True) if line.strip()}
        if len(shifts) == 1 and (shift := shifts.pop()) is not None:
            exact = all(_shifted(one, shift) == line for one, line in zip(written, lines, strict=True))
            return (1 if exact else 3), shift
    return None, ("", "")


def _shift(quoted: str, line: str) -> _Shift | None:
    """What leads from the indentation of a quoted line to that of the line; None if they have no common end."""
    wanted, actual = _indentation(quoted), _indentation(line)
    if actual.endswith(wanted):
        return actual[: len(actual) - len(wanted)], ""
    return ("", wanted[: len(wanted) - len(actual)]) if wanted.endswith(actual) else None


def _usual_shift(rewrite: Rewrite, file: FileText, lines: Sequence[int | None]) -> _Shift:
    shifts = Counter(
        shift
        for quoted, at in zip(rewrite.quoted, lines, strict=True)
        if at is not None and file.stripped[at] and (shift := _shift(quoted[0], file.lines[at])) is not None
    )
    return shifts.most_common(1)[0][0] if shifts else ("", "")


def _shifted(line: str, shift: _Shift) -> str | None:
    more, less = shift
    if not line.strip() or not (more or less):
        return line
    if more:
        return more + line
    return line.removeprefix(less) if line.startswith(less) else None


def _moved(rewrite: Rewrite, lines: Sequence[int | None], shift: _Shift) -> list[LineEdit] | None:
    """The changes on the lines of the file; None if one touches a line that is not there, or cannot be shifted."""
    edits: list[LineEdit] = []
    for start, end, new in rewrite.changes:
        before = lines[start - 1] if start else None
        after = lines[end] if end < len(lines) else None
        touched = lines[start:end]
        place = touched[0] if touched else after if after is not None else before + 1 if before is not None else None
        if place is None or any(at != place + step for step, at in enumerate(touched)):
            return None
        if not touched and None not in {before, after} and before != place - 1:
            return None  # the file has lines between the two that the answer does not know
        shifted = [_shifted(line, shift) for line in new]
        known = [line for line in shifted if line is not None]
        if len(known) < len(new):
            return None
        edits.append((place, place + len(touched), tuple(known)))
    return edits


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _miss(file: FileText, near: Near | None) -> Miss:
    if near is None:
        return Miss(file.path, "the quoted lines are not in the file")
    places = [at for at in near.lines if at is not None]
    start, end = min(places), max(places) + 1
    shown = islice(Excerpts("\n".join(file.lines)).lines(), start, min(end, start + _MAX_LINES))
    nearest = cut("".join(shown).rstrip("\n"), _MAX_CHARACTERS)
    why = "the quoted lines are not in the file; these come closest"
    return Miss(file.path, why, start + 1, nearest)
