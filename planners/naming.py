"""What tests are called: by their ids, by less than those, or as other runners and their reports print them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from buildpacks import CaseId, CaseResult

__all__ = ["Names", "bare_name"]

_SEPARATORS = ("::", " > ", " \u203a ", " ", ".")
"""What runners print between a suite and its tests: cargo, vitest, jest, mocha (and jest's full names), unittest."""
_OF_CLASS = (".", "#", " > ")
"""What reports print between a class, by its dotted name, and its method: unittest, surefire, Gradle."""
_DOTTED = re.compile(r"[.$]")
_MOST_PARTS = 32
_MOST_CHARACTERS = 2000

type _Index = Mapping[str, Collection[str]]
type _Class = tuple[tuple[str, ...], tuple[str, ...]]
"""The folders of a file, and the name of that file with those of the classes in it."""


def bare_name(case: CaseResult) -> str:
    """The name of a test without its file and class, with its parameters."""
    return case.parsed.name + case.parsed.parameters


class Names:
    """Which tests of a run a text names."""

    def __init__(self, cases: Iterable[CaseResult]) -> None:
        self._cases = {case.id: case for case in cases}

    def of(self, text: str) -> tuple[str, ...]:
        """The ids of the tests that `text` names: the test with that id, else all in that file, class or function.

        Otherwise tests with that bare name, or with the same class and name in another file: many reports place an
        inherited test in the file that defines it, not in the file of the class. Otherwise what the log of a runner
        calls so: `suite test`, `file:test`, `package.Class`. An id that is no more than a bare name, where tests have
        neither file nor class, names whatever else bears it.
        """
        exact = self._cases.get(text)
        if exact is not None and (exact.parsed.file or exact.parsed.scope or not exact.parsed.name):
            return (text,)
        if exact is None and (inside := self._within.get(text)):
            return tuple(inside)
        found = {*self._bare.get(text, ()), *self._elsewhere(text), *([text] if exact is not None else ())}
        if not found:
            printed = " ".join(text.split()).removesuffix("()")
            found = {*(self._printed.get(printed) or self._in_class(printed))}
        return tuple(id for id in self._cases if id in found) if found else ()

    @cached_property
    def _within(self) -> _Index:
        return self._indexed(_containers)

    @cached_property
    def _bare(self) -> _Index:
        return self._indexed(lambda case: (case.parsed.name, bare_name(case)) if case.parsed.name else ())

    @cached_property
    def _inside(self) -> _Index:
        """The tests by what their ids have after the file."""
        return self._indexed(
            lambda case: (case.id.removeprefix(case.parsed.file),) if case.parsed.file and case.parsed.name else ()
        )

    @cached_property
    def _wholes(self) -> frozenset[str]:
        """The files that report as a whole: they could not be loaded, or skip themselves, and no test of them ran."""
        return frozenset(case.parsed.file for case in self._cases.values() if case.parsed.file and not case.parsed.name)

    @cached_property
    def _printed(self) -> _Index:
        return self._indexed(lambda case: _printed(case.parsed) if case.parsed.name else ())

    @cached_property
    def _classes(self) -> Mapping[str, Mapping[_Class, Collection[CaseResult]]]:
        """The tests by the class that they are in, and these by the name of the class's file."""
        classes: dict[str, dict[_Class, list[CaseResult]]] = defaultdict(lambda: defaultdict(list))
        for case in self._cases.values():
            file = PurePosixPath(case.parsed.file)
            scope = case.parsed.scope[:_MOST_PARTS]
            # A file of Java has the name of its class; one of Python is a module, with the class in it.
            inner = scope[1:] if scope[:1] == (file.stem,) else scope
            classes[file.stem][file.parent.parts[-_MOST_PARTS:], (file.stem, *inner)].append(case)
        return classes

    def _elsewhere(self, text: str) -> Iterator[str]:
        """The tests whose ids end as this one does, in another file of the same kind; none if its own did not run."""
        for place in range(max(1, len(text) - _MOST_CHARACTERS), len(text)):
            if text[:place] in self._wholes:
                return
        for place in range(max(1, len(text) - _MOST_CHARACTERS), len(text)):
            for id in self._inside.get(text[place:], ()):
                if PurePosixPath(text[:place]).suffix == PurePosixPath(self._cases[id].parsed.file).suffix:
                    yield id

    def _in_class(self, text: str) -> Iterator[str]:
        """The tests of a class, or the one test, by a dotted name that begins at some package."""
        splits = (text.rpartition(separator) for separator in _OF_CLASS)
        for holder, name in ((text, ""), *((holder, name) for holder, _, name in splits if holder)):
            parts = tuple(_DOTTED.split(holder, _MOST_PARTS))
            for place, part in enumerate(parts) if len(parts) > 1 else ():
                packages, inner = parts[:place], parts[place:]
                for (folders, classes), cases in self._classes.get(part, {}).items():
                    if folders[len(folders) - place :] == packages and classes[: len(inner)] == inner:
                        yield from (case.id for case in cases if name in {"", case.parsed.name, bare_name(case)})

    def _indexed(self, names: Callable[[CaseResult], Iterable[str]]) -> _Index:
        index: dict[str, dict[str, None]] = defaultdict(dict)
        for case in self._cases.values():
            for name in names(case):
                index[name][case.id] = None
        return index


def _containers(case: CaseResult) -> Iterator[str]:
    """Names for everything that contains a test: its file, and its id up to each class and up to the parameters."""
    yield case.parsed.file
    end = 0
    for part in (case.parsed.file, *case.parsed.scope[:_MOST_PARTS], case.parsed.name):
        start = case.id.find(part, end)
        if part and start >= 0:
            end = start + len(part)
            yield case.id[:end]


def _printed(id: CaseId) -> Iterator[str]:
    """What runners call a test in their logs, where white space is not kept."""
    scope = tuple(" ".join(part.split()) for part in id.scope[-_MOST_PARTS:])
    for name in dict.fromkeys(" ".join(name.split()) for name in (id.name, id.name + id.parameters)):
        yield f"{id.file}:{name}"
        for separator in _SEPARATORS:
            path = separator.join((*scope, name))
            yield from (path, f"{id.file}{separator}{path}")
