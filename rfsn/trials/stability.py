"""Tests that are not the same in each run: ids that change, such as with the time of day, and outcomes that do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from buildpacks import CaseId, Outcome, RunRequest, SuiteReport
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Stability"]

_MAX_FRAGILE = 20


class Stability:
    """What is known of such tests in one session.

    The base is run once more when a patched tree first shows other ids than the base did: ids that change there as well
    were not changed by the patch.
    """

    def __init__(self, suite: Suite, budget: Budget) -> None:
        self._suite = suite
        self._budget = budget
        self._changing: frozenset[CaseId] | None = None
        self._renamed: Counter[CaseId] = Counter()

    def unstable(self, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
        """The ids, of the base and of these runs, that belong to such tests; no target is among them.

        A test whose whole name changes is known by the suite around it, which must have as many tests with new names
        as it had of those that changed on the base.
        """
        expected = _functions(known.baseline).keys() - {*known.unstable}
        if all(run.problem or _functions(run).keys() - {*known.unstable} == expected for run in runs):
            return set()
        if self._changing is None:
            again = self._suite.run_tests(self._elsewhere(known), self._budget.left_s)
            base, repeated = _functions(known.baseline), _functions(again)
            changed = set() if again.problem or again.lost(known.baseline) else repeated.keys() ^ base.keys()
            self._changing = frozenset((base | repeated)[id] for id in changed)
            self._renamed = Counter(base[id].holder for id in base.keys() & changed)
        functions = {id: function for run in (known.baseline, *runs) for id, function in _functions(run).items()}
        found = {id for id, function in functions.items() if function in self._changing}
        for run in runs:
            new = {id: function.holder for id, function in _functions(run).items() if id not in expected}
            counts = Counter(new.values())
            found |= {id for id, holder in new.items() if counts[holder] == self._renamed[holder]}
        return found - {*known.all}

    def fragile(self, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
        """Tests that fail in one of these runs alone, and on the base as well when it is run again in the same ways.

        Such a test depends on time, on chance, on its surroundings or on the tests before it, and passed once with the
        patch. The base is first run for them alone, unless they are many, and then as a whole.
        """
        before = {case.id for case in known.baseline.cases if case.outcome is Outcome.PASSED} - {*known.unstable}
        times = Counter(case.id for run in runs for case in run.cases if case.outcome.failing)
        once = {id for id in before if 0 < times[id] < len(runs)}
        fragile: set[str] = set()
        for ids in (tuple(sorted(once)), ()) if len(once) <= _MAX_FRAGILE else ((),):
            if once - fragile - {*known.all}:
                again = self._suite.run_tests(self._elsewhere(known, ids), self._budget.left_s)
                fragile |= {case.id for case in again.cases if case.id in once and case.outcome.failing}
        return fragile - {*known.all}

    def told(self, known: Targets, request: RunRequest, run: SuiteReport) -> SuiteReport:
        """A run of a patched tree without the findings that the base has as well, when it is run by such a request.

        All tests are watched then: what one of them shows says something of all. The run that repeated the failing
        tests may have shown it.
        """
        run = replace(run, findings=tuple(finding for finding in run.findings if finding.about not in known.usual))
        if not run.findings:
            return run
        watched = {case.id: () for case in known.baseline.cases}
        again = self._suite.run_tests(replace(request, watched=watched, key=os.urandom(32)), self._budget.left_s)
        usual = {finding.about for finding in again.findings}
        return replace(run, findings=tuple(finding for finding in run.findings if finding.about not in usual))

    def _elsewhere(self, known: Targets, ids: tuple[str, ...] = ()) -> RunRequest:
        return replace(self._budget.request(known.baseline, ids, alone=True), elsewhere=True)


def _functions(report: SuiteReport) -> dict[str, CaseId]:
    """The test without its parameters, for each id."""
    return {case.id: case.parsed.function for case in report.cases}
