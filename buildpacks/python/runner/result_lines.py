"""The results of a cold run: signed lines on a standard output that only this process has."""

import hashlib
import hmac
import json
import os
from typing import Any, Dict, Generator, Optional, Tuple

import pytest
from _pytest.config import ConftestImportFailure
from _pytest.reports import CollectReport  # `pytest` itself has it since 7

from .limits import OVER_LIMIT
from .loading import Frames, folder_of, reason_of
from .sides import TestSide
from .trace import frames_of

_MAX_MESSAGE = 2000
_MOST_PLACES = 8


class Channel:
    """The way out for results (see `buildpacks/result_lines.py`). From now on, what tests print goes to stderr."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.new(key, digestmod=hashlib.sha256)
        self._number = 0
        self._process = os.getpid()
        self._out = os.dup(1)  # not inherited by programs
        os.dup2(2, 1)
        if hasattr(os, "register_at_fork"):  # since 3.7; before, a child has the descriptor, but never writes to it
            os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        os.close(self._out)

    def write(self, result: Dict[str, Any]) -> None:
        """Send one result; a forked child that continues as if it were the runner sends nothing."""
        if os.getpid() != self._process:
            return
        data = json.dumps(result).encode()
        mac = self._mac.copy()
        mac.update(self._number.to_bytes(8, "big") + data)
        self._number += 1
        line = mac.hexdigest().encode() + b" " + data + b"\n"
        while line:
            line = line[os.write(self._out, line) :]


class Reporter:
    """Sends the outcome of each case as pytest reports it.

    A file or a folder of tests that cannot be loaded is a case too, with the reason.
    """

    def __init__(self, channel: Channel, side: TestSide) -> None:
        self._channel = channel
        self._side = side
        self._setup_s = 0.0
        self._tree = os.getcwd()
        self._reason: Optional[Tuple[str, Frames, bool]] = None
        self._places: Frames = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: "pytest.Config") -> Generator[None, Any, None]:
        outcome = yield
        error = outcome.excinfo[1] if outcome.excinfo else None
        if isinstance(error, ConftestImportFailure):
            root = getattr(early_config, "rootpath", None) or vars(early_config)["rootdir"]  # before pytest 6.1
            self._write(folder_of(str(error.path), str(root)), "error", 0.0, *reason_of(error, self._tree))

    def pytest_exception_interact(self, call: "pytest.CallInfo[Any]", report: Any) -> None:
        if isinstance(report, CollectReport) and call.excinfo is not None:
            self._reason = reason_of(call.excinfo.value, self._tree)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        yield
        frames = frames_of(call.excinfo.tb, self._tree) if call.excinfo is not None else []
        places = [(self._side.root + path, (path, line, function)) for path, line, function in frames]
        theirs = [place for file, place in places if self._side.holds(file) or file == str(item.fspath)]
        self._places = theirs[-_MOST_PLACES:]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        if hasattr(report, "context") and not report.failed:
            return  # a subtest that does not fail: the test that it is part of has a report of its own
        outcome = _outcome(report)
        if report.when == "setup":
            self._setup_s = report.duration
        if outcome:
            self._send(report, outcome, report.duration if report.when == "setup" else self._setup_s + report.duration)

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: CollectReport) -> None:
        reason, self._reason = self._reason, None
        if report.failed and reason:
            self._write(report.nodeid or ".", "error", 0.0, *reason)
        elif report.failed:
            self._send(report, "error", 0.0)
        elif report.skipped:
            self._send(report, "skipped", 0.0)

    def _send(self, report: Any, outcome: str, duration: float) -> None:
        message = _message(report) if outcome != "passed" else ""
        if outcome in {"failed", "error"} and OVER_LIMIT in message:
            outcome = "timeout"
        places, self._places = self._places, []
        self._write(report.nodeid, outcome, duration, message, places=places)

    def _write(
        self,
        id: str,
        outcome: str,
        duration: float,
        message: str,
        frames: Optional[Frames] = None,
        misfit: bool = False,  # noqa: FBT001, FBT002  # as `reason_of` returns it
        places: Optional[Frames] = None,
    ) -> None:
        case = {"case": id, "outcome": outcome, "duration_s": round(duration, 6), "message": message[-_MAX_MESSAGE:]}
        further = {"frames": frames, "misfit": misfit, "places": places}
        self._channel.write({**case, **{name: value for name, value in further.items() if value}})


def _outcome(report: "pytest.TestReport") -> str:
    """The outcome of a test that one phase of it decides; empty for a phase that merely succeeded."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    return ("xpassed" if expected else "passed") if report.when == "call" else ""


def _message(report: Any) -> str:
    """The exception; for a file that could not be collected, the end of the traceback, which has the reason."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and getattr(report, "when", "collect") != "collect":
        return str(crash.message)[:_MAX_MESSAGE]
    if isinstance(report.longrepr, tuple):  # where, and why it was skipped
        return str(report.longrepr[-1])[:_MAX_MESSAGE]
    return str(report.longrepr or "")[-_MAX_MESSAGE:]
