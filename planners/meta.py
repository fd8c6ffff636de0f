"""The meta-planner: a list of strategies, of which the first that has a step to propose takes it."""

from __future__ import annotations

from gate import GiveUp, Phase, Proposal
from planners.api import PlannerContext, Strategy
from planners.search.planner import CandidateSearch
from planners.search.strategy import Search
from planners.state import State
from planners.steps import Reproduce, Verify, proposal
from planners.targets import targets_of

__all__ = ["MetaPlanner"]

_MAX_DENIALS = 3


class MetaPlanner:
    """Ends if no search would help; reproduces, verifies an applied patch, searches; gives up at last."""

    def __init__(self, search: CandidateSearch) -> None:
        self._strategies: tuple[Strategy, ...] = (
            EndEarly(),
            Reproduce(),
            Verify(),
            Search(search),
        )
        self._last = Stuck()

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step."""
        for strategy in self._strategies:
            if (step := strategy.propose(state, context)) is not None:
                return step
        return self._last.propose(state, context)


class EndEarly:
    """Gives up if a repair has nothing to begin with, or the gate denies one step after another."""

    phases = frozenset({Phase.STUCK})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The end, if there is a reason for it."""
        reason = _reason(state, context)
        return _give_up(state, reason) if reason else None


class Stuck:
    """Gives up when no other strategy has anything to propose."""

    phases = frozenset({Phase.STUCK})

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The end, with the number of candidates that were tried."""
        del context
        what = "passes the tests" if state.kept is None else "repairs the rest"
        tried = f"none of {state.tried} candidates {what}" if state.tried else "the search found nothing to try"
        return _give_up(state, tried)


def _reason(state: State, context: PlannerContext) -> str:
    """The reason to end before any search; empty if there is none."""
    baseline = state.baseline
    if state.denials >= _MAX_DENIALS:
        return f"{state.denials} proposals in a row were denied"
    if baseline is None:
        return ""
    if baseline.problem:
        return baseline.problem
    if not baseline.failing_total:
        others = baseline.total - baseline.passed
        return f"no test is known to fail; {baseline.note}" if baseline.note else _all_pass(baseline.passed, others)
    if baseline.wanted_pass:
        others = baseline.failing_total
        fail = "1 other test fails" if others == 1 else f"{others} other tests fail"
        return f"what --target names passes already: {', '.join(context.wanted)}; {fail}"
    if Reproduce().propose(state, context) or targets_of(state, context.reports, context.wanted).left:
        return ""
    return "no test fails every time"


def _all_pass(passed: int, others: int) -> str:
    """The reason if no test fails; the `others` did not pass either."""
    if not others:
        return f"all {passed} tests pass"
    return f"no test fails: {passed} pass, and {others} are skipped or expected to fail"


def _give_up(state: State, reason: str) -> Proposal:
    return proposal(
        state,
        Phase.STUCK,
        GiveUp(reason),
        intent="end without a patch",
        hypothesis="nothing more can be done here",
        expected_effect="the session ends with a reason",
    )
