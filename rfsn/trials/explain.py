"""What fails under a candidate, in words: a warm worker says only that something does."""

from __future__ import annotations

from collections.abc import Iterator

from buildpacks import SuiteReport
from gate import Context, Denied, Gate, change_of, cut
from planners.targets import Targets
from planners.trial import Trial, TrialOutcome
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Explainer"]

_MAX_RUN = 3
"""How many candidates of a batch are run once more for what their tests say."""

_QUICK_S = 5.0
"""The longest suite that is run as a whole; of a longer one the targets are run."""

_MAX_LISTED = 3
_MAX_MESSAGE = 400


class Explainer:
    """Explains the trials of one batch."""

    def __init__(self, suite: Suite, gate: Gate, budget: Budget, known: Targets, context: Context) -> None:
        self._suite = suite
        self._gate = gate
        self._budget = budget
        self._known = known
        self._context = context
        self._runs = 0

    def why(self, trial: Trial) -> str:
        """Why a candidate is denied, or what its tests say; empty if nothing fails or enough was explained."""
        change = change_of(trial.patch, self._context)
        if isinstance(change, Denied):
            return f"{change.reason}; {change.hint}"
        if trial.outcome is TrialOutcome.DENIED:
            denied = self._gate.check(change, self._context)
            return f"{denied.rule}: {denied.reason}; {denied.hint}" if isinstance(denied, Denied) else ""
        if trial.outcome in {TrialOutcome.PLAUSIBLE, TrialOutcome.TIMEOUT} or self._runs == _MAX_RUN:
            return ""
        self._runs += 1
        ids = () if self._known.baseline.duration_s <= _QUICK_S else self._known.left
        request = self._budget.request(self._known.baseline, ids)
        report = self._suite.run_tests(request, self._budget.suite_limit_s, change)
        return cut(report.problem, _MAX_MESSAGE) or "\n".join(self._messages(report))

    def _messages(self, report: SuiteReport) -> Iterator[str]:
        """The messages of tests that should pass, those that passed on the base first."""
        expected = {case.id: case.id in self._known.left for case in report.cases if case.id in self._known.left}
        passed = {case.id for case in self._known.baseline.cases if not case.outcome.failing}
        expected |= {case.id: False for case in report.cases if case.id in passed - {*self._known.unstable}}
        failing = [case for case in report.cases if case.outcome.failing and case.id in expected]
        failing.sort(key=lambda case: expected[case.id])
        for case in failing[:_MAX_LISTED]:
            broken = "" if expected[case.id] else " (it passed before)"
            yield f"{case.id}{broken}: {cut(case.message, _MAX_MESSAGE)}"
        if len(failing) > _MAX_LISTED:
            yield f"and {len(failing) - _MAX_LISTED} more tests fail"
