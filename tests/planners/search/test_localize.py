from __future__ import annotations

from math import sqrt

import pytest

from buildpacks import CaseTrace, Frame, Outcome, Spectrum
from planners.search.localize import rank


def case(id: str, outcome: Outcome, lines: set[int], frames: tuple[Frame, ...] = ()) -> CaseTrace:
    covered = {"a.py": frozenset(lines), "test_a.py": frozenset({1})}
    return CaseTrace(id, outcome, 0.0, covered, frames)


def is_source(path: str) -> bool:
    return not path.startswith("test_")


def test_ochiai_orders_lines_by_failing_and_passing_tests() -> None:
    cases = (
        case("f1", Outcome.FAILED, {1, 2, 3}),
        case("f2", Outcome.FAILED, {1, 3}),
        case("p1", Outcome.PASSED, {1, 2}),
        case("p2", Outcome.PASSED, {1}),
        case("other", Outcome.FAILED, {1, 2, 9}),
    )
    suspects = rank(Spectrum(cases), ["f1", "f2"], is_source)
    scores = {suspect.line: suspect.score for suspect in suspects}
    assert [suspect.line for suspect in suspects] == [3, 1, 2]
    assert scores[1] / scores[3] == pytest.approx(2 / sqrt(2 * 4))
    assert scores[2] / scores[3] == pytest.approx(1 / sqrt(2 * 2))


def test_lines_of_tests_and_of_passing_tests_are_left_out() -> None:
    cases = (case("f", Outcome.ERROR, {1}), case("p", Outcome.PASSED, {5}))
    assert [(suspect.path, suspect.line) for suspect in rank(Spectrum(cases), ["f"], is_source)] == [("a.py", 1)]


def test_the_innermost_source_frame_is_boosted_most() -> None:
    frames = (Frame("test_a.py", 7, "test"), Frame("a.py", 2, "outer"), Frame("a.py", 4, "inner"))
    suspects = rank(Spectrum((case("f", Outcome.FAILED, {1, 2, 3, 4}, frames),)), ["f"], is_source)
    assert [suspect.line for suspect in suspects] == [4, 2, 1, 3]
    assert suspects[0].score == pytest.approx(1.0)


def test_recursion_counts_a_line_once() -> None:
    frames = tuple(Frame("a.py", 2, "again") for _ in range(500))
    suspects = rank(Spectrum((case("f", Outcome.FAILED, {2}, frames),)), ["f"], is_source)
    assert suspects[0].score == pytest.approx(1.0)


def test_frames_count_where_there_is_no_coverage() -> None:
    trace = CaseTrace("f", Outcome.ERROR, 0.0, {}, (Frame("a.py", 3, "<module>"),))
    assert [suspect.line for suspect in rank(Spectrum((trace,)), ["f"], is_source)] == [3]


def test_nothing_is_suspicious_without_targets() -> None:
    assert rank(Spectrum((case("p", Outcome.PASSED, {1}),)), [], is_source) == []


def test_what_ran_during_the_import_is_run_by_every_test() -> None:
    cases = (case("f", Outcome.FAILED, {1}), case("p", Outcome.PASSED, {2}), case("q", Outcome.PASSED, {2}))
    suspects = rank(Spectrum(cases, {"a.py": frozenset({7}), "test_a.py": frozenset({8})}), ["f"], is_source)
    assert [(one.line, round(one.score, 2)) for one in suspects] == [(1, 0.6), (7, 0.35)]
