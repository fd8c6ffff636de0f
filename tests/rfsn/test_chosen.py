"""Tests that a run is asked for by ids, which a planner may make up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from buildpacks import RunRequest
from rfsn.project.parts import Part
from rfsn.trials.bench import Bench
from rfsn.trials.suite import Suite

TEST = "import warnings\n\n\ndef test_{0}():\n    warnings.warn('old')\n\n\ndef test_other():\n    pass\n"


def ids(bench: Bench, *asked: str) -> list[str]:
    report = bench.run_tests(RunRequest(asked), 60)
    assert bool(report.problem) != bool(report.cases), report.problem
    assert all(case.outcome == "passed" for case in report.cases), report.cases
    return [case.id for case in report.cases]


@pytest.mark.parametrize("option", ["-Werror", "--override-ini=filterwarnings=error", "-k=nothing", "--co", "-x.py::t"])
def test_an_id_is_never_an_option(option: str, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"test_a.py": TEST.format("a")})
    assert ids(bench, option) == []
    assert ids(bench, option, "test_a.py::test_a") == ["test_a.py::test_a"]


def test_a_file_whose_name_begins_like_an_option(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"-x_test.py": TEST.format("x"), "test_a.py": TEST.format("a")})
    assert ids(bench, "-x_test.py::test_x") == ["-x_test.py::test_x"]


def test_an_id_of_no_part_runs_nothing(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"api/test_a.py": TEST.format("a"), "lib/test_b.py": TEST.format("b")})
    parts = [replace(bench, part=Part(root, bench.part.pack)) for root in ("api", "lib")]
    suite = Suite(parts)
    report = suite.run_tests(RunRequest(("nowhere.py::t",)), 60)
    assert (report.cases, report.problem != "") == ((), True)
    found = suite.run_tests(RunRequest(("lib/test_b.py::test_b",)), 60)
    assert [case.id for case in found.cases] == ["lib/test_b.py::test_b"]
    everything = suite.run_tests(RunRequest(), 60)
    assert {(part.part, part.cases) for part in everything.part_runs} == {("api/", 2), ("lib/", 2)}
