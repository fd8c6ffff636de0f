"""Projects on interpreters of other releases: sessions, the outcomes of cold runs, and warm workers that agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildpacks import BuildpackError, PlanOptions, RunRequest
from buildpacks.python import interpreters
from gate import Edit, EditFile, apply, content_hash
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker
from tests.rfsn import warm

THING = "def least(a, b):\n    return a if a > b else b\n"
TESTS = """\
import os
import unittest

import pytest

from thing import least

class Case(unittest.TestCase):
    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(n, min(n, 1))

    def test_equal(self):
        self.assertEqual(least(3, 3), 3)

class TestWithSetup:
    def setup_method(self, method):
        self.two = 2

    def test_it(self):
        assert self.two == 2

@pytest.fixture
def broken():
    raise ValueError

def test_least():
    assert least(1, 2) == 1
    assert least(4, 3) == 3

@pytest.mark.parametrize("n", [0, 1])
def test_one(n):
    assert n == 1

def test_error(broken):
    pass

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.xfail
def test_expected():
    assert least(1, 2) == 3

def test_hangs():
    while True:
        pass
"""
OUTCOMES = {
    "Case::test_equal": "passed",
    "Case::test_subtests": "failed",
    "TestWithSetup::test_it": "passed",
    "test_error": "error",
    "test_expected": "xfailed",
    "test_hangs": "timeout",
    "test_least": "failed",
    "test_one[0]": "failed",
    "test_one[1]": "passed",
    "test_skipped": "skipped",
}
ENDS = "import os\n\n\ndef test_first():\n    pass\n\n\ndef test_exits():\n    os._exit(0)\n"
BODIES = ("a if a < b else b", "b", "a", "min(a, b)", "1 / 0", "b if a > b else a", "None")
PYTESTS = [("3.6", "3.10.1"), ("3.6", "4.6.11"), ("3.7", "5.4.3"), ("3.9", "6.2.5")]
RELEASES = [
    "3.6",
    pytest.param("3.7", marks=pytest.mark.thorough),
    "3.9",
    pytest.param("3.13", marks=pytest.mark.thorough),
]


def options(release: str, *packages: str) -> PlanOptions:
    try:
        interpreters.asked(release)
    except BuildpackError as error:
        pytest.skip(str(error))
    return PlanOptions(python=release, packages=packages or None)


@pytest.mark.sample(1)
@pytest.mark.parametrize("release", RELEASES)
def test_a_project_is_repaired(release: str, rfsn: Callable[..., Any], project: Callable[..., Path]) -> None:
    options(release)
    tests = TESTS.partition("@pytest.fixture")[0] + "def test_least():\n    assert least(1, 2) == 1\n"
    folder = project({"thing.py": THING, "test_thing.py": tests.replace("min(n, 1)", "n")})
    ran = rfsn("repair", folder, "--python", release, "--json")
    assert ran.json["status"] == "repaired", ran.json["reason"]
    assert ran.json["environment"].startswith(f"Python {release} (")
    assert ran.json["tests"]["fixed"] == ["test_thing.py::test_least"]


@pytest.mark.parametrize(("version", "taken"), [("1.16.0", True), ("0.0.999", False)])
def test_packages_have_the_versions_of_the_lock_file(
    version: str,
    taken: bool,  # noqa: FBT001
    make_bench: Callable[..., Bench],
) -> None:
    """Where they can be had: a mirror may lack one."""
    lock = f'[[package]]\nname = "six"\nversion = "{version}"\nsource = {{ registry = "https://x/simple" }}\n'
    test = (
        "from importlib.metadata import version\n\n\ndef test_version():\n    "
        f"assert (version('six') == {version!r}) == {taken}\n"
    )
    files = {"uv.lock": lock, "requirements.txt": "six\n", "test_thing.py": test}
    bench = make_bench(files, options=PlanOptions(date="2100-01-01"))
    assert "versions of uv.lock" in bench.plan.description
    report = bench.run_tests(RunRequest(), 60)
    assert [str(case.outcome) for case in report.cases] == ["passed"], report.problem


@pytest.mark.parametrize("release", RELEASES)
def test_every_outcome_has_its_name(release: str, make_bench: Callable[..., Bench]) -> None:
    outcomes(make_bench({"thing.py": THING, "test_thing.py": TESTS}, options=options(release)))


@pytest.mark.thorough
@pytest.mark.parametrize(("release", "version"), PYTESTS)
def test_old_releases_of_pytest(release: str, version: str, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"thing.py": THING, "test_thing.py": TESTS}, options=options(release, f"pytest=={version}"))
    outcomes(bench)
    agree(bench)


@pytest.mark.sample(1)
@pytest.mark.parametrize("release", RELEASES)
def test_a_worker_agrees_with_cold_runs(release: str, make_bench: Callable[..., Bench]) -> None:
    agree(make_bench({"thing.py": THING, "test_thing.py": TESTS}, options=options(release)))


@pytest.mark.parametrize("release", RELEASES)
def test_a_test_that_exits_is_noticed(release: str, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"test_ends.py": ENDS}, options=options(release))
    report = bench.run_tests(RunRequest(canaries=True), 60)
    assert not [case for case in report.cases if not case.outcome.failing]  # nothing counts as passed
    assert report.problem


def outcomes(bench: Bench) -> None:
    report = bench.run_tests(RunRequest(case_limit_s=1.0, canaries=True), 60)
    found = {case.id.partition("::")[2].replace("::()", ""): str(case.outcome) for case in report.cases}
    assert found == OUTCOMES
    assert not report.problem
    assert len(report.canaries) == 6
    assert all(case.outcome.failing for case in report.canaries)


def agree(bench: Bench) -> None:
    """A worker finds for each candidate what a cold run finds."""
    source = THING.encode()
    start = source.index(b"a if a > b else b")
    target, others = (
        "test_thing.py::test_least",
        [("test_thing.py::Case::test_equal", 5.0), ("test_thing.py::test_one[1]", 5.0)],
    )
    edits = [Edit(start, len(source) - 1, body.encode()) for body in BODIES]
    with warm.pooled([WarmWorker(bench)]) as pool:
        pool.plan("", TrialPlan([(target, 5.0)], others))
        trials = [TrialRequest(n, {"thing.py": [(e.start, e.end, e.text)]}, (target,)) for n, e in enumerate(edits)]
        found = warm.letters(warm.run(pool, trials))
    cold = []
    for edit in edits:
        change = apply((EditFile("thing.py", content_hash(source), (edit,)),), bench.view.read)
        cold.append(bench.run_tests(RunRequest((target, *(id for id, _ in others))), 60, change))
    assert [letter == "p" for letter in found] == [all(not case.outcome.failing for case in one.cases) for one in cold]
