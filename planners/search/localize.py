"""Spectrum-based fault localization: which lines a repair should change, by per-test coverage and stack frames."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from math import sqrt

from buildpacks import CaseTrace, Kinds, Outcome, RepoView, Spectrum
from planners.search.language import FailingTest

__all__ = ["Suspect", "failing_tests", "kinds_of", "rank"]

type _Line = tuple[str, int]

_READ_TESTS = 8
"""How many of the targets are read for what they say: one fault makes many tests fail in the same way."""

_FRAME_SHARE = 0.4
"""The share of the stack frames in a score; coverage has the rest."""

_OUTER_FRAME = 0.5
"""The weight of a frame relative to the next inner one: most faults are near the place of the failure."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A line that may have the fault; a higher score is more suspicious."""

    path: str
    line: int
    score: float


def rank(spectrum: Spectrum, targets: Collection[str], is_source: Callable[[str], bool]) -> list[Suspect]:
    """The lines of source files that the targets executed or failed in, most suspicious first.

    Coverage is scored by Ochiai, ef / sqrt((ef + nf) (ef + ep)) (Abreu, Zoeteweij and van Gemund, "An Evaluation of
    Similarity Coefficients for Software Fault Localization", PRDC 2006). Failing tests that are not targets are
    ignored. Code that ran while the tests were imported counts as executed by each of them.
    """
    failing = [case for case in spectrum.cases if case.id in targets]
    passing = [case for case in spectrum.cases if case.id not in targets and not case.outcome.failing]
    failed, passed = _hits(failing, is_source), _hits(passing, is_source)
    for path, lines in spectrum.imported.items():
        if is_source(path):
            for line in lines:
                failed[path, line], passed[path, line] = len(failing), len(passing)
    coverage = _ochiai(failed, passed, len(failing)) if failing else {}
    frames = _frames(failing, is_source)
    suspects = (
        Suspect(path, line, (1 - _FRAME_SHARE) * coverage.get(at, 0.0) + _FRAME_SHARE * frames.get(at, 0.0))
        for at in coverage.keys() | frames.keys()
        for path, line in [at]
    )
    return sorted(suspects, key=lambda suspect: (-suspect.score, suspect.path, suspect.line))


def kinds_of(spectrum: Spectrum, targets: Collection[str]) -> Kinds:
    """The kinds of the variables' values in all targets together."""
    together: dict[str, dict[str, dict[str, frozenset[str]]]] = {}
    for case in spectrum.cases:
        if case.id in targets:
            for path, functions in case.kinds.items():
                for function, names in functions.items():
                    known = together.setdefault(path, {}).setdefault(function, {})
                    for name, kinds in names.items():
                        known[name] = known.get(name, frozenset()) | kinds
    return together


def failing_tests(traces: Iterable[CaseTrace], view: RepoView) -> tuple[FailingTest, ...]:
    """What the first of the failing tests say, each function of tests once."""
    first = {(trace.parsed.function, trace.message): trace for trace in reversed(list(traces))}
    read = sorted(first.values(), key=lambda trace: trace.id)[:_READ_TESTS]
    return tuple(
        FailingTest(
            trace.message,
            trace.parsed.name,
            view.read(trace.parsed.file) if trace.parsed.file and view.exists(trace.parsed.file) else b"",
            _raised_at(trace),
        )
        for trace in read
    )


def _raised_at(trace: CaseTrace) -> tuple[str, int]:
    """Where a failure was raised; nowhere if a limit ended the test."""
    if not trace.frames or trace.outcome is Outcome.TIMEOUT:
        return "", 0
    return trace.frames[-1].path, trace.frames[-1].line


def _hits(cases: Iterable[CaseTrace], is_source: Callable[[str], bool]) -> Counter[_Line]:
    hits: Counter[_Line] = Counter()
    for case in cases:
        for path, lines in case.lines.items():
            if is_source(path):
                hits.update((path, line) for line in lines)
    return hits


def _ochiai(failed: Counter[_Line], passed: Counter[_Line], failing: int) -> dict[_Line, float]:
    return {at: hits / sqrt(failing * (hits + passed[at])) for at, hits in failed.items()}


def _frames(cases: Iterable[CaseTrace], is_source: Callable[[str], bool]) -> dict[_Line, float]:
    """The mean weight of each line in the tracebacks that name a source file."""
    total: dict[_Line, float] = defaultdict(float)
    stacks = 0
    for case in cases:
        inner_first = ((frame.path, frame.line) for frame in reversed(case.frames) if is_source(frame.path))
        stack = list(dict.fromkeys(inner_first))
        stacks += bool(stack)
        for depth, at in enumerate(stack):
            total[at] += _OUTER_FRAME**depth
    return {at: weight / stacks for at, weight in total.items()}
