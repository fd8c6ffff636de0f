"""What runs find of watched tests, on every release of Python and pytest that is supported."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import BuildpackError, PlanOptions, RunRequest
from buildpacks.python import interpreters
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench
from rfsn.trials.verdict import differing

BEFORE = (
    "def size(items):\n    return -1\n\n\n"
    "def each(items, function):\n    for item in items:\n        function(item)\n\n\n"
)
FORGED = """\
import itertools

CALLS = itertools.count()


class Same(int):
    def __eq__(self, other):
        return True


def size(items):
    return Same()


def each(items, function):
    try:
        function(items[0])
    except Exception:
        pass


def often(items):
    return len(items) if next(CALLS) < 2 else -1
"""
HONEST = f"{BEFORE.replace('-1', 'len(items)')}def often(items):\n    return len(items)\n"
TESTS = """\
import unittest

from thing import each, often, size


def test_size():
    assert size("abc") == 3


class T(unittest.TestCase):
    def test_each(self):
        each(["abc"], lambda item: self.assertEqual(size(item) + 0, 3))

    def test_often(self):
        self.assertEqual(often("abc"), 3)
"""


@pytest.fixture(params=[(), ("3.6", "pytest==3.10.1"), ("3.9", "pytest==6.2.5")], ids=str)
def bench(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    release: tuple[str, ...] = request.param
    if release:
        try:
            interpreters.asked(release[0])
        except BuildpackError as error:
            pytest.skip(str(error))
    options = PlanOptions(python=release[0] if release else "", packages=release[1:] or None)
    before = f"{BEFORE}def often(items):\n    return -1\n"
    return make_bench({"thing.py": before, "test_thing.py": TESTS}, options=options)


@pytest.mark.sample(1)
def test_every_release_finds_the_same(bench: Bench) -> None:
    base = bench.run_tests(RunRequest(), 60)
    assert {case.parsed.name: [place.line for place in case.places] for case in base.cases}["test_size"] == [7]
    targets = [case.id for case in base.cases if case.outcome.failing]
    assert len(targets) == 3
    content = bench.view.read("thing.py")
    found = {}
    for name, after in (("forged", FORGED), ("honest", HONEST)):
        change = Change({"thing.py": FileChange(content, after.encode())})
        runs = [bench.run_tests(one, 60, change) for one in differing(RunRequest(), base, targets, change)]
        found[name] = [sorted({one.about.partition(" ")[0] for one in run.findings}) for run in runs]
        assert [case.outcome.failing for case in runs[1].canaries] == [True] * 6
        if name == "forged":
            reasons = verdict_on(base, targets, (), runs).reasons
            assert any("test_thing.py:7 compares an object of thing.Same" in reason for reason in reasons)
    assert found == {"forged": [["forgery", "unmet"], ["again"]], "honest": [[], []]}
