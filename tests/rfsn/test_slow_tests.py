"""Slow tests are not failing tests; tests that hang are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildpacks import CaseId, CaseResult, CaseTrace, Outcome, RunRequest, Spectrum, SuiteReport
from gate import BasePaths, Context
from planners.observations import SuiteRan
from planners.state import State
from planners.targets import Targets
from rfsn.sessions.outcome import conclude
from rfsn.trials.bench import Bench
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.order import ordered
from rfsn.trials.patience import forecast_s, settled
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite
from rfsn.trials.verdict import reach_verdict

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]
type MakeBench = Callable[..., Bench]

CPU = """\
import time


def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def spin():
    while True:
        pass
"""
MIXED = """\
import time

from cpu import busy, spin


def test_slow():
    busy(1.5)


def test_less_slow():
    busy(0.8)


def test_hangs():
    spin()


def test_hangs_too():
    spin()


def test_waits_for_ever():
    time.sleep(1000)


def test_quick():
    pass
"""


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    return {case.id.rpartition("::")[2]: case.outcome for case in report.cases}


def names(report: SuiteReport, outcome: Outcome) -> set[str]:
    return {name for name, found in outcomes(report).items() if found is outcome}


class Hurried(Budget):
    """Limits small enough for a test, with enough time on the busiest machine."""

    first_limit_s = 0.5
    left_s = 600.0


@pytest.mark.thorough
def test_a_test_that_ends_with_more_time_is_slow_and_one_that_does_not_hangs(make_bench: MakeBench) -> None:
    bench = make_bench({"cpu.py": CPU, "test_mixed.py": MIXED, "pytest.ini": "[pytest]\n"})
    first = bench.run_tests(RunRequest((), 0.5, 0.5), 120)
    assert names(first, Outcome.PASSED) == {"test_quick"}
    report = settled(Suite([bench]), Hurried(60.0, 100, lambda: 0.0), first)
    assert names(report, Outcome.PASSED) == {"test_slow", "test_less_slow", "test_quick"}
    assert names(report, Outcome.TIMEOUT) == {"test_hangs", "test_hangs_too", "test_waits_for_ever"}
    assert [case.id for case in report.cases] == [case.id for case in first.cases]
    alike = next(case for case in report.cases if case.id.endswith("::test_hangs_too"))
    assert alike.message.endswith(" in cpu.py:spin, where test_mixed.py::test_hangs does not end with more time either")


def test_endless_tests_do_not_count_in_the_time_reserved_for_the_verdict() -> None:
    waits, spins = "rfsn: over the limit of 5 s of waiting", "rfsn: over the limit of 1 s in cpu.py:spin"
    first = (
        CaseResult("slow", Outcome.TIMEOUT, 1.0, "rfsn: over the limit of 1 s"),
        CaseResult("waits", Outcome.TIMEOUT, 5.0, waits),
        CaseResult("spins", Outcome.TIMEOUT, 3.0, spins),
    )
    report = SuiteReport((CaseResult("slow", Outcome.PASSED, 4.0), *first[1:]), 1, 10.0)
    assert forecast_s(SuiteReport(first, 1, 10.0), report) == 10.0 + 3.0 - 3.0


def test_a_test_is_not_failing_if_there_is_no_time_to_find_out(make_bench: MakeBench) -> None:
    bench = make_bench({"cpu.py": CPU, "test_mixed.py": MIXED, "pytest.ini": "[pytest]\n"})

    budget = Budget(60.0, 100, lambda: 59.0)
    first = SuiteReport((CaseResult("test_mixed.py::test_slow", Outcome.TIMEOUT, 1.0, "rfsn: over"),), 1, 1.0)
    report = settled(Suite([bench]), budget, first)
    assert outcomes(report) == {"test_slow": Outcome.SLOW}
    assert not Outcome.SLOW.failing
    assert budget.undecided(1) == ("1 test ran over the limit of 1 s and is not counted as failing: raise --time-limit")


@pytest.mark.thorough
def test_slow_tests_that_pass_leave_nothing_to_repair(rfsn: Rfsn, project: Make) -> None:
    """The first limit is 1 s here, and a quarter of that once a test has exceeded it."""
    slow = MIXED.partition("def test_hangs")[0].replace("1.5", "1.7")
    ran = rfsn("repair", project({"cpu.py": CPU, "test_slow.py": slow}), "--time-limit", "60", "--json")
    assert (ran.code, ran.json["status"]) == (0, "nothing_to_repair"), ran.json
    assert ran.json["reason"] == "all 2 tests pass"


def test_a_test_that_takes_long_to_trace_alone_keeps_its_time() -> None:
    def case(name: str, outcome: Outcome, duration_s: float) -> CaseResult:
        return CaseResult(f"t::{name}", outcome, duration_s, parsed=CaseId("t", (), name))

    cases = (case("bad", Outcome.FAILED, 0.01), case("hangs", Outcome.TIMEOUT, 5.0), case("slow", Outcome.PASSED, 1.5))
    known = Targets(SuiteReport(cases, 1, 7.0), ("t::bad", "t::hangs"), (), ("t::bad", "t::hangs"))
    late = [CaseTrace(f"t::{name}", Outcome.TIMEOUT, 10.0, {}) for name in ("hangs", "slow")]
    spectrum = Spectrum((CaseTrace("t::bad", Outcome.FAILED, 0.01, {}), *late))
    targets, tests = ordered(known, spectrum, Budget(300.0, 100, lambda: 0.0))
    assert dict(targets)["t::hangs"] < 1.0
    assert tests == [("t::slow", 10.0)]


def test_tests_that_nobody_saw_end_are_no_tests_that_pass() -> None:
    suite = SuiteRan("base", 3, 0, 4, (), 50.0, 50.0, note=Budget(60.0, 100, lambda: 59.0).undecided(1))
    assert conclude(State(baseline=suite), None).status == "not_repaired"
    assert conclude(State(baseline=replace(suite, note="")), None).status == "nothing_to_repair"


def test_the_user_learns_what_to_do_if_the_verdict_leaves_no_time_to_search() -> None:
    suite = SuiteRan("base", 1, 1, 2, ("t::bad",), 50.0, 50.0)
    assert Budget(240.0, 100, lambda: 114.0).problem(State(baseline=suite)) == (
        "the time limit of 240 s is reached but for the 126 s reserved for the verdict: "
        "raise --time-limit, or run fewer tests with --test"
    )


def test_a_model_may_take_half_of_the_time_that_is_left() -> None:
    suite = SuiteRan("base", 1, 1, 2, ("t::bad",), 50.0, 50.0)
    state = State(baseline=suite)  # which reserves 126 s for the verdict
    used = iter((0.0, 700.0, 740.0, 800.0))
    budget = Budget(900.0, 100, lambda: next(used))
    assert [budget.ask_deadline_s(state) for _ in range(4)] == [387.0, 60.0, 34.0, 0.0]


SLOW_TRACES = """\
import pathlib
import sys
import time

import pytest

from thing import least


@pytest.mark.parametrize("n", range(8))
def test_least(n):
    if sys.monitoring.get_tool(sys.monitoring.COVERAGE_ID):
        first = pathlib.Path("/tmp/first")
        if not first.exists():
            first.touch()
        if time.time() - first.stat().st_mtime < 7:
            time.sleep(3)
    assert least(n, 9) == n
"""


@pytest.mark.thorough
def test_tracing_leaves_time_to_search(rfsn: Rfsn, project: Make) -> None:
    """Some tests take much longer when they are traced, and there may be many."""
    source = "def least(a, b):\n    return a if a > b else b\n"
    ran = rfsn("repair", project({"thing.py": source, "test_thing.py": SLOW_TRACES}), "--time-limit", "24", "--json")
    assert ran.json["status"] == "repaired", ran.json
    assert len(ran.json["tests"]["failing"]) == 8


def test_a_verdict_without_time_blames_no_test(make_bench: MakeBench) -> None:
    waits = "import time\n\n\ndef test_waits():\n    time.sleep(60)\n\n\ndef test_a():\n    pass\n"
    bench = make_bench({"test_waits.py": waits})
    cases = tuple(CaseResult(f"test_waits.py::{name}", Outcome.PASSED, 60.0) for name in ("test_waits", "test_a"))
    base = SuiteReport(cases, 0, 60.0)
    known, budget = Targets(base, (), (), ()), Budget(300.0, 100, lambda: 299.0)
    context = Context(BasePaths([]), bench.view.read, bool)
    suite = Suite([bench])
    verdict = reach_verdict(suite, budget, Stability(suite, budget), Beyond(suite, budget), known, None, context)
    assert verdict.unfinished
    assert verdict.broken == ()
    assert verdict.reasons[0].startswith("no time to verify the patch: run 1 of 2 did not finish within the 1 s ")


def test_a_test_that_ended_on_the_base_has_a_limit_of_its_own_in_every_later_run(make_bench: MakeBench) -> None:
    """Even after others used up the time for hanging tests: otherwise a correct patch would be rejected."""
    tests = "from cpu import busy, spin\n\n\ndef test_hangs():\n    spin()\n\n\ndef test_slow():\n    busy(0.6)\n"
    bench = make_bench({"cpu.py": CPU, "test_own.py": tests, "pytest.ini": "[pytest]\n"})
    hangs, slow = "test_own.py::test_hangs", "test_own.py::test_slow"
    base = SuiteReport((CaseResult(hangs, Outcome.TIMEOUT, 9.0), CaseResult(slow, Outcome.PASSED, 9.0)), 1, 20.0)
    request = Budget(30.0, 100, lambda: 0.0).request(base)
    assert (request.case_limit_s, dict(request.limits)) == (0.5, {slow: 27.0})
    assert outcomes(bench.run_tests(request, 120)) == {"test_hangs": Outcome.TIMEOUT, "test_slow": Outcome.PASSED}


def test_a_test_that_a_patch_makes_slower_than_its_limit_is_broken(make_bench: MakeBench) -> None:
    bench = make_bench({"cpu.py": CPU, "test_own.py": "from cpu import busy\n\n\ndef test_slow():\n    busy(60)\n"})
    base = SuiteReport((CaseResult("test_own.py::test_slow", Outcome.PASSED, 0.1),), 0, 1.0)
    known, budget = Targets(base, (), (), ()), Hurried(30.0, 100, lambda: 0.0)
    context = Context(BasePaths([]), bench.view.read, bool)
    suite = Suite([bench])
    verdict = reach_verdict(suite, budget, Stability(suite, budget), Beyond(suite, budget), known, None, context)
    assert verdict.result == "rejected"
    assert verdict.broken == ("test_own.py::test_slow",)
