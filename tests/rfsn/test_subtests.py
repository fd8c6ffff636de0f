"""Subtests of unittest: what a test with some is counted as, in a cold run and in a warm worker."""

from __future__ import annotations

from collections.abc import Callable

from buildpacks import RunRequest
from rfsn.trials.bench import Bench
from rfsn.trials.worker import WarmWorker

TESTS = """\
import unittest

class T(unittest.TestCase):
    def test_all_pass(self):
        for n in range(2):
            with self.subTest(n=n):
                pass

    def test_some_are_skipped(self):
        for n in range(3):
            with self.subTest(n=n):
                if n:
                    self.skipTest("not now")

    def test_some_are_skipped_and_one_fails(self):
        for n in range(3):
            with self.subTest(n=n):
                if n:
                    self.skipTest("not now")
                self.fail("zero")

    def test_is_skipped_itself(self):
        for n in range(2):
            with self.subTest(n=n):
                self.skipTest("not now")
        self.skipTest("nor at all")
"""
OUTCOMES = {
    "test_all_pass": "passed",
    "test_some_are_skipped": "passed",
    "test_some_are_skipped_and_one_fails": "failed",
    "test_is_skipped_itself": "skipped",
}


def test_only_failing_subtests_decide(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"test_sub.py": TESTS})
    cold = bench.run_tests(RunRequest(), 60)
    assert {case.parsed.name: str(case.outcome) for case in cold.cases} == OUTCOMES
    worker = WarmWorker(bench)
    try:
        traces = [*worker.trace([(case.id, 5.0) for case in cold.cases])]
    finally:
        worker.close()
    assert {trace.parsed.name: str(trace.outcome) for trace in traces} == OUTCOMES
