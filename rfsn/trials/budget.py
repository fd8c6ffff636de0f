"""What a session may use, and how its time is divided."""

from __future__ import annotations

import time
from collections.abc import Callable

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from planners.search.strategy import collecting_share
from planners.state import State

__all__ = ["Budget"]

_VERDICT_SHARE, _SIDE_BY_SIDE_SHARE = 2.5, 2.0
"""The verdict's reserve, in forecast runs of the suite: two runs, and half of one for noise.

If the two go on side by side they take less, but each is slower than a run that has the machine for itself.
"""

_SLACK = 3.0
"""How many times its duration on the base a slow test may take."""

_TRACING_SHARE = 0.4
"""The share of the time left for the search that tracing may take."""

_LEAST_ASK_S = 60.0
"""A model that is asked has this time, if there is as much."""

_MORE_TIME = "raise --time-limit, or run fewer tests with --test"


class Budget:
    """The limits of one session. All times are in seconds; `clock` gives those that the session has worked."""

    def __init__(
        self, time_limit_s: float, max_steps: int, clock: Callable[[], float], *, side_by_side: bool = False
    ) -> None:
        """`side_by_side` is whether the two runs of a verdict go on at the same time."""
        self._time_limit_s = time_limit_s
        self._max_steps = max_steps
        self._clock = clock
        self._verdict_share = _SIDE_BY_SIDE_SHARE if side_by_side else _VERDICT_SHARE

    @property
    def left_s(self) -> float:
        """Wall-clock time until the limit, never less than a second."""
        return max(1.0, self._time_limit_s - self._clock())

    @property
    def left_share(self) -> float:
        """The share of the time that is left, between 0 and 1."""
        return self.left_s / self._time_limit_s

    @property
    def suite_limit_s(self) -> float:
        """How long one run of the suite may take so that there is still time for a verdict."""
        return min(self.left_s, self._time_limit_s / (1.0 + self._verdict_share))

    @property
    def no_room(self) -> str:
        """Why a suite that takes longer than `suite_limit_s` cannot lead to a verdict, and what to do."""
        return (
            f"the verdict takes two more runs, for which the time limit of {self._time_limit_s:g} s is too short: "
            f"{_MORE_TIME}"
        )

    @property
    def first_limit_s(self) -> float:
        """CPU time after which a test is set aside in its first run: 0.5 to 15 s, a 60th of the time limit."""
        return min(15.0, max(0.5, self._time_limit_s / 60.0))

    @property
    def patient_limit_s(self) -> float:
        """CPU time after which a test that was set aside counts as hanging: 1 to 60 s, a twelfth of the time limit."""
        return min(60.0, max(1.0, self._time_limit_s / 12.0))

    @property
    def case_limit_s(self) -> float:
        """CPU time for any test that is known to end: 2 to 30 s, a thirtieth of the time limit."""
        return min(30.0, max(2.0, self._time_limit_s / 30.0))

    def own_limit_s(self, case: CaseResult) -> float:
        """CPU time for a test that ended on the base, from how long it took there: a slow one gets more than others."""
        return max(self.case_limit_s, min(self._time_limit_s, _SLACK * case.duration_s))

    def undecided(self, tests: int) -> str:
        """The note about a number of tests for which there was no time to see whether they end."""
        ran = f"{tests} tests ran over the limit of {self.first_limit_s:g} s each and are"
        if tests == 1:
            ran = f"1 test ran over the limit of {self.first_limit_s:g} s and is"
        return f"{ran} not counted as failing: raise --time-limit"

    def unverified(self, run: int, left_s: float) -> str:
        """The reason if that run of the verdict did not finish in the seconds that were left."""
        return (
            f"no time to verify the patch: run {run} of {max(run, 2)} did not finish within the "
            f"{left_s:.0f} s that were left of "
            f"{self._time_limit_s:g} s; raise --time-limit"
        )

    def trace_limit_s(self, case: CaseResult | None) -> float:
        """CPU time for tracing one test: a hanging one shows its loop soon."""
        if case is None:
            return self.case_limit_s
        return 0.3 if case.outcome is Outcome.TIMEOUT else self.own_limit_s(case)

    def request(
        self, base: SuiteReport, ids: tuple[str, ...] = (), *, canaries: bool = False, alone: bool = False
    ) -> RunRequest:
        """The request to run tests that ran on the `base` before, with a limit for each that ended there."""
        ended = (case for case in base.cases if not case.outcome.over_limit)
        limits = {case.id: self.own_limit_s(case) for case in ended}
        unknown = any(case.unloaded for case in base.cases)  # tests that may be slow, as nobody has seen them
        others_s = self.case_limit_s if unknown else self.first_limit_s
        return RunRequest(ids, others_s, others_s, canaries, alone, limits)

    def reserve_s(self, state: State) -> float:
        """The time reserved for the verdict: tests that could not be loaded on the base take theirs under a patch."""
        forecast_s = state.baseline.forecast_s if state.baseline else 0.0
        return self.verdict_s(max(forecast_s, *(trial.cold_s for trial in state.plausible), 0.0))

    def verdict_s(self, forecast_s: float) -> float:
        """The time reserved for a verdict if a run of the suite takes `forecast_s`."""
        return 1.0 + self._verdict_share * forecast_s

    def before_verdict_s(self, state: State) -> float:
        """The time until what is reserved for the verdict begins, never less than none."""
        return max(0.0, self._time_limit_s - self._clock() - self.reserve_s(state))

    def search_spent(self, state: State) -> float:
        """The share of the search time that is used up, from 0 to 1."""
        return min(1.0, self._clock() / max(1.0, self._time_limit_s - self.reserve_s(state)))

    def ask_deadline_s(self, state: State) -> float:
        """How long the calls of one step may take: half of what is left, or a minute, never the verdict's reserve."""
        left_s = self.before_verdict_s(state)
        return min(left_s, max(_LEAST_ASK_S, left_s / 2.0))

    def trace_deadline(self, state: State) -> float:
        """When tracing must stop, on the monotonic clock: what it finds is worth nothing without time to search."""
        return time.monotonic() + _TRACING_SHARE * self.before_verdict_s(state)

    def search_deadline(self, state: State) -> float:
        """When the search must stop, on the monotonic clock, or the search for alternatives to a plausible patch."""
        left_s = self._time_limit_s - self._clock() - self.reserve_s(state)
        if state.plausible:
            spent = self.search_spent(state) - state.plausible_at
            left_s = min(left_s, (collecting_share(state) - spent) * self._time_limit_s)
        return time.monotonic() + left_s

    def problem(self, state: State) -> str | None:
        """Why no further step may begin, or None. The steps of a verdict use its reserve."""
        spent = self._clock()
        if spent >= self._time_limit_s:
            return f"the time limit of {self._time_limit_s:g} s is reached"
        if state.steps >= self._max_steps:
            return f"the limit of {self._max_steps} steps is reached"
        searching = state.applied is None and not state.plausible and not state.partial
        if searching and state.baseline and spent + self.reserve_s(state) >= self._time_limit_s:
            reserve = f"the {self.reserve_s(state):.0f} s reserved for the verdict"
            return f"the time limit of {self._time_limit_s:g} s is reached but for {reserve}: {_MORE_TIME}"
        return None
