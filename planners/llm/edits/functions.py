"""Whole functions of an answer in the place of those of a file with the same names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from planners.llm.edits.results import Miss
from planners.llm.edits.text import FileText, LineEdit, line_edits
from planners.search.language import File, Language

__all__ = ["Function", "Outline", "function_edits", "outline_of"]

_MAX_DECORATION = 60
_MAX_HEADER = 400
_MAX_NAMED = 5
_SIGNS = (".", "::", "#")
_CLASS = re.compile(r"\s*(?:[\w<>,]+\s+){0,4}?(?:class|struct|interface|trait|impl|enum|object|module)\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its lines from 0: from its first decorator, from its own line, and to its end.

    `owner` is the class around it, and `nested` whether another function is.
    """

    name: str
    owner: str
    decorated: int
    start: int
    end: int
    nested: bool


@dataclass(frozen=True)
class Outline:
    """Lines and the functions in them. The lines as they were `written` may be indented together."""

    written: tuple[str, ...]
    lines: tuple[str, ...]
    all: tuple[Function, ...]

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Those that are in no other function."""
        return tuple(function for function in self.all if not function.nested)

    @cached_property
    def names(self) -> Counter[str]:
        """The names of all functions, and how many have each."""
        return Counter(function.name for function in self.all)

    @cached_property
    def outside(self) -> tuple[str, ...]:
        """The lines outside functions that are not blank."""
        inside = {at for function in self.functions for at in range(function.decorated, function.end)}
        return tuple(line for at, line in enumerate(self.lines) if at not in inside and line.strip())


def outline_of(path: str, lines: Sequence[str], language: Language | None) -> Outline | None:
    """The functions in some lines, which may be indented together; None if the language cannot parse them."""
    if language is None or any("\r" in line for line in lines):
        return None
    plain = list(lines)
    parsed = _parsed(path, plain, language)
    if parsed is None and lines and lines[0][:1].isspace():
        plain = _dedented(lines)
        parsed = _parsed(path, plain, language)
    if parsed is None:
        return None
    spans: list[tuple[str, int, int, bool]] = []
    end = 0
    for one in sorted(parsed.functions, key=lambda function: (function.line, -function.body.stop)):
        start, stop = one.line - 1, one.body.stop - 1
        spans.append((one.name, start, stop, start < end))
        end = max(end, stop)
    owners = _owners(plain, {start: stop for _, start, stop, nested in spans if not nested})
    functions = tuple(
        Function(name, owners.get(start, ""), _decorated(plain, start), start, stop, nested)
        for name, start, stop, nested in spans
    )
    return Outline(tuple(lines), tuple(plain), functions)


def _parsed(path: str, lines: Sequence[str], language: Language) -> File | None:
    return language.parse(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"), {}, tuple)


def function_edits(before: Outline, after: Outline, file: FileText, said: Sequence[str]) -> list[LineEdit] | Miss:
    """The edits that put functions in the place of their namesakes. New ones go beside the nearest of those."""
    edits: list[LineEdit] = []
    waiting: list[Function] = []
    last: tuple[Function, Function] | None = None
    for new in after.functions:
        old = _namesake(new, before, said)
        if isinstance(old, str):
            return Miss(file.path, old)
        if old is None:
            waiting.append(new)
            continue
        indentation = _indentation(before.lines[old.start])
        beside = [one for one in waiting if one.owner == new.owner]
        edits += (_inserted(one, after, old.decorated, indentation, before=True) for one in beside)
        waiting = [one for one in waiting if one not in beside]
        edits += _replaced(new, after, old, before)
        last = new, old
    for one in waiting:
        if last is None or last[0].owner != one.owner:
            return Miss(
                file.path, f"the file has no function `{one.name}`: give the whole file, or a function beside it"
            )
        edits.append(_inserted(one, after, last[1].end, _indentation(before.lines[last[1].start]), before=False))
    return edits


def _namesake(new: Function, outline: Outline, said: Sequence[str]) -> Function | str | None:
    """The function of the same name, class and nesting; why there is no single one; or None."""
    same = [one for one in outline.all if one.name == new.name]
    same = [one for one in same if not one.nested] or same
    if new.owner:
        same = [one for one in same if one.owner == new.owner]
    elif len(same) > 1:
        owners = {one.owner for one in same if one.owner}
        meant = {
            owner for owner in owners if any(f"{owner}{sign}{new.name}" in line for line in said for sign in _SIGNS)
        }
        same = [one for one in same if one.owner in meant] if meant else same
    if len(same) > 1:
        places = ", ".join(str(one.start + 1) for one in same[:_MAX_NAMED])
        return f"the file has several functions `{new.name}` (at lines {places}): give the class around it as well"
    return same[0] if same else None


def _replaced(new: Function, after: Outline, old: Function, before: Outline) -> Iterator[LineEdit]:
    """Only what differs; decorators go if the answer has others."""
    start = old.decorated if new.decorated < new.start else old.start
    first = min(new.start, new.decorated)
    known = before.lines[start : old.end]
    lines = _indented(after, first, new, _indentation(before.lines[old.start]), known)
    for low, high, text in line_edits(known, lines):
        yield start + low, start + high, text


def _inserted(new: Function, after: Outline, at: int, indentation: str, *, before: bool) -> LineEdit:
    lines = _indented(after, new.decorated, new, indentation, ())
    gap = ("",) * (1 if indentation else 2)
    return at, at, (*lines, *gap) if before else (*gap, *lines)


def _indented(outline: Outline, first: int, function: Function, indentation: str, known: Sequence[str]) -> list[str]:
    """The lines of a function, indented as its namesake is. Texts that span lines stay as the file has them."""
    if _indentation(outline.written[function.start]) == indentation:
        return list(outline.written[first : function.end])
    own = _indentation(outline.lines[function.start])
    as_they_are = set(known)
    indented: list[str] = []
    for line in outline.lines[first : function.end]:
        moved = indentation + line[len(own) :] if line.strip() and line.startswith(own) else line
        indented.append(line if moved not in as_they_are and line in as_they_are else moved)
    return indented


def _owners(lines: Sequence[str], functions: Mapping[int, int]) -> dict[int, str]:
    """The class around each function, by the line of the function: the nearest header that is indented less.

    What is in functions, given by their first lines and ends, is no header and ends no class. Elsewhere only what opens
    a block does: a line of a text may have any indentation.
    """
    owners: dict[int, str] = {}
    classes: list[tuple[int, str]] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        depth = len(_indentation(line))
        opens = at in functions or (line.rstrip().endswith((":", "{")) and line[depth] not in ")]}")
        while opens and classes and classes[-1][0] >= depth:
            classes.pop()
        if at in functions:
            owners[at] = classes[-1][1] if classes else ""
        elif len(line) <= _MAX_HEADER and (match := _CLASS.match(line)):
            classes.append((depth, match.group(1)))
        at = max(at + 1, functions.get(at, 0))
    return owners


def _decorated(lines: Sequence[str], start: int) -> int:
    """Where the decorators of a function begin, which may span lines themselves."""
    first, own = start, _indentation(lines[start])
    for at in range(start - 1, max(-1, start - _MAX_DECORATION), -1):
        line = lines[at]
        if not line.strip() or not line.startswith(own):
            break
        rest = line[len(own) :]
        if rest.startswith(("@", "#[")):
            first = at
        elif not (rest[0].isspace() or rest[0] in ")]}"):
            break
    return first


def _dedented(lines: Sequence[str]) -> list[str]:
    """Lines without the indentation of the first; those of texts that span lines may have less."""
    indentation = next((_indentation(line) for line in lines if line.strip()), "")
    return [line.removeprefix(indentation) for line in lines]


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
