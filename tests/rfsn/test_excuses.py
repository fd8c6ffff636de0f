"""Exceptions by which code under test could excuse itself: the test that it fails has failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import BuildpackError, PlanOptions, RunRequest
from buildpacks.python import interpreters
from gate import verdict_on
from rfsn.trials.bench import Bench
from rfsn.trials.worker import WarmWorker

STOPS = """\
import unittest.case


def stop():
    raise unittest.case._ShouldStop
"""
STOPPED = """\
import unittest

from thing import stop


class T(unittest.TestCase):
    def test_stopped(self):
        self.assertEqual(stop(), 1)

    @unittest.expectedFailure
    def test_expected(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(n, 9)

    def test_a_run_that_ends_at_the_first_failure(self):
        class Inner(unittest.TestCase):
            def runTest(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.fail("at once")

        result = unittest.TestResult()
        result.failfast = True
        Inner().run(result)
        self.assertEqual((len(result.failures), len(result.errors)), (1, 0))
"""
RELEASES = [
    (),
    ("3.6", "pytest==3.10.1"),
    pytest.param(("3.6", "pytest==4.6.11"), marks=pytest.mark.thorough),
    pytest.param(("3.7", "pytest==5.4.3"), marks=pytest.mark.thorough),
    ("3.9", "pytest==6.2.5"),
]


@pytest.fixture(params=RELEASES, ids=str)
def options(request: pytest.FixtureRequest) -> PlanOptions:
    release: tuple[str, ...] = request.param
    if release:
        try:
            interpreters.asked(release[0])
        except BuildpackError as error:
            pytest.skip(str(error))
    return PlanOptions(python=release[0] if release else None, packages=release[1:] or None)


def outcomes(bench: Bench) -> dict[str, str]:
    """The outcome of each test in a cold run; a warm worker takes the same ones for passed."""
    cold = bench.run_tests(RunRequest(canaries=True), 60)
    assert not cold.problem
    assert all(case.outcome.failing for case in cold.canaries)
    found = {case.parsed.name: str(case.outcome) for case in cold.cases}
    worker = WarmWorker(bench)
    try:
        warm = {trace.parsed.name: str(trace.outcome) for trace in worker.trace([(c.id, 5.0) for c in cold.cases])}
    finally:
        worker.close()
    assert {name for name in warm if warm[name] == "passed"} == {name for name in found if found[name] == "passed"}
    return found


def test_what_unittest_swallows(options: PlanOptions, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"thing.py": STOPS, "test_thing.py": STOPPED}, options=options)
    assert outcomes(bench) == {
        "test_stopped": "failed",
        "test_expected": "xfailed",
        "test_a_run_that_ends_at_the_first_failure": "passed",
    }
    report = bench.run_tests(RunRequest(canaries=True), 60)
    target = "test_thing.py::T::test_stopped"
    assert verdict_on(report, [target], [], [report]).unfixed == (target,)
