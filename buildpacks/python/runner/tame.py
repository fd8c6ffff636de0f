"""Overrides settings of pytest and its plugins that would make a run unrepeatable, incomplete or unlimited."""

from __future__ import annotations

import contextlib
from importlib.metadata import distributions
from typing import Any, Dict, Generator

import pytest

_OPTIONS = {
    "maxfail": 0,  # every test has an outcome
    "stepwise": False,
    "numprocesses": 0,  # xdist: the limits of a test apply in this process only
    "dist": "no",
    "tx": [],
    "reruns": 0,  # rerunfailures: a test that fails at first is flaky, which must be visible
    "randomly_seed": 0,  # randomly: the same order every time
}


_OPTIONS_OF = {
    "xdist": {
        "values": ("-n", "--numprocesses", "--dist", "--tx", "--maxprocesses", "--max-worker-restart"),
        "flags": ("-d", "-f", "--looponfail"),
    },
    "pytest_cov": {
        "perhaps": ("--cov",),
        "values": ("--cov-report", "--cov-config", "--cov-fail-under", "--cov-context", "--cov-precision"),
        "flags": ("--cov-append", "--cov-branch", "--cov-reset", "--no-cov", "--no-cov-on-fail"),
    },
    "rerunfailures": {
        "values": ("--reruns", "--reruns-delay", "--only-rerun", "--rerun-except"),
        "flags": ("--fail-on-flaky",),
    },
    "randomly": {"flags": ("--randomly-dont-reset-seed", "--randomly-dont-reorganize"), "values": ("--randomly-seed",)},
    "random_order": {"flags": ("--random-order",), "values": ("--random-order-bucket", "--random-order-seed")},
}
"""The options of each such plugin, by the name of its entry point: flags, and options with a value."""

_TAKES: Dict[str, Dict[str, Any]] = {
    "flags": {"action": "store_true"},
    "values": {"action": "append"},
    "perhaps": {"action": "append", "nargs": "?"},
}


class Tame:
    """Overrides such settings if their plugin is installed; the project's other options stay as they are.

    The options of a missing plugin are accepted and ignored.
    """

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        entry_points = (point for distribution in distributions() for point in distribution.entry_points)
        there = {point.name for point in entry_points if point.group == "pytest11"}
        group = parser.getgroup("rfsn", "set aside")
        for plugin in _OPTIONS_OF.keys() - there:
            for kind, names in _OPTIONS_OF[plugin].items():
                for name in names:
                    # pytest reserves short options for itself, so its public method refuses them
                    group._addoption(name, dest=f"rfsn_ignored_{name.strip('-')}", help="set aside", **_TAKES[kind])  # noqa: SLF001

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None, Any, None]:
        # pytest-cov: it traces like the localization, and fails a run for its own reasons
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
        """Keep a run from failing because of test names that no file can contain: the cache would raise at the end."""
        cache = getattr(config, "cache", None)
        if cache is None:
            return
        write = cache.set

        def set_what_can_be_written(key: str, value: object) -> None:
            with contextlib.suppress(UnicodeError):
                write(key, value)

        cache.set = set_what_can_be_written
