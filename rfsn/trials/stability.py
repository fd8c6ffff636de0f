"""Tests whose ids are made anew in each run, from the time of day for example: their ids cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

from buildpacks import CaseId, SuiteReport
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
        self._changing: frozenset[CaseId] | None = None

    def unstable(self, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
        """The ids, of the base and of these runs, that belong to such tests; no target is among them."""
        expected = _functions(known.baseline).keys() - {*known.unstable}
        if all(run.problem or _functions(run).keys() - {*known.unstable} == expected for run in runs):
            return set()
        if self._changing is None:
            again = self._bench.run_tests(self._budget.request(known.baseline), self._budget.left_s)
            base, anew = _functions(known.baseline), _functions(again)
            changed = set() if again.problem else anew.keys() ^ base.keys()
            self._changing = frozenset((base | anew)[id] for id in changed)
        functions = {id: function for run in (known.baseline, *runs) for id, function in _functions(run).items()}
        return {id for id, function in functions.items() if function in self._changing} - {*known.all}


def _functions(report: SuiteReport) -> dict[str, CaseId]:
    """For each id the test without its parameters."""
    return {case.id: case.parts.function for case in report.cases}
