"""Excerpts of a tree that a model is shown: functions with their classes and decorators, and short files as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from buildpacks import CaseResult, Frame, RepoView
from gate import Excerpts, may_leave
from planners.llm.edits.functions import Function, outline_of
from planners.search.language import Language
from planners.search.localize import Suspect
from planners.search.registry import language_of

__all__ = ["Call", "Excerpt", "Reader"]

_MAX_PLACES = 12
_WHOLE_FILE, _OF_FILE = 6_000, 5
"""The most characters of a file that is shown as a whole, and which part of the room it has at most."""
_AROUND = 12
"""The lines shown before and after a line of no function."""
_MAX_MARKED = 6
_CALLED = re.compile(r"(?<!\bdef )(?<!\bclass )\b([A-Za-z_]\w*)\s*\(")
_NAME = re.compile(r"[A-Za-z_]\w*")
_VALUE = re.compile(r"\s*(?:\w+ ){0,4}?([A-Za-z_]\w*)\s*(?::[^=]{0,200})?=(?![=>])")
_MAX_VALUE = 40
"""The most lines of a value that is shown."""
_CONSTRUCTOR = "__init__"
"""What runs when a class is called by its name."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file, from `first` (from 1) on. `marked` are the suspicious ones.

    `name` is a function's, with its class's before a dot, and empty for other lines.
    """

    path: str
    first: int
    text: str
    name: str = ""
    marked: tuple[int, ...] = ()
    whole: bool = False

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.first + self.text.removesuffix("\n").count("\n")

    @property
    def owner(self) -> str:
        """The class that its function is in; empty without one."""
        return self.name.rpartition(".")[0]

    def holds(self, path: str, line: int) -> bool:
        """Whether a line of a file is in it."""
        return path == self.path and self.first <= line <= self.last


@dataclass(frozen=True, slots=True)
class Call:
    """A line of the stack of a failure, with its code; that is empty if it cannot be shown."""

    path: str
    line: int
    function: str
    code: str


class Reader:
    """Reads excerpts of a tree, within a bound of their length."""

    def __init__(self, tree: RepoView, languages: Mapping[str, Language], room: int) -> None:
        self._tree = tree
        self._languages = languages
        self._left = room
        self._for_places = room // 2
        self._whole_file = min(_WHOLE_FILE, room // _OF_FILE)
        self._functions: dict[str, tuple[Function, ...]] = {}
        self._lines_by_path: dict[str, list[str]] = {}

    def call(self, frame: Frame) -> Call:
        """A frame of a stack with its line of code."""
        known = self._tree.exists(frame.path) and may_leave(frame.path)
        lines = self._whole_lines_of(frame.path) if known else []
        code = lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""
        return Call(frame.path, frame.line, frame.function, code)

    def tests(
        self, case: CaseResult, frames: Collection[Frame], is_source: Callable[[str], bool], shown: Collection[Excerpt]
    ) -> tuple[Excerpt, ...]:
        """The source of a test: its file if that is short, else its function; and what it runs of other test code.

        An inherited test stands in another file than its id says, and many tests check by functions of their own. Tests
        leave room for the places.
        """
        self._left -= self._for_places
        known = [*shown]
        if excerpt := self._test(case, known):
            known.append(excerpt)
        for frame in frames:
            usable = not is_source(frame.path) and self._tree.exists(frame.path) and may_leave(frame.path)
            if not usable or any(excerpt.holds(frame.path, frame.line) for excerpt in known):
                continue
            if (function := self._around(frame.path, frame.line)) and (excerpt := self._of(frame.path, function)):
                known.append(excerpt)
        self._left += self._for_places
        return tuple(known[len(shown) :])

    def _test(self, case: CaseResult, shown: Collection[Excerpt]) -> Excerpt | None:
        path = case.parsed.file
        if not path or not self._tree.exists(path) or not may_leave(path):
            return None
        if any(excerpt.whole and excerpt.path == path for excerpt in shown):
            return None
        if whole := self._whole(path):
            return whole
        named = [function for function in self._functions_of(path) if function.name == case.parsed.name]
        own = [function for function in named if function.owner in case.parsed.scope]
        return self._of(path, (own or named)[0]) if named else None

    def places(self, suspects: Collection[Suspect]) -> tuple[Excerpt, ...]:
        """The functions of suspicious lines, the worst first, each once; short files as a whole."""
        found: dict[tuple[str, int], tuple[Function | None, list[int]]] = {}
        for suspect in suspects:
            if not may_leave(suspect.path):
                continue
            function = self._around(suspect.path, suspect.line)
            first = function.decorated if function else suspect.line - suspect.line % _AROUND
            found.setdefault((suspect.path, first), (function, []))[1].append(suspect.line)
        excerpts: list[Excerpt] = []
        for (path, first), (function, lines) in [*found.items()][:_MAX_PLACES]:
            if any(known.whole and known.path == path for known in excerpts):
                continue
            start = max(0, first - _AROUND // 2 - 1)
            excerpt = self._whole(path) or (
                self._of(path, function) if function else self._lines(path, start, start + 2 * _AROUND, "")
            )
            if excerpt is None and not excerpts:
                excerpt = self._around_line(path, lines[0], function)
            if excerpt:
                every = [suspect.line for suspect in suspects if suspect.path == path]
                marked = every if excerpt.whole else lines
                excerpts.append(replace(excerpt, marked=tuple(sorted(marked[:_MAX_MARKED]))))
        return tuple(excerpts)

    def used(self, places: Collection[Excerpt], paths: Collection[str]) -> tuple[Excerpt, ...]:
        """What the places use by name of the suspicious files, as far as there is room: functions, and values.

        A value is what stands outside of all functions and is given a name: a constant, or an attribute of a class.
        """
        code = [place.text for place in places]
        called = _in_order(name for text in code for name in _CALLED.findall(text))
        named = _in_order(name for text in code for name in _NAME.findall(text))
        shown = {(place.path, place.first) for place in places}
        whole = {place.path for place in places if place.whole}
        found: list[tuple[int, str, int, int, str]] = []
        for path in filter(may_leave, sorted(set(paths) - whole)):
            for function in self._functions_of(path):
                name = function.owner if function.name == _CONSTRUCTOR else function.name
                if name in called and (path, function.decorated + 1) not in shown:
                    own = f"{function.owner}.{function.name}" if function.owner else function.name
                    found.append((called[name], path, function.decorated, function.end, own))
            for name, start, end in self._values(path):
                if name in named and not any(place.holds(path, start + 1) for place in places):
                    found.append((named[name], path, start, end, ""))
        excerpts = (self._lines(path, start, end, name) for _, path, start, end, name in sorted(found))
        return tuple(excerpt for excerpt in excerpts if excerpt)

    def _values(self, path: str) -> Iterator[tuple[str, int, int]]:
        """The names that are given a value outside of functions, with the lines from 0 that do."""
        lines = self._whole_lines_of(path)
        inside = {line for function in self._functions_of(path) for line in range(function.decorated, function.end)}
        for start, line in enumerate(lines):
            if start not in inside and (value := _VALUE.match(line)):
                end, depth = start + 1, _depth(line)
                while depth > 0 and end < min(len(lines), start + _MAX_VALUE):
                    depth += _depth(lines[end])
                    end += 1
                yield value[1], start, end

    def _whole(self, path: str) -> Excerpt | None:
        text = self._text(path)
        if len(text) > min(self._whole_file, self._left):
            return None
        self._left -= len(text)
        return Excerpt(path, 1, text, whole=True)

    def _of(self, path: str, function: Function) -> Excerpt | None:
        name = f"{function.owner}.{function.name}" if function.owner else function.name
        return self._lines(path, function.decorated, function.end, name)

    def _lines(self, path: str, start: int, end: int, name: str, share: int = 1) -> Excerpt | None:
        """The lines from `start` (from 0) to before `end`, if they fit into this share of the room."""
        text = "".join(f"{line}\n" for line in self._whole_lines_of(path)[start:end])
        if len(text) > self._left // share:
            return None
        self._left -= len(text)
        return Excerpt(path, start + 1, text, name)

    def _around_line(self, path: str, line: int, function: Function | None) -> Excerpt | None:
        """The lines around one of a function that is too long, in half of the room; None if there is none."""
        first, end = (function.decorated, function.end) if function else (max(0, line - _AROUND), line + _AROUND)
        reach = end - first
        while (found := self._lines(path, max(first, line - 1 - reach), min(end, line + reach), "", 2)) is None:
            if not reach:
                return None
            reach = reach * 3 // 4
        return found

    def _around(self, path: str, line: int) -> Function | None:
        """The innermost function of a line."""
        fitting = [function for function in self._functions_of(path) if function.start < line <= function.end]
        return max(fitting, key=lambda function: function.start, default=None)

    def _functions_of(self, path: str) -> tuple[Function, ...]:
        if path not in self._functions:
            self._functions[path] = tuple(self._parsed(path))
        return self._functions[path]

    def _parsed(self, path: str) -> Iterator[Function]:
        outline = outline_of(path, self._lines_of(path), language_of(path, self._languages))
        yield from outline.all if outline else ()

    def _whole_lines_of(self, path: str) -> list[str]:
        """The lines, without those that are a part of something private."""
        if path not in self._lines_by_path:
            self._lines_by_path[path] = "".join(Excerpts("\n".join(self._lines_of(path))).lines()).split("\n")
        return self._lines_by_path[path]

    def _lines_of(self, path: str) -> list[str]:
        return self._text(path).replace("\r\n", "\n").split("\n")

    def _text(self, path: str) -> str:
        return self._tree.read(path).decode("utf-8", "replace")


def _in_order(names: Iterable[str]) -> dict[str, int]:
    """Each name with its place."""
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _depth(line: str) -> int:
    """How many brackets a line opens and does not close."""
    return sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
