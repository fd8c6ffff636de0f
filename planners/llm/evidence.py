"""What a model is told of a fault: the failing tests, the suspicious code, and how close the search came."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from buildpacks import CaseResult, Frame, RepoView, Spectrum
from gate import may_leave
from planners.api import PlannerContext
from planners.llm.unified import unified
from planners.search.language import Language
from planners.search.localize import Suspect, rank
from planners.search.registry import LANGUAGES, language_of
from planners.state import State
from planners.targets import probes, targets_of
from planners.tree import patched
from planners.trial import Trial

__all__ = ["MAX_ROOM", "Evidence", "Excerpt", "Failure", "gather"]

_MAX_FAILURES = 4
_MAX_MESSAGE = 2_000
_MAX_FRAMES = 30
_OF_MESSAGE, _OF_DIFFS = 8, 4
"""Which part of the room one message has at most, and all diffs together: an eighth, a quarter."""
_PER_FAILURE, _PER_FRAME = 3_000, 500
"""The room for each further failure, and for each further frame of a stack."""
_MAX_PLACES = 12
_MAX_SUSPECTS = 400
_MAX_NEAR = 4
_WHOLE_FILE, _OF_FILE = 6_000, 5
"""The most characters of a file that is shown as a whole, and which part of the room it has at most."""
MAX_ROOM = 30_000
"""The most characters of all excerpts together."""
_AROUND = 12
"""The lines shown before and after a line of no function."""
_MAX_MARKED = 6
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file, from `first` (from 1) on. `marked` are the suspicious ones; `name` is a function's."""

    path: str
    first: int
    text: str
    name: str = ""
    marked: tuple[int, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing test: its id, what it says, the calls that lead to its failure, and its source."""

    id: str
    message: str
    stack: tuple[str, ...]
    source: Excerpt | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a fault; `more` counts the targets that are not shown.

    `places` are the suspicious functions, the worst first, and `called` what they call. `near` are edits under which a
    test gets further, as diffs; `kept` is the diff of the patch that repairs other targets already.
    """

    failures: tuple[Failure, ...]
    more: int
    places: tuple[Excerpt, ...]
    called: tuple[Excerpt, ...]
    near: tuple[tuple[str, str], ...]
    kept: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths whose contents are in it."""
        tests = (failure.source for failure in self.failures)
        shown = (*(test for test in tests if test), *self.places, *self.called)
        return tuple(sorted({excerpt.path for excerpt in shown}))


def gather(
    state: State, context: PlannerContext, languages: Mapping[str, Language] = LANGUAGES, room: int = MAX_ROOM
) -> Evidence:
    """The evidence of a state that has a baseline: at most `room` characters of code, and as much less of all else."""
    known = targets_of(state, context.reports, context.wanted)
    tree = patched(context.view, state.kept.patch if state.kept else ())
    spectrum = context.reports.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
    reader = _Reader(tree, languages, min(room, MAX_ROOM))
    traces = [trace for trace in spectrum.cases if trace.id in known.left]
    shown = (probes(traces) or known.left)[: min(_MAX_FAILURES, 1 + room // _PER_FAILURE)]
    cases = {case.id: case for case in known.baseline.cases}
    frames = {trace.id: trace.frames for trace in traces}
    failures = tuple(_failure(cases[id], frames.get(id) or cases[id].frames, reader, room) for id in shown)
    suspects = rank(spectrum, frozenset(known.left), context.is_source)[:_MAX_SUSPECTS]
    places = reader.places(suspects)
    called = reader.called(places, {suspect.path for suspect in suspects})
    kept = unified(state.kept.patch, context.view) if state.kept else ""
    near = [(unified(trial.patch, context.view), _effect(trial)) for trial in state.near_misses[:_MAX_NEAR]]
    while near and sum(len(diff) for diff, _ in near) > room // _OF_DIFFS:
        near.pop()
    return Evidence(failures, len(known.left) - len(failures), places, called, tuple(near), kept[: room // _OF_DIFFS])


def _failure(case: CaseResult, frames: Sequence[Frame], reader: _Reader, room: int) -> Failure:
    """What is told of a failing test: of a long message the beginning, of a deep stack the innermost calls."""
    calls = frames[-min(_MAX_FRAMES, 1 + room // _PER_FRAME) :]
    return Failure(
        case.id,
        case.message[: min(_MAX_MESSAGE, room // _OF_MESSAGE)],
        tuple(f"{frame.path}:{frame.line} in {frame.function}" for frame in calls),
        reader.test(case),
    )


def _effect(trial: Trial) -> str:
    """What a near miss changes, in words."""
    match trial.progress:
        case (3, fixed):
            return f"{fixed} of the failing tests pass"
        case (2,):
            return "the failing tests pass, but a test breaks"
        case (1, *_):
            return "a failing test gets further"
        case _:
            return "a failing test comes to a result, but a wrong one"


class _Reader:
    """Reads excerpts of a tree, within a bound of their length."""

    def __init__(self, tree: RepoView, languages: Mapping[str, Language], room: int) -> None:
        self._tree = tree
        self._languages = languages
        self._left = room
        self._for_places = room // 2
        self._whole_file = min(_WHOLE_FILE, room // _OF_FILE)
        self._functions: dict[str, list[tuple[str, int, int]]] = {}

    def test(self, case: CaseResult) -> Excerpt | None:
        """The source of a test: its file if that is short, else its function. Tests leave room for the places."""
        path = case.parsed.file
        if not path or not self._tree.exists(path) or not may_leave(path):
            return None
        self._left -= self._for_places
        named = [place for place in self._functions_of(path) if place[0] == case.parsed.name]
        found = self._whole(path) or (self._lines(path, named[0][1], named[0][2], named[0][0]) if named else None)
        self._left += self._for_places
        return found

    def places(self, suspects: Collection[Suspect]) -> tuple[Excerpt, ...]:
        """The functions of suspicious lines, the worst first, each once; short files as a whole."""
        found: dict[tuple[str, int], tuple[int, str, list[int]]] = {}
        for suspect in suspects:
            if not may_leave(suspect.path):
                continue
            first, last, name = self._around(suspect)
            found.setdefault((suspect.path, first), (last, name, []))[2].append(suspect.line)
        excerpts: list[Excerpt] = []
        for (path, first), (last, name, lines) in [*found.items()][:_MAX_PLACES]:
            if any(known.whole and known.path == path for known in excerpts):
                continue
            excerpt = self._whole(path) or self._lines(path, first, last, name)
            if excerpt is None and not excerpts:
                excerpt = self._around_line(path, lines[0], first, last, name)
            if excerpt:
                every = [line for at, line in ((s.path, s.line) for s in suspects) if at == path]
                marked = every if excerpt.whole else lines
                excerpts.append(_marked(excerpt, marked[:_MAX_MARKED]))
        return tuple(excerpts)

    def called(self, places: Collection[Excerpt], paths: Collection[str]) -> tuple[Excerpt, ...]:
        """The functions that the places call by name, in the suspicious files, as far as there is room."""
        names = dict.fromkeys(name for place in places for name in _CALLED.findall(place.text))
        shown = {(place.path, place.first) for place in places}
        whole = {place.path for place in places if place.whole}
        excerpts: list[Excerpt] = []
        for path in sorted(set(paths) - whole):
            for name, first, last in self._functions_of(path):
                if name in names and (path, first) not in shown and may_leave(path):
                    excerpt = self._lines(path, first, last, name)
                    excerpts += [excerpt] if excerpt else []
        return tuple(excerpts)

    def _whole(self, path: str) -> Excerpt | None:
        text = self._text(path)
        if len(text) > min(self._whole_file, self._left):
            return None
        self._left -= len(text)
        return Excerpt(path, 1, text, whole=True)

    def _lines(self, path: str, first: int, last: int, name: str, share: int = 1) -> Excerpt | None:
        text = "".join(self._text(path).splitlines(keepends=True)[first - 1 : last])
        if len(text) > self._left // share:
            return None
        self._left -= len(text)
        return Excerpt(path, first, text, name)

    def _around_line(self, path: str, line: int, first: int, last: int, name: str) -> Excerpt | None:
        """The lines around one of a function that is too long, in half of the room; None if there is none."""
        reach = last - first
        while (found := self._lines(path, max(first, line - reach), min(last, line + reach), name, 2)) is None:
            if not reach:
                return None
            reach = reach * 3 // 4
        return found

    def _around(self, suspect: Suspect) -> tuple[int, int, str]:
        """The innermost function of a line, else the lines around it."""
        fitting = [place for place in self._functions_of(suspect.path) if place[1] <= suspect.line <= place[2]]
        if fitting:
            name, first, last = max(fitting, key=lambda place: place[1])
            return first, last, name
        first = max(1, suspect.line - suspect.line % _AROUND - _AROUND // 2)
        return first, first + 2 * _AROUND, ""

    def _functions_of(self, path: str) -> list[tuple[str, int, int]]:
        """The name, the first and the last line of each function, its decorators not counted."""
        if path not in self._functions:
            self._functions[path] = [*self._parsed(path)]
        return self._functions[path]

    def _parsed(self, path: str) -> Iterator[tuple[str, int, int]]:
        language = language_of(path, self._languages)
        file = language.parse(path, self._tree.read(path), {}, tuple) if language else None
        for function in file.functions if file else ():
            yield function.name, function.line, function.body.stop - 1

    def _text(self, path: str) -> str:
        return self._tree.read(path).decode("utf-8", "replace")


def _marked(excerpt: Excerpt, lines: Collection[int]) -> Excerpt:
    return Excerpt(excerpt.path, excerpt.first, excerpt.text, excerpt.name, tuple(sorted(lines)), excerpt.whole)
