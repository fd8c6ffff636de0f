"""The order in which the tests run under a candidate, and how long each may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from math import ceil, log
from statistics import median

from buildpacks import CaseResult, CaseTrace, Outcome, Spectrum
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.worker import TestLimits

__all__ = ["ordered"]

_LEAST_LIMIT_S = 0.1
_QUICK_S = 0.05
_WALL_FACTOR = 5.0  # the wall-clock time that warm runners allow for each CPU second


def ordered(known: Targets, spectrum: Spectrum, budget: Budget) -> tuple[TestLimits, TestLimits]:
    """The targets that are left and the tests that pass, in the order to run them, with their limits (CPU seconds).

    Tests like a target come before others, as a bad repair most often breaks those; among each, slow ones come last,
    and of those that take about as long, the first are the ones that run what few tests but the targets run: an edit is
    most likely there. The rest keeps the order of the suite: noise must not decide the order.
    """
    traces = {trace.id: trace for trace in spectrum.cases}
    usual = median([trace.cpu_s for trace in spectrum.cases if trace.outcome is Outcome.PASSED] or [0.0])
    passing = {case.id for case in known.baseline.cases if case.outcome is Outcome.PASSED} - {*known.unstable}
    passing |= {*known.all} - {*known.left}

    cases = {case.id: case for case in known.baseline.cases}

    def cost(id: str) -> float:
        trace = traces.get(id)
        return trace.cpu_s if trace else usual

    functions = {cases[id].parsed.function for id in known.left}
    holders = {cases[id].parsed.holder for id in known.left}

    def distance(id: str) -> int:
        """0 for another parametrization of a target, 1 for a neighbour in its class or file, else 2."""
        parsed = cases[id].parsed
        return 0 if parsed.function in functions else 1 if parsed.holder in holders else 2

    shared = _shared(spectrum, known.left)
    places = {case.id: place for place, case in enumerate(known.baseline.cases)}

    def limited(ids: Iterable[str]) -> TestLimits:
        order = sorted(ids, key=lambda id: (distance(id), _slowness(cost(id)), -shared.get(id, 0.0), places[id]))
        return [(id, _limit(traces.get(id), usual, cases.get(id), budget)) for id in order]

    return limited(known.left), limited(passing)


def _shared(spectrum: Spectrum, targets: Iterable[str]) -> Mapping[str, float]:
    """How much of what the targets execute each test executes too: a line counts the less, the more tests run it."""
    wanted = {*targets}
    lines: dict[str, set[int]] = {}
    for trace in spectrum.cases:
        for path in trace.lines if trace.id in wanted else ():
            lines.setdefault(path, set()).update(trace.lines[path])
    common = {
        trace.id: [(path, line) for path, own in trace.lines.items() for line in own & lines.get(path, set())]
        for trace in spectrum.cases
    }
    tests = Counter(chain.from_iterable(common.values()))
    return {id: round(sum(1.0 / tests[line] for line in own), 3) for id, own in common.items()}


def _limit(trace: CaseTrace | None, usual: float, case: CaseResult | None, budget: Budget) -> float:
    """CPU seconds that a test may use under a candidate: ten times what it used on the base, if it ended there.

    A multiple of that bounds its wall-clock time, so a test that waits gets more, enough for ten times its duration. A
    test that ends on the base and not while it is traced has the limit of one that was not traced.
    """
    ended = case is not None and not case.outcome.over_limit
    if trace is None or (ended and trace.outcome is Outcome.TIMEOUT):
        return budget.own_limit_s(case) if case else budget.case_limit_s
    if trace.outcome is Outcome.TIMEOUT:
        return max(_LEAST_LIMIT_S, 10.0 * usual)
    return max(_LEAST_LIMIT_S, 10.0 * trace.cpu_s, 10.0 / _WALL_FACTOR * (case.duration_s if case else 0.0))


def _slowness(cpu_s: float) -> int:
    """0 for a fast test, and 1 more for each factor of four in its duration."""
    return max(0, ceil(log(max(cpu_s, 1e-9) / _QUICK_S, 4)))
