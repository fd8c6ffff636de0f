"""A cold run: pytest as it is, except that no single test can hang it."""

from __future__ import annotations

from typing import Any, Dict, Generator

import pytest

from .limits import LimitReached, limited


class Watchdog:
    """Fails a test whose setup, call or teardown uses more CPU time than its limit.

    Waiting for hanging tests has a budget of its own: once it is used up, the tests that follow get only a twentieth of
    the limit, so that a suite of hanging tests still ends.
    """

    def __init__(self, options: Dict[str, Any]) -> None:
        self._limit: float = options["case_limit_s"]
        self._budget: float = options["hang_budget_s"]

    def _watch(self) -> Generator[None, Any, None]:
        limit = self._limit if self._budget > 0 else self._limit / 20
        with limited(limit) as reached:
            outcome = yield
        if reached:
            self._budget -= limit
        if outcome.excinfo and issubclass(outcome.excinfo[0], LimitReached):
            outcome.force_exception(pytest.fail.Exception(str(outcome.excinfo[1]), pytrace=False))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, None]:
        yield from self._watch()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, None]:
        yield from self._watch()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, None]:
        yield from self._watch()
