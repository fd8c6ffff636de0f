"""Which candidates are taken for the first half of a repair."""

from __future__ import annotations

import pytest

from buildpacks import CaseId, CaseTrace, Frame, Outcome
from buildpacks.warm import WarmResult
from planners.progress import progress_of
from planners.trial import TrialOutcome


def failure(message: str, outcome: Outcome = Outcome.FAILED) -> CaseTrace:
    frames = (Frame("t.py", 12, "test"), Frame("t.py", 5, "check"), Frame("f.py", 9, "f"))
    return CaseTrace("t.py::test", outcome, 0.1, {}, frames, message, parsed=CaseId("t.py", (), "test"))


CRASH, REFUTED, HANGS = failure("KeyError: 3"), failure("AssertionError: no"), failure("", Outcome.TIMEOUT)


@pytest.mark.parametrize(
    ("outcome", "tried", "base", "progress"),
    [
        (TrialOutcome.PARTIAL, WarmResult(0, "passed", fixed=("t.py::a", "t.py::b")), REFUTED, (3, 2)),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::other", exception="AssertionError", lines=(3,)),
            REFUTED,
            (2,),
        ),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="AssertionError", lines=(12, 6)),
            REFUTED,
            (1, 12, 6),
        ),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="AssertionError", lines=(13,)),
            REFUTED,
            (1, 13),
        ),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="AssertionError", lines=(12, 5)),
            REFUTED,
            None,
        ),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="AssertionError", lines=(11, 7)),
            REFUTED,
            None,
        ),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="AssertionError", lines=(12, 5)),
            CRASH,
            (0,),
        ),
        (TrialOutcome.FAILED, WarmResult(0, "failed", "t.py::test", exception="TypeError", lines=(12, 5)), CRASH, None),
        (
            TrialOutcome.FAILED,
            WarmResult(0, "failed", "t.py::test", exception="TypeError", lines=(12, 5)),
            REFUTED,
            None,
        ),
        (TrialOutcome.FAILED, WarmResult(0, "failed", "t.py::test", exception="AssertionError"), HANGS, (0,)),
        (TrialOutcome.TIMEOUT, WarmResult(0, "timeout", "t.py::test"), REFUTED, None),
        (TrialOutcome.FAILED, None, REFUTED, None),
    ],
)
def test_progress(
    outcome: TrialOutcome, tried: WarmResult | None, base: CaseTrace, progress: tuple[int, ...] | None
) -> None:
    fixed = (tried.fixed or ()) if tried else ()
    assert progress_of(outcome, fixed, tried, {"t.py::test": base}) == progress
