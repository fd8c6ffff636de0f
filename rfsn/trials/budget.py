"""What a session may use, and how its time is shared out."""

from __future__ import annotations

import time
from collections.abc import Callable

from buildpacks import Outcome
from planners.state import State

__all__ = ["Budget", "verdict_s"]

_VERDICT_SHARE = 2.5
"""The verdict's reserve, in forecast runs of the suite: two runs, and half of one for the noise."""


def verdict_s(forecast_s: float) -> float:
    """The time that is kept for a verdict, where a run of the suite takes `forecast_s`."""
    return 1.0 + _VERDICT_SHARE * forecast_s


class Budget:
    """The limits of one session. All times are seconds; `clock` says how many the session has worked."""

    def __init__(self, time_limit_s: float, max_steps: int, clock: Callable[[], float]) -> None:
        self._time_limit_s = time_limit_s
        self._max_steps = max_steps
        self._clock = clock

    @property
    def left_s(self) -> float:
        """Wall-clock time until the limit, never less than a second."""
        return max(1.0, self._time_limit_s - self._clock())

    @property
    def suite_limit_s(self) -> float:
        """What one run of the suite may take so that a verdict still fits."""
        return min(self.left_s, self._time_limit_s / (1.0 + _VERDICT_SHARE))

    @property
    def no_room(self) -> str:
        """Why a suite that takes longer than `suite_limit_s` cannot lead to a verdict, and what to do."""
        return (
            f"the verdict takes two more runs, for which the time limit of {self._time_limit_s:g} s has no room: "
            "raise --time-limit, or name fewer tests with --test"
        )

    @property
    def case_limit_s(self) -> float:
        """CPU time after which a single test counts as hanging: a thirtieth of the time limit, 2 to 30 s."""
        return min(30.0, max(2.0, self._time_limit_s / 30.0))

    def trace_limit_s(self, outcome: Outcome | None) -> float:
        """CPU time for tracing one test: a hanging one shows its loop at once."""
        return 0.3 if outcome is Outcome.TIMEOUT else self.case_limit_s

    def reserve_s(self, state: State) -> float:
        """Time that is kept for the verdict."""
        return verdict_s(state.baseline.forecast_s if state.baseline else 0.0)

    def search_spent(self, state: State) -> float:
        """The share of the time for searching that is used up, 0 to 1."""
        return min(1.0, self._clock() / max(1.0, self._time_limit_s - self.reserve_s(state)))

    def search_deadline(self, state: State) -> float:
        """When a search must stop, on the monotonic clock."""
        return time.monotonic() + self._time_limit_s - self._clock() - self.reserve_s(state)

    def problem(self, state: State) -> str | None:
        """Why no further step may begin, or None. The steps of a verdict have their reserve."""
        spent = self._clock()
        if spent >= self._time_limit_s:
            return f"the time limit of {self._time_limit_s:g} s is reached"
        if state.steps >= self._max_steps:
            return f"the limit of {self._max_steps} steps is reached"
        searching = state.applied is None and not state.plausible and not state.partial
        if searching and state.baseline and spent + self.reserve_s(state) >= self._time_limit_s:
            return f"the time limit of {self._time_limit_s:g} s is reached but for the reserve of the verdict"
        return None
