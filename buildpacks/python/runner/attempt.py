"""One attempt in a forked child: run some tests through pytest's own protocol and send a line to the parent."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from typing import Any, Callable, Dict, Generator, List, NoReturn, Optional, Sequence, Tuple

import pytest

from .limits import OVER_LIMIT, limited, wall
from .trace import LineTracer, frames_of

Limited = Tuple[pytest.Item, float]
"""A test and the CPU seconds that it may use."""


class Recorder:
    """A plugin that keeps what pytest reports of the test that runs now."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.reset()

    def reset(self) -> None:
        """Forget the test before."""
        self.outcome = "missing"
        self.message = ""
        self.frames: List[Tuple[str, int, str]] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        if report.failed and call.excinfo is not None:
            limit = OVER_LIMIT in str(call.excinfo.value)
            self.outcome = "timeout" if limit else "failed" if report.when == "call" else "error"
            self.message = call.excinfo.exconly()[:2000]
            self.frames = frames_of(call.excinfo.tb, self._root)
        elif self.outcome == "missing" and report.skipped:
            self.outcome = "xfailed" if hasattr(report, "wasxfail") else "skipped"
        elif self.outcome == "missing" and report.when == "call":
            self.outcome = "xpassed" if hasattr(report, "wasxfail") else "passed"


def try_out(
    probes: Sequence[Limited], targets: Sequence[Limited], tests: Sequence[Limited], recorder: Recorder
) -> Dict[str, Any]:
    """Run what a `try` asks for (see `buildpacks/warm.py`); `probes` are some of the targets."""
    done = set()
    passed: List[str] = []
    for item, limit in probes:
        done.add(item)
        if run_one(item, None, limit, recorder):
            passed.append(item.nodeid)
            break
        if recorder.outcome == "timeout":
            break
    if not passed:
        return {"outcome": recorder.outcome, "id": item.nodeid}
    left = [target for target in targets if target[0] not in done]
    order = [*left, *tests]
    for at, (item, limit) in enumerate(order):
        following = order[at + 1][0] if at + 1 < len(order) else None
        good = run_one(item, following, limit, recorder)
        if good and at < len(left):
            passed.append(item.nodeid)
        elif not good and at >= len(left):
            return {"outcome": recorder.outcome, "id": item.nodeid}
    return {"outcome": "passed"} if len(passed) == len(targets) else {"outcome": "passed", "fixed": passed}


def run_one(item: pytest.Item, following: Optional[pytest.Item], limit: float, recorder: Recorder) -> bool:
    """Run one item and say whether it passed."""
    recorder.reset()
    # For what no signal handler interrupts: one huge power, one regular expression that explodes.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(hard, int(time.process_time() + limit) + 2), hard))
    with limited(limit):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return recorder.outcome == "passed"


def trace_one(item: pytest.Item, limit: float, recorder: Recorder, tracer: LineTracer) -> Dict[str, Any]:
    """Run one item under the line tracer."""
    used = time.process_time()
    with tracer:
        run_one(item, None, limit, recorder)
    return {
        "outcome": recorder.outcome,
        "cpu_s": round(time.process_time() - used, 6),
        "message": recorder.message,
        "frames": recorder.frames,
    }


def in_child(work: Callable[[int], Dict[str, Any]], limit: float) -> Tuple[Dict[str, Any], bytes]:
    """Fork; the child answers with `work(out)`. Return the answer, and what the child wrote to `out` before it.

    `limit` is CPU seconds for the child as a whole. A child that dies without an answer gives the outcome `timeout`
    where a limit ended it, else `crashed`.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        answer_and_exit(work, writing, limit)
    os.close(writing)
    return watch(child, reading, limit)


def answer_and_exit(work: Callable[[int], Dict[str, Any]], writing: int, limit: float) -> NoReturn:
    """In the child: do the work under hard limits, send the answer, and leave without any clean-up."""
    os.setpgid(0, 0)
    seconds = int(limit) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        data = b"\n" + json.dumps(work(writing)).encode()
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def watch(child: int, reading: int, limit: float) -> Tuple[Dict[str, Any], bytes]:
    """In the parent: read what the child writes until it closes its pipe or runs out of wall-clock time."""
    deadline = time.monotonic() + wall(limit) + 1.0
    parts = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(reading, 1 << 16) if ready else b""
        late = not ready
        if not part:
            break
        parts.append(part)
    os.close(reading)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    _, status, _ = os.wait4(child, 0)
    written, _, last = b"".join(parts).rpartition(b"\n")
    try:
        answer: Dict[str, Any] = json.loads(last)
    except ValueError:
        limits = (signal.SIGXCPU, signal.SIGPROF, signal.SIGALRM)
        timed_out = late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in limits)
        answer = {"outcome": "timeout" if timed_out else "crashed"}
    return answer, written
