"""Determines, on the base, which tests can be repeated in one process with the same results as in a fork."""

import time
from types import CodeType
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

import pytest

from .attempt import Limited, Runner
from .child import in_child
from .counters import event_counter
from .direct import DirectCall, arguments_of
from .limits import LimitReached, limited
from .screen import Candidate, LazyState, Screen
from .spent import Spent
from .state import Mark, OtherModules, TooMuchState, TreeState
from .swap import Replacement, lines_of, own_lines_of
from .trace import ExecutedLines

MORE = "there are more tests than can be rehearsed"
"""Why tests are not screened that nobody knows to be unfit."""

Result = Tuple[str, str]
"""An outcome and the name of the exception behind it."""

LEAST_S = 2.0
"""The CPU seconds of a first rehearsal."""

_WORTHWHILE_S = 2.0  # tests with a higher limit are slow, so a fork costs little in comparison
_MOST_TESTS = 1024  # a candidate that breaks none of these is likely to pass: the necessary fork runs the rest
_REPEATED = 20
_HANGS = ("timeout", "")
_LEAST_EVENTS = 100_000
_EVENTS_FACTOR = 100
_MOST_EVENTS = 10_000  # beyond that, the limit on CPU time is reached first


def prepare_screen(
    runner: Runner,
    calls: Mapping[pytest.Item, DirectCall],
    folder: str,
    targets: Sequence[Limited],
    tests: Sequence[Limited],
    code: Sequence[CodeType],
    replacements: Callable[[Candidate], List[Replacement]],
    spent: Spent,
    budget_s: float,
) -> Tuple[Optional[Screen], str]:
    """Rehearse in a fork, and make a screen of the fit tests; also the reason why others, or all, are not fit.

    Tests are rehearsed in their order while CPU seconds of the budget are left. `calls` are the tests that can perhaps
    be called directly: the outcome must be the one that pytest gives. `code` is the code of the tree's functions.
    """
    fit = [test for test in (*targets, *tests[:_MOST_TESTS]) if test[1] <= _WORTHWHILE_S]
    if not any(test in fit for test in targets):
        return None, "the targets take so long that a fork does not matter"
    try:
        state = TreeState(folder, [arguments_of(item) for item, _ in fit])
    except TooMuchState as error:
        return None, str(error)
    others = OtherModules(folder)
    rehearsal = _Rehearsal(runner, calls, folder, frozenset(item for item, _ in targets), code, budget_s)
    answer, _ = in_child(lambda _: rehearsal.run(fit), budget_s + 3 * _WORTHWHILE_S)
    results = {id: (outcome, exception) for id, (outcome, exception) in answer.get("results", {}).items()}
    screened = {test[0].nodeid: test for test in fit if test[0].nodeid in results}
    if not any(item.nodeid in screened for item, _ in targets):
        return None, answer.get("why") or "a test ended the rehearsal"
    others.ignore(answer["lazy"])
    live = [id for id, (outcome, _) in results.items() if outcome != "timeout"]
    canaries = {id: results[id] for id in (*live[:1], *live[-1:])}
    order = [item.nodeid for item, _ in tests if item.nodeid in screened]
    limits = _event_limits(answer["events"], {item.nodeid for item, _ in targets})
    unclean = frozenset(answer["unclean"])
    lazy = LazyState(folder, tuple(answer["settled"]), frozenset(code[place] for place in answer["once"]))
    ran = frozenset(code[place] for place in answer["ran"])
    screen = Screen(
        runner, screened, order, canaries, state, others, code, limits, lazy, unclean, ran, replacements, spent
    )
    return screen, answer["why"]


def _event_limits(counted: Mapping[str, int], targets: Set[str]) -> Dict[str, int]:
    """The most events of each test under a candidate, from the counts of tests that ended on the base.

    What a target needs is unknown: it gets as many as any other test. Tests with too many events have no limit.
    """
    most = max(counted.values(), default=0)
    needed = {id: count for id, count in counted.items() if id not in targets}
    needed.update(dict.fromkeys(targets, most))
    return {id: max(_LEAST_EVENTS, _EVENTS_FACTOR * count) for id, count in needed.items() if count < _MOST_EVENTS}


class _Rehearsal:
    """Runs tests twice and checks the state of this process in between. A target may hang."""

    def __init__(
        self,
        runner: Runner,
        calls: Mapping[pytest.Item, DirectCall],
        folder: str,
        targets: FrozenSet[pytest.Item],
        code: Sequence[CodeType],
        budget_s: float,
    ) -> None:
        self._budget_s = budget_s
        self._runner = runner
        self._calls = calls
        self._folder = folder
        self._targets = targets
        self._code = code
        self._events: Dict[str, int] = {}
        self._settled: List[str] = []
        self._unclean: Set[str] = set()
        self._once_only: Set[Tuple[str, int]] = set()
        self._run_by: List[Set[Tuple[str, int]]] = []

    def run(self, tests: Sequence[Limited]) -> Dict[str, Any]:
        """The `results` of the fit tests, the `lazy` modules of others, and `why` the first unfit test is unfit.

        What `unclean` tests change has to be set back. A lazy module is set up by the first test that needs it.
        `events` are the counts of the tests that ended, `settled` are the tests that changed the tree's state the first
        time only, `once` has the places of the code that behaved differently then, and `ran` of what each target runs.
        """
        self._counter = event_counter(self._code)
        results: Dict[str, Result] = {}
        why = ""
        parameters = [arguments_of(item) for item, _ in tests]
        others = OtherModules(self._folder)
        state = TreeState(self._folder, parameters)
        deadline = time.process_time() + self._budget_s
        for item, limit in tests:
            if time.process_time() > deadline:
                why = why or MORE
                break
            first, problem = self._examined(item, limit, state)
            if not problem or (first == _HANGS and item in self._targets):
                results[item.nodeid] = first
            else:
                why = why or f"{item.nodeid} {problem}"
        lazy = others.changed()
        others = OtherModules(self._folder)
        again = [test for test in tests if results.get(test[0].nodeid, _HANGS) != _HANGS]
        steady = self._repeat(again, results, deadline, state)
        if self._settled and (not steady or state.changed()):  # that was not a set-up: tests depend on their order
            why = why or f"{self._settled[0]} changes what other tests see"
            results = {id: result for id, result in results.items() if id not in self._settled}
            self._settled, self._once_only = [], set()
        unsteady = sorted(others.changed())
        if unsteady:
            return {"results": {}, "why": f"the tests change {unsteady[0]}"}
        once = [place for place, code in enumerate(self._code) if not self._once_only.isdisjoint(lines_of(code))]
        common = set.intersection(*self._run_by) if len(self._run_by) == len(self._targets) else set()
        return {
            "results": results,
            "lazy": sorted(lazy),
            "events": self._events,
            "settled": self._settled,
            "unclean": sorted(self._unclean),
            "once": once,
            "ran": [place for place, code in enumerate(self._code) if not common.isdisjoint(own_lines_of(code))],
            "why": why,
        }

    def _examined(self, item: pytest.Item, limit: float, state: TreeState) -> Tuple[Result, str]:
        """Run a test through pytest, then in the way to be used: its result, and why it is not fit.

        If it changes the state the first time only, this is a set-up; else what it changes is set back each time.
        """
        self._runner.calls = {}
        first, lines = self._watched(item, limit)
        if item in self._targets:
            self._run_by.append(lines)
        self._runner.calls = self._calls
        changed = state.changed()
        if first == _HANGS or not changed:
            second = first if first == _HANGS else self._once(item, limit)
            changed = changed or state.changed()
            problem = self._problem(item, first, second)
            mark = state.accept() if changed else None
        else:
            mark = state.accept()
            again, others = self._watched(item, limit)
            problem = self._problem(item, first, again)
            if others and not problem and not state.changed():
                self._settled.append(item.nodeid)
                self._once_only |= lines ^ others
                return first, ""
        if changed and mark:
            problem = self._set_back(item, limit, first, state, mark)
        return first, problem

    def _set_back(self, item: pytest.Item, limit: float, first: Result, state: TreeState, mark: Mark) -> str:
        """Why a test is not fit even if all that it changes is set back each time."""
        state.revert(mark)
        left = state.restore()
        problem = ""
        if not left and first != _HANGS:
            problem = self._problem(item, first, self._once(item, limit))
            left = state.restore()
        if left or problem:
            state.accept()
            return problem or f"changes {left}"
        self._unclean.add(item.nodeid)
        return ""

    def _repeat(
        self, tests: Sequence[Limited], results: Mapping[str, Result], deadline: float, state: TreeState
    ) -> bool:
        """Run some tests once more, or all if some have settled; whether they have the same results."""
        steady = True
        for item, limit in tests if self._settled else tests[:_REPEATED]:
            if self._settled and time.process_time() > deadline:
                return False
            steady = self._once(item, limit) == results[item.nodeid] and steady
            if item.nodeid in self._unclean:
                state.restore()
        return steady

    def _watched(self, item: pytest.Item, limit: float) -> Tuple[Result, Set[Tuple[str, int]]]:
        """Run a test; also the lines of the tree that it executes, if they can be traced."""
        if not ExecutedLines.usable():
            return self._once(item, limit), set()
        with ExecutedLines(self._folder) as executed:
            result = self._once(item, limit)
        return result, executed.lines

    def _once(self, item: pytest.Item, limit: float) -> Result:
        result = _HANGS
        if self._counter:
            self._counter.begin(_MOST_EVENTS)
        try:
            with limited(limit) as reached:
                result = self._runner.run_unlimited(item)[:2]
        except LimitReached:
            pass
        if self._counter and not reached:
            self._events[item.nodeid] = max(self._counter.end(), self._events.get(item.nodeid, 0))
        return _HANGS if reached else result

    def _problem(self, item: pytest.Item, first: Result, second: Result) -> str:
        if _HANGS in (first, second):
            return "is over its limit"
        if (first[0] == "passed") == (item in self._targets):
            return "does something else in this process than in a cold run"
        return "" if first == second else "does something else the second time"
