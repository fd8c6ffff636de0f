"""How candidates are handed out, and which tests they meet first."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from types import SimpleNamespace

import pytest

from buildpacks import CaseId, CaseResult, CaseTrace, Outcome, Spectrum, SuiteReport
from gate import Candidate
from planners.targets import Targets
from planners.trial import Trial, TrialOutcome
from rfsn.trials import pool
from rfsn.trials.budget import Budget
from rfsn.trials.order import ordered
from rfsn.trials.pool import Lane, Pool


@pytest.mark.parametrize(
    ("seconds", "deadline", "sizes", "tried"),
    [(0.0, 100.0, [8, 64, 64, 64], 200), (1 / 32, 100.0, [8, *[32] * 6], 200), (3.0, 10.0, [8], 4)],
)
def test_chunks_take_about_the_same_time(
    seconds: float, deadline: float, sizes: Sequence[int], tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also, a run ends soon after its deadline, with what was tried."""
    now = 0.0
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now))
    found: list[int] = []

    def work(_lane: Lane, indexes: Sequence[int]) -> Generator[Trial]:
        nonlocal now
        found.append(len(indexes))
        for index in indexes:
            now += seconds
            yield Trial(index, Candidate((), "", "", 0.0), TrialOutcome.FAILED, ())

    trials = Pool([{}]).run(range(200), work, deadline)
    assert found == sizes
    assert [trial.index for trial in trials] == list(range(tried))


def test_tests_that_run_what_few_others_but_the_targets_run_come_first() -> None:
    lines = {"a::test_target": {1, 2, 3}, "b::test_apart": set(), "b::test_common": {1}, "b::test_near": {1, 2}}
    cases, traces = [], []
    for id, own in lines.items():
        outcome = Outcome.FAILED if id == "a::test_target" else Outcome.PASSED
        parsed = CaseId(id.partition("::")[0], (), id.partition("::")[2], "")
        cases.append(CaseResult(id, outcome, 0.01, parsed=parsed))
        traces.append(CaseTrace(id, outcome, 0.01, {"m.py": frozenset(own)}, parsed=parsed))
    known = Targets(SuiteReport(tuple(cases), 1, 0.1), ("a::test_target",), (), ("a::test_target",))
    _, tests = ordered(known, Spectrum(tuple(traces)), Budget(300.0, 100, lambda: 0.0))
    assert [id for id, _ in tests] == ["b::test_near", "b::test_common", "b::test_apart"]
