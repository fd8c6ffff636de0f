"""Tests that the command leaves out, and that have to do with what a patch changes.

A command that names some files of tests says little about the rest: a patch that negates a condition of a class passes
them, and would break the tests of that class.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from buildpacks import Outcome, RunRequest, SuiteReport
from gate import Change, Context
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Beyond"]

_MOST_NAMED, _MOST_FILES = 4, 60
"""The most files of tests that are named like a changed file, and in all."""
_SHARE, _LEAST_S = 0.1, 10.0
"""The share of the time that is left for running them, and the seconds that there are at least, unless they are more
than half."""
_MOST_READ = 600
"""How many files of tests are read at most, the nearest first."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WHOLE_FOLDERS = {("init",), ("index",), ("mod",)}
_OF_TESTS = frozenset({"test", "tests", "spec", "specs", "tester", "check", "checks", "case", "cases"})
_SAYING_NOTHING = frozenset({"src", "lib", "main", "__init__", "index", "mod"})


class Beyond:
    """Runs such tests on the base, once in a session, and with a patch."""

    def __init__(self, suite: Suite, budget: Budget, *, partial: bool = False) -> None:
        """`partial` is whether the user gave the command, which may run a part of the tests that the project has."""
        self._suite = suite
        self._budget = budget
        self._partial = partial
        self._files: dict[tuple[str, ...], list[str]] = {}
        self._base: dict[tuple[str, ...], SuiteReport] = {}

    def broken(
        self, known: Targets, change: Change | None, context: Context, left_s: float, *, sure: bool
    ) -> tuple[str, ...]:
        """The ids of such tests that pass on the base and fail with a change, to be `sure` twice each.

        More and more files are run, the likeliest first, until some are found or a part of the time `left_s` is up.
        Raises `InfraError` if the sandbox fails.
        """
        if change is None:
            return ()
        deadline = time.monotonic() + max(_SHARE * left_s, min(_LEAST_S, left_s / 2))
        changed = tuple(change.files)
        if changed not in self._files:
            self._files[changed] = self._left_out(known, changed, context)
        for files in _batches(self._files[changed]):
            if time.monotonic() >= deadline:
                break
            if broken := self._broken(files, change, deadline, sure=sure):
                return tuple(sorted(broken))
        return ()

    def _broken(self, files: tuple[str, ...], change: Change, deadline: float, *, sure: bool) -> set[str]:
        base = self._on_base(files, deadline)
        passed = {case.id: case.parsed.file for case in base.cases if case.outcome is Outcome.PASSED}
        if not passed or time.monotonic() >= deadline:
            return set()
        broken = _lost(passed, self._run(dict.fromkeys(passed.values()), deadline, change))
        if broken and sure:
            again = sorted(broken)
            deadline = max(deadline, time.monotonic() + min(_LEAST_S, self._budget.left_s / 2))
            known = {id: passed[id] for id in again}
            broken &= _lost(known, self._run(again, deadline, change))
            broken &= {case.id for case in self._run(again, deadline).cases if case.outcome is Outcome.PASSED}
        return broken

    def _on_base(self, files: tuple[str, ...], deadline: float) -> SuiteReport:
        """The report of some files on the base, without those that cannot be loaded; without cases if there is none."""
        if files not in self._base:
            report = self._run(files, deadline)
            loaded = [path for path in files if path not in _unloaded(report)]
            if report.problem and loaded and len(loaded) < len(files):
                report = self._run(loaded, deadline)
            self._base[files] = SuiteReport((), None, 0.0) if report.problem else report
        return self._base[files]

    def _left_out(self, known: Targets, changed: tuple[str, ...], context: Context) -> list[str]:
        """The files of tests of which the command runs none: those named like a changed file, then those that name it.

        The nearest come first, and of those that name it, those that name most parts of its path. The latter count only
        where the user gave the command: else the project leaves them out itself.
        """
        ran = {case.parsed.file for case in known.baseline.cases}
        left_out = [
            other
            for other in self._suite.view.files()
            if other not in ran and _has_tests(other) and context.protected(other)
        ]
        named, naming = dict[str, None](), Counter[str]()
        for path in changed:
            near = [other for other in left_out if other.endswith(PurePosixPath(path).suffix)]
            near.sort(key=lambda other: (-_shared(path, other), other))
            names, parts = _names_of(path), _parts_of(path)
            alike = [other for other in near if _words(PurePosixPath(other).stem) in names]
            named |= dict.fromkeys(alike[:_MOST_NAMED])
            for other in near[:_MOST_READ] if self._partial else ():
                text = self._suite.view.read(other).decode(errors="replace")
                naming[other] += len({*parts.findall(text)} - {""})
        # Sorting keeps the nearest first.
        named |= dict.fromkeys(sorted(+naming, key=lambda other: -naming[other]))
        return [*named][:_MOST_FILES]

    def _run(self, ids: Iterable[str], deadline: float, change: Change | None = None) -> SuiteReport:
        request = RunRequest(tuple(ids), self._budget.case_limit_s, self._budget.case_limit_s)
        return self._suite.run_tests(request, max(0.1, deadline - time.monotonic()), change)


def _batches(files: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Files in groups, each twice as large as the one before."""
    left, size = list(files), _MOST_NAMED
    while left:
        yield tuple(left[:size])
        left, size = left[size:], 2 * size


def _lost(passed: Mapping[str, str], report: SuiteReport) -> set[str]:
    """Which of some tests, by id with their files, fail in a report, or cannot be loaded."""
    unloaded = _unloaded(report)
    if report.problem and not unloaded:
        return set()  # it was not finished
    failing = {case.id for case in report.cases if case.outcome.failing}
    return {id for id, file in passed.items() if id in failing or file in unloaded}


def _unloaded(report: SuiteReport) -> set[str]:
    return {case.parsed.file for case in report.cases if case.unloaded}


def _names_of(path: str) -> list[tuple[str, ...]]:
    """What a file of tests for another file is called, in words."""
    here = PurePosixPath(path)
    names = [_words(here.stem), _words(f"{here.parent.name} {here.stem}")]
    return [_words(here.parent.name)] if names[0] in _WHOLE_FOLDERS else names


def _parts_of(path: str) -> re.Pattern[str]:
    """What code says that names a file, or the folders around it."""
    here = PurePosixPath(path)
    parts = {*here.parent.parts, here.stem} - _SAYING_NOTHING
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(parts)))})\b")


def _has_tests(path: str) -> bool:
    return not _OF_TESTS.isdisjoint(map(str.lower, _WORD.findall(PurePosixPath(path).stem)))


def _words(name: str) -> tuple[str, ...]:
    """The words of a file's name, without those that only say that it has tests."""
    return tuple(word for word in map(str.lower, _WORD.findall(name)) if word not in _OF_TESTS)


def _shared(path: str, other: str) -> int:
    """How many folders two paths share from the top."""
    pairs = zip(PurePosixPath(path).parent.parts, PurePosixPath(other).parent.parts, strict=False)
    return next((at for at, pair in enumerate(pairs) if pair[0] != pair[1]), len(PurePosixPath(path).parent.parts))
