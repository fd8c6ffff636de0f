"""Tests whose ids change in each run, such as with the time of day: they cannot be compared between runs."""

from __future__ import annotations

from collections.abc import Sequence

from buildpacks import CaseId, SuiteReport
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Stability"]


class Stability:
    """What is known of such tests in one session.

    The base is run once more when a patched tree first shows other ids than the base did: ids that change there as well
    were not changed by the patch.
    """

    def __init__(self, suite: Suite, budget: Budget) -> None:
        self._suite = suite
        self._budget = budget
        self._changing: frozenset[CaseId] | None = None

    def unstable(self, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
        """The ids, of the base and of these runs, that belong to such tests; no target is among them."""
        expected = _functions(known.baseline).keys() - {*known.unstable}
        if all(run.problem or _functions(run).keys() - {*known.unstable} == expected for run in runs):
            return set()
        if self._changing is None:
            again = self._suite.run_tests(self._budget.request(known.baseline), self._budget.left_s)
            base, repeated = _functions(known.baseline), _functions(again)
            changed = set() if again.problem or again.lost(known.baseline) else repeated.keys() ^ base.keys()
            self._changing = frozenset((base | repeated)[id] for id in changed)
        functions = {id: function for run in (known.baseline, *runs) for id, function in _functions(run).items()}
        return {id for id, function in functions.items() if function in self._changing} - {*known.all}


def _functions(report: SuiteReport) -> dict[str, CaseId]:
    """The test without its parameters, for each id."""
    return {case.id: case.parsed.function for case in report.cases}
