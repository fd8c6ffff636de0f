"""Exceptions by which code under test could excuse itself: the test that it fails has failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
EXCUSES = {
    "thing.py": """\
import functools

import pytest

alias = pytest.xfail


def direct():
    pytest.xfail("no")


def raised():
    raise pytest.xfail.Exception("no")


def calls(function):
    return function()


class Odd:
    __bool__ = functools.partial(pytest.xfail, "no")

    def __eq__(self, other):
        return self
""",
    "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef cannot():\n    pytest.xfail('not yet')\n",
    "helpers_tests/more.py": "import pytest\n\n\ndef helped():\n    pytest.xfail('not yet')\n",
    "helpers_tests/__init__.py": "",
    "test_thing.py": """\
import unittest

import pytest
from helpers_tests.more import helped
from pytest import xfail
from thing import Odd, alias, calls, direct, raised


def test_bad_call():
    assert direct() == 1


def test_bad_exception():
    assert raised() == 1


def test_bad_alias():
    assert alias("no") == 1


def test_bad_object():
    assert Odd() == 1


class T(unittest.TestCase):
    def test_bad_call_in_a_case(self):
        self.assertEqual(direct(), 1)

    def test_good_call_in_a_case(self):
        pytest.xfail("not yet")

    @unittest.expectedFailure
    def test_good_expectation(self):
        self.assertEqual(1, 2)


def test_good_call():
    xfail("not yet")


def test_good_helper():
    helped()


def test_good_callback():
    calls(lambda: pytest.xfail("not yet"))


def test_good_fixture(cannot):
    pass


@pytest.mark.xfail
def test_good_mark():
    assert 1 == 2


@pytest.mark.xfail(run=False)
def test_good_mark_that_does_not_run():
    pass
""",
}
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
    return PlanOptions(python=release[0] if release else "", packages=release[1:] or None)


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


@pytest.mark.sample(3)
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


@pytest.mark.sample(4)
@pytest.mark.parametrize("command", [(), ("python", "-m", "pytest", "--assert=plain")], ids=len)
def test_what_is_expected_to_fail(
    command: tuple[str, ...], options: PlanOptions, make_bench: Callable[..., Bench]
) -> None:
    found = outcomes(make_bench(EXCUSES, options=replace(options, test=command or None)))
    assert len(found) == 13
    wrong = {name: outcome for name, outcome in found.items() if (outcome == "xfailed") is not ("good" in name)}
    assert not wrong
    assert {outcome for name, outcome in found.items() if "bad" in name} == {"failed"}
