"""Tests whose ids are made anew in each run, from the time of day for example: their ids cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

from buildpacks import SuiteReport
from planners.targets import Targets
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget

__all__ = ["Stability"]


class Stability:
    """What is known of them in one session.

    The base is run once more, where a patched tree first shows other ids than the base did: what changes there as well
    is no doing of the patch.
    """

    def __init__(self, bench: Bench, budget: Budget) -> None:
        self._bench = bench
        self._budget = budget
        self._functions: frozenset[str] | None = None

    def unstable(self, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
        """The ids, of the base and of these runs, that belong to such tests; no target is among them."""
        expected = _ids(known.baseline) - {*known.unstable}
        if all(run.problem or _ids(run) - {*known.unstable} == expected for run in runs):
            return set()
        if self._functions is None:
            again = self._bench.run_tests(self._budget.request(known.baseline), self._budget.left_s)
            changed = set() if again.problem else _ids(again) ^ _ids(known.baseline)
            self._functions = frozenset(map(_function, changed))
        found = {id for report in (known.baseline, *runs) for id in _ids(report)}
        return {id for id in found if _function(id) in self._functions} - {*known.all}


def _ids(report: SuiteReport) -> set[str]:
    return {case.id for case in report.cases}


def _function(id: str) -> str:
    """The test without its parameters."""
    return id.partition("[")[0]
