"""Settings of pytest and its plugins that would keep a run from being repeatable, complete or watched."""

from __future__ import annotations

import contextlib
from typing import Any, Generator

import pytest

_OPTIONS = {
    "maxfail": 0,  # every test has an outcome
    "stepwise": False,
    "numprocesses": 0,  # xdist: the limits of a test hold in this process only
    "dist": "no",
    "tx": [],
    "reruns": 0,  # rerunfailures: what fails at first is flaky, and that is to be seen
    "randomly_seed": 0,  # randomly: the same order each time
}


class Tame:
    """Overrides such settings where the plugin that has them is there; the project's other options stay as they are."""

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None, Any, None]:
        # pytest-cov: it traces as the localization does, and fails a run for reasons of its own
        if hasattr(early_config.known_args_namespace, "cov_source"):
            early_config.known_args_namespace.cov_source = []
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, Any, None]:
        for name, value in _OPTIONS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        yield

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Keep the names of tests that no file can hold from ending a run: its cache would raise at the very end."""
        cache = getattr(config, "cache", None)
        if cache is None:
            return
        write = cache.set

        def set_what_can_be_written(key: str, value: object) -> None:
            with contextlib.suppress(UnicodeError):
                write(key, value)

        cache.set = set_what_can_be_written
