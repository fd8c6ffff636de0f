"""Runs planned tests one after another, directly or through pytest's own protocol, each under its limit."""

import resource
import time
from typing import Any, Dict, Generator, List, Mapping, Optional, Sequence, Tuple

import pytest

from .direct import MAX_LINES, DirectCall, Ended, outcome_of
from .limits import OVER_LIMIT, LimitReached, limited
from .trace import LineTracer, frames_of, words_of

Limited = Tuple[pytest.Item, float]
"""A test and the CPU seconds that it may use."""

_MOST_CAUSES = 10


class Recorder:
    """A plugin that keeps pytest's report of the current test."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.reset()

    def reset(self) -> None:
        """Forget the previous test."""
        self.outcome = "missing"
        self.message = ""
        self.exception = ""
        self.frames: List[Tuple[str, int, str]] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        if report.failed:
            self.outcome = "failed" if report.when == "call" else "error"
        if report.failed and call.excinfo is not None:  # an unexpected pass has none
            if OVER_LIMIT in str(call.excinfo.value):
                self.outcome = "timeout"
            self.exception = call.excinfo.type.__name__
            lack = lack_behind(call.excinfo.value)
            self.message = (call.excinfo.exconly() if lack is None else words_of(lack))[:2000]
            self.frames = frames_of(call.excinfo.tb if lack is None else lack.__traceback__, self._root)
        elif self.outcome == "missing" and report.skipped:
            self.outcome = "xfailed" if hasattr(report, "wasxfail") else "skipped"
        elif self.outcome in {"missing", "skipped", "xfailed"} and report.passed and report.when == "call":
            # What was skipped before, or failed as expected, was a subtest.
            self.outcome = "xpassed" if hasattr(report, "wasxfail") else "passed"


def lack_behind(error: BaseException) -> Optional[BaseException]:
    """The lack of a name or a module that an exception was raised `from`: its own words and place say what to mend.

    An exception that was merely being handled may be why a fallback ran, which has a fault of its own.
    """
    for _ in range(_MOST_CAUSES):
        if error.__cause__ is None:
            return None
        error = error.__cause__
        if isinstance(error, (NameError, ImportError)):
            return error
    return None


class Runner:
    """Runs items; items in `calls` are called directly, and only if that is known to be correct."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.calls: Mapping[pytest.Item, DirectCall] = {}

    def try_out(
        self, probes: Sequence[Limited], targets: Sequence[Limited], tests: Sequence[Limited]
    ) -> Dict[str, Any]:
        """Run the tests for a `try` (see `buildpacks/warm.py`); `probes` are some of the targets."""
        probe, done = self.first_passing(probes)
        if done is not None:
            return done
        tried = {item for item, _ in probes[: probe + 1]}
        left = [target for target in targets if target[0] not in tried]
        order = [*left, *tests]
        passed = [probes[probe][0].nodeid]
        for at, (item, limit) in enumerate(order):
            ended = self.run(item, limit, self._following(order[at + 1 :]))
            if ended.outcome == "passed" and at < len(left):
                passed.append(item.nodeid)
            elif ended.outcome != "passed" and at >= len(left):
                return failure(item, ended)
        return {"outcome": "passed"} if len(passed) == len(targets) else {"outcome": "passed", "fixed": passed}

    def first_passing(self, probes: Sequence[Limited]) -> Tuple[int, Optional[Dict[str, Any]]]:
        """Run probes until one passes. Return its place and None, or the answer for the last one that was run."""
        for place, (item, limit) in enumerate(probes):
            ended = self.run(item, limit)
            if ended.outcome == "passed":
                return place, None
            if ended.outcome == "timeout":
                break
        return place, failure(item, ended)

    def run(self, item: pytest.Item, limit: float, following: Optional[pytest.Item] = None) -> Ended:
        """Run one item and return how it ended; it shares fixtures with `following`, the next one through pytest."""
        _limit_cpu(limit)
        ended = Ended("missing")
        try:
            with limited(limit) as reached:
                ended = self.run_unlimited(item, following)
        except LimitReached:
            pass
        return Ended("timeout") if reached else ended

    def run_unlimited(self, item: pytest.Item, following: Optional[pytest.Item] = None) -> Ended:
        """Run one item, however long it takes."""
        call = self.calls.get(item)
        if call is None:
            return self.run_protocol(item, following)
        return outcome_of(call, str(item.path if hasattr(item, "path") else item.fspath))  # before pytest 7

    def run_protocol(self, item: pytest.Item, following: Optional[pytest.Item] = None) -> Ended:
        """Like `run_unlimited`, but always through pytest."""
        recorder = self._recorder
        recorder.reset()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        own = item.nodeid.partition("::")[0]
        lines = tuple(line for path, line, _ in recorder.frames if path == own)
        return Ended(recorder.outcome, recorder.exception, lines[:MAX_LINES])

    def trace(self, item: pytest.Item, limit: float, tracer: LineTracer) -> Dict[str, Any]:
        """Run one item under the line tracer."""
        self.calls = {}  # the recorder must see it
        used = time.process_time()
        with tracer:
            ended = self.run(item, limit)
        return {
            "outcome": ended.outcome,
            "cpu_s": round(time.process_time() - used, 6),
            "message": self._recorder.message,
            "frames": self._recorder.frames,
        }

    def _following(self, order: Sequence[Limited]) -> Optional[pytest.Item]:
        return next((item for item, _ in order if item not in self.calls), None)


def failure(item: pytest.Item, ended: Ended) -> Dict[str, Any]:
    """The answer for a candidate under which a test does not pass."""
    return {"outcome": ended.outcome, "id": item.nodeid, "exception": ended.exception, "lines": ended.lines}


def _limit_cpu(limit: float) -> None:
    """For code that no signal handler interrupts, such as a huge power or an exploding regular expression."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(hard, int(time.process_time() + limit) + 2), hard))
