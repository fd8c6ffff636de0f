"""Tests that the command leaves out, and that carry the name of what a patch changes.

A command that names some files of tests says little about the rest: a patch that negates a condition of a class passes
them, and would break the tests of that class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from buildpacks import Outcome, RunRequest, SuiteReport
from gate import Change, Context
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Beyond"]

_MOST_FILES = 4
_SHARE, _LEAST_S = 0.1, 10.0
"""The most files of tests for one changed file; the share of the time that is left for one run of them, and the seconds
that it has at least, unless they are more than half."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WHOLE_FOLDERS = {("init",), ("index",), ("mod",)}
_OF_TESTS = frozenset({"test", "tests", "spec", "specs", "tester", "check", "checks", "case", "cases"})


class Beyond:
    """Runs such tests on the base, once in a session, and with a patch."""

    def __init__(self, suite: Suite, budget: Budget) -> None:
        self._suite = suite
        self._budget = budget
        self._base: dict[tuple[str, ...], SuiteReport] = {}

    def broken(self, known: Targets, change: Change | None, context: Context, *, sure: bool) -> tuple[str, ...]:
        """The ids of such tests that pass on the base and fail with a change, to be `sure` twice each.

        There are none if there is no time to run them. Raises `InfraError` if the sandbox fails.
        """
        files = tuple(self._files(known, change, context)) if change is not None else ()
        if files and files not in self._base:
            self._base[files] = self._run(files)
        passed = _passed(self._base[files]) if files else set[str]()
        broken = passed & _failing(self._run(files, change)) if passed else set[str]()
        if broken and sure:
            again = tuple(sorted(broken))
            broken = broken & _failing(self._run(again, change)) & _passed(self._run(again))
        return tuple(sorted(broken))

    def _files(self, known: Targets, change: Change, context: Context) -> Iterator[str]:
        """The files of tests that are named like a changed file, and of which the command runs none, nearest first."""
        ran = {case.parsed.file for case in known.baseline.cases}
        for path in change.files:
            here = PurePosixPath(path)
            names = [_words(here.stem), _words(f"{here.parent.name} {here.stem}")]
            if names[0] in _WHOLE_FOLDERS:
                names = [_words(here.parent.name)]
            found = [
                other
                for other in self._suite.view.files()
                if other.endswith(here.suffix)
                and other not in ran
                and _has_tests(other)
                and _words(PurePosixPath(other).stem) in names
                and context.protected(other)
            ]
            found.sort(key=lambda other: (-_shared(path, other), other))
            yield from found[:_MOST_FILES]

    def _run(self, ids: tuple[str, ...], change: Change | None = None) -> SuiteReport:
        left_s = self._budget.left_s
        request = RunRequest(ids, self._budget.case_limit_s, self._budget.case_limit_s)
        return self._suite.run_tests(request, max(_SHARE * left_s, min(_LEAST_S, left_s / 2)), change)


def _has_tests(path: str) -> bool:
    return not _OF_TESTS.isdisjoint(map(str.lower, _WORD.findall(PurePosixPath(path).stem)))


def _words(name: str) -> tuple[str, ...]:
    """The words of a file's name, without those that only say that it has tests."""
    return tuple(word for word in map(str.lower, _WORD.findall(name)) if word not in _OF_TESTS)


def _shared(path: str, other: str) -> int:
    """How many folders two paths share from the top."""
    pairs = zip(PurePosixPath(path).parent.parts, PurePosixPath(other).parent.parts, strict=False)
    return next((at for at, pair in enumerate(pairs) if pair[0] != pair[1]), len(PurePosixPath(path).parent.parts))


def _passed(report: SuiteReport) -> set[str]:
    return set() if report.problem else {case.id for case in report.cases if case.outcome is Outcome.PASSED}


def _failing(report: SuiteReport) -> set[str]:
    return set() if report.problem else {case.id for case in report.cases if case.outcome.failing}
