"""Distinguishing slow tests of the base from hanging ones: a test over a small limit is run again with a larger one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["forecast_s", "settled"]

_WAITING = " of waiting"
_CLEARLY_LARGER = 2.0
_WALL_FACTOR = 5.0  # the wall-clock time that cold runners allow for each CPU second


def settled(suite: Suite, budget: Budget, report: SuiteReport) -> SuiteReport:
    """The report of the base, in which a test that ends with more time no longer counts as over its limit.

    Of the tests that were stopped in the same function, the first is run again alone. If it does not end either, all
    of them hang; if it does, the others are run again too. All of this may take half of the time that is left; a test
    for which that is too short is `SLOW`. Raises `InfraError` if the sandbox fails.
    """
    over = [case for case in report.cases if case.outcome is Outcome.TIMEOUT]
    if not over:
        return report
    patience = _Patience(suite, budget)
    kinds: dict[str, list[CaseResult]] = {}
    for case in over:
        kinds.setdefault(_kind(case), []).append(case)
    results: dict[str, CaseResult] = {}
    for cases in kinds.values():
        results |= {case.id: case for case in _settled_alike(patience, cases)}
    return replace(report, cases=tuple(results.get(case.id, case) for case in report.cases))


def forecast_s(first: SuiteReport, report: SuiteReport) -> float:
    """How long a run takes in which slow tests have their time, and tests that compute forever are repaired.

    `report` is what `settled` made of the `first` run. Tests that wait are counted: a patch for others keeps them.
    """
    changed = 0.0
    for before, after in zip(first.cases, report.cases, strict=True):
        if not after.outcome.over_limit:
            changed += after.duration_s - before.duration_s
        elif _WAITING not in before.message:
            changed -= before.duration_s
    return max(0.0, first.duration_s + changed)


def _settled_alike(patience: _Patience, cases: Sequence[CaseResult]) -> Iterable[CaseResult]:
    first, *others = cases
    again = patience.run([first])[0]
    if again.outcome is Outcome.SLOW:
        return [again, *(replace(case, outcome=Outcome.SLOW) for case in others)]
    if again.outcome is Outcome.TIMEOUT:
        return [
            again,
            *(
                replace(case, message=f"{case.message}, where {again.id} does not end with more time either")
                for case in others
            ),
        ]
    return [again, *(patience.run(others) if others else ())]


class _Patience:
    """Runs tests again while there is time."""

    def __init__(self, suite: Suite, budget: Budget) -> None:
        self._suite = suite
        self._budget = budget
        self._deadline = time.monotonic() + budget.left_s / 2.0

    def run(self, cases: Sequence[CaseResult]) -> list[CaseResult]:
        """How these tests end with more time, in one process; all are `SLOW` if it does not end."""
        left_s = self._deadline - time.monotonic()
        least_s = _CLEARLY_LARGER * self._budget.first_limit_s
        limit_s = min(self._budget.patient_limit_s, left_s / _WALL_FACTOR)
        ended: dict[str, CaseResult] = {}
        if limit_s >= least_s:
            limits = {case.id: least_s if _WAITING in case.message else limit_s for case in cases}
            request = RunRequest(tuple(limits), limit_s, limits=limits)
            ended = {case.id: case for case in self._suite.run_tests(request, left_s).cases}
        return [ended.get(case.id) or replace(case, outcome=Outcome.SLOW) for case in cases]


def _kind(case: CaseResult) -> str:
    """What a test was doing when it was stopped, without the number of seconds."""
    return case.message.partition(" s")[2]
