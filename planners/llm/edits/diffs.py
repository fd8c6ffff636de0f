"""Unified diffs as models write them: with wrong numbers, without prefixes, without the space before context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Diff", "Hunk", "begins_diff", "diffs_in"]

_HUNK = re.compile(r"@@(?:[ \t]+-(\d{1,9})(?:,\d+)?[ \t]+\+\d+(?:,\d+)?[ \t]+@@)?")
_GIT = re.compile(r"diff --git a/(.+) b/(.+)")
_UNSUPPORTED = re.compile(r"rename (?:from|to) |copy (?:from|to) |deleted file mode|Binary files |GIT binary patch")


type Hunk = tuple[int | None, tuple[str, ...]]
"""The line from which a hunk says it starts, counted from 0 (None if it says none), and its lines with their signs."""


@dataclass(slots=True)
class Diff:
    """What a diff does to one file. `old` and `new` are the paths of its header; other lines may name it otherwise.

    `problem` says what it does besides editing.
    """

    names: tuple[str, ...]
    old: str = ""
    new: str = ""
    problem: str = ""
    hunks: list[Hunk] = field(default_factory=list)


def begins_diff(lines: Sequence[str], at: int, end: int) -> bool:
    """Whether the header of a diff is here."""
    if lines[at].startswith("diff --git "):
        return True
    return lines[at].startswith("--- ") and at + 1 < end and lines[at + 1].startswith("+++ ")


def diffs_in(
    lines: Sequence[str], at: int, end: int, names: tuple[str, ...], *, fenced: bool
) -> tuple[list[Diff], int]:
    """The diffs of one or several files, and where they end. In a fence, lines of context may lack their space."""
    diffs = [Diff(names)]
    while at < end:
        line, diff = lines[at], diffs[-1]
        has_header = bool(diff.old or diff.new)
        if begins_diff(lines, at, end):
            is_git = line.startswith("diff --git ")
            if is_git or diff.hunks:
                diff = Diff(names)
                diffs.append(diff)
            if not is_git:
                diff.old, diff.new = _path(line), _path(lines[at + 1])
            elif match := _GIT.fullmatch(line):
                diff.old, diff.new = match.groups()
            at += 1 if is_git else 2
        elif match := _HUNK.match(line):
            hunk, at = _hunk(lines, at + 1, end, fenced=fenced)
            diff.hunks.append((int(match.group(1)) - 1 if match.group(1) else None, hunk))
        elif fenced and not has_header and not diff.hunks and line[:1] in {"+", "-"}:
            hunk, at = _hunk(lines, at, end, fenced=fenced)
            diff.hunks.append((None, hunk))
        elif fenced or (has_header and not diff.hunks and line.strip()):
            if _UNSUPPORTED.match(line):
                diff.problem = "a patch may only edit and create files"
            at += 1
        else:
            break
    return [diff for diff in diffs if diff.hunks or diff.problem], at


def _hunk(lines: Sequence[str], at: int, end: int, *, fenced: bool) -> tuple[tuple[str, ...], int]:
    begin = at
    while at < end and not lines[at].startswith("@@") and not lines[at].startswith("diff --git "):
        if begins_diff(lines, at, end) and (at + 2 == end or lines[at + 2].startswith("@@")):
            break
        if not fenced and lines[at][:1] not in {" ", "+", "-", "\\", "\t"}:
            goes_on = not lines[at] and at + 1 < end and lines[at + 1][:1] in {" ", "+", "-"}
            if not goes_on:
                break
        at += 1
    stop = at
    while stop > begin and not lines[stop - 1].strip():
        stop -= 1
    return tuple(line for line in lines[begin:stop] if not line.startswith("\\ No newline")), at


def _path(header: str) -> str:
    return header[4:].partition("\t")[0].strip().strip('"')
