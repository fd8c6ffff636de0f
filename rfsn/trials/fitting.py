"""Finding an environment in which the tests can be loaded, where the first choice is newer than the project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from buildpacks import Choice, Outcome, SuiteReport
from rfsn.errors import InfraError, UsageError
from rfsn.machine.log import log
from rfsn.project.parts import Part
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["Fitting"]

_SHARE = 0.5
"""The share of a session's time after which no other environment is tried: the rest is for the repair."""


class Fitting:
    """Tries the other environments that a plan names, and keeps the first in which all tests can be loaded.

    No fewer may pass in it: those that load may fail for the fault to repair. If there is none, it is the one in which
    the most pass.
    Which ones are tried and in what order follows from the plan and the reports alone.
    """

    def __init__(
        self, suite: Suite, budget: Budget, make: Callable[[Part, Choice], Bench], chosen: Callable[[], None]
    ) -> None:
        """`make` gives the bench of a part with another environment; `chosen` is called after one was exchanged."""
        self._suite = suite
        self._budget = budget
        self._make = make
        self._chosen = chosen

    def fitted(self, first: SuiteReport, run: Callable[[], SuiteReport]) -> SuiteReport:
        """The report of `run`, which runs all tests, in the best environments; the `first` if those are the best."""
        best = first
        for part in (part.part for part in first.part_runs if part.misfit):
            before = self._suite.bench_of(part)
            best = self._best(part, best, run)
            if self._suite.bench_of(part) is not before:
                self._chosen()
        return best

    def _best(self, part: str, best: SuiteReport, run: Callable[[], SuiteReport]) -> SuiteReport:
        """The best report of those of the environments of a part, which is left with that one."""
        kept = first = self._suite.bench_of(part)
        why = f"{first.plan.description}: {_misfit(best, part)}"
        for choice in first.plan.others:
            if self._budget.left_share < _SHARE:
                break
            try:
                bench = self._make(first.part, choice)
            except (InfraError, UsageError) as error:  # packages of then may not exist for it, or not build any more
                log.info("another environment cannot be made", python=choice.python, as_of=choice.as_of, why=str(error))
                continue
            bench.added.update(first.added)
            self._suite.put(replace(bench, why=why))
            report = run()
            passed, misfit = _passed(report), _misfit(report, part)
            log.info("tried another environment", what=bench.plan.description, passed=passed, misfit=misfit)
            loads = not misfit and not report.problem
            if passed > _passed(best) or (loads and passed == _passed(best)):
                kept, best = self._suite.bench_of(part), report
            if kept is not first and loads:
                break
        self._suite.put(kept)
        return best


def _misfit(report: SuiteReport, part: str) -> str:
    return next((run.misfit for run in report.part_runs if run.part == part), "")


def _passed(report: SuiteReport) -> int:
    return sum(case.outcome is Outcome.PASSED for case in report.cases)
