"""Cold runs of real Go projects: what becomes of each test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from gate import Change, FileChange
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

P, F, E, S, T = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.TIMEOUT
SHOP = {
    "shop/shop.go": """package shop

import "os"

func First(list []int) int { return list[1] }

func Forever(n int) int {
	for n != 3 {
		n += 2
		if n > 1000 {
			n = 4
		}
	}
	return n
}

func Leave(code int) { os.Exit(code) }
""",
    "shop/shop_test.go": """package shop

import (
	"testing"
	"time"
)

func TestGroup(t *testing.T) {
	t.Run("a b", func(t *testing.T) {})
	t.Run("wrong", func(t *testing.T) { t.Errorf("got %d", 1) })
}

func TestPanics(t *testing.T)  { First(nil) }
func TestForever(t *testing.T) { Forever(4) }
func TestWaits(t *testing.T)   { time.Sleep(time.Hour) }
func TestLeaves(t *testing.T)  { Leave(0) }
func TestQuits(t *testing.T)   { Leave(7) }
func TestSkips(t *testing.T)   { t.Skip("not today") }
func TestBeside(t *testing.T)  { t.Parallel() }
func TestLast(t *testing.T)    {}
func Testing(t *testing.T)     {}

func FuzzDouble(f *testing.F) {
	f.Add(2)
	f.Fuzz(func(t *testing.T, n int) {})
}
""",
    "shop/outer_test.go": """package shop_test

import (
	"fmt"
	"testing"

	"example.com/thing/shop"
)

func TestOuter(t *testing.T) {}

func ExampleFirst() {
	fmt.Println(shop.First([]int{1, 2}))
	// Output: 2
}

func ExampleForever() { fmt.Println("without output it is not run") }
""",
    "cmd/tool/main.go": "package main\n\nfunc main() {}\n",
}
OUTCOMES = {
    "shop/TestGroup": F,
    "shop/TestGroup/a_b": P,
    "shop/TestGroup/wrong": F,
    "shop/TestPanics": F,
    "shop/TestForever": T,
    "shop/TestWaits": T,
    "shop/TestLeaves": F,
    "shop/TestQuits": E,
    "shop/TestSkips": S,
    "shop/TestBeside": P,
    "shop/TestLast": P,
    "shop/FuzzDouble": P,
    "shop/FuzzDouble/seed#0": P,
    "shop/TestOuter": P,
    "shop/ExampleFirst": P,
}
REQUEST = RunRequest(case_limit_s=0.5, hang_budget_s=0.5)


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {case.id: case.outcome for case in report.cases}


def case(report: SuiteReport, id: str) -> CaseResult:
    return next(case for case in report.cases if case.id == id)


@pytest.fixture
def shop(make_go: Callable[..., Bench]) -> Bench:
    return make_go(SHOP)


@pytest.mark.parametrize("canaries", [False, True])
def test_each_test_has_its_outcome_whatever_the_others_do(canaries: bool, shop: Bench) -> None:  # noqa: FBT001
    report = shop.run_tests(RunRequest((), 0.5, 0.5, canaries=canaries), 120)
    assert outcomes(report) == OUTCOMES
    assert report.exit_code == 1
    assert [canary.outcome for canary in report.canaries] == [F] * canaries
    assert case(report, "shop/TestGroup/wrong").message == "shop_test.go:10: got 1"
    assert case(report, "shop/TestPanics").message.startswith("panic: runtime error: index out of range [1]")
    assert "(shop/shop.go:5)" in case(report, "shop/TestPanics").message
    assert case(report, "shop/TestForever").message == "rfsn: over the limit of 0.5 s in shop/shop.go:Forever"
    assert " of waiting" in case(report, "shop/TestWaits").message
    assert case(report, "shop/TestQuits").message == "the process ended with exit code 7 before the test did"
    assert case(report, "shop/TestSkips").message == "shop_test.go:18: not today"
    assert case(report, "shop/TestGroup/a_b").parsed.function.name == "TestGroup"


def test_only_what_was_asked_for_is_reported(shop: Bench) -> None:
    asked = ("shop/TestGroup/wrong", "shop/FuzzDouble", "shop/TestLast")
    report = shop.run_tests(RunRequest(asked), 60)
    assert outcomes(report) == {id: OUTCOMES[id] for id in OUTCOMES if id.startswith(asked)}
    missing = shop.run_tests(RunRequest(("shop/TestNone",)), 60)
    assert missing.problem == "go test refuses the test command: there is no test shop/TestNone"


def test_the_options_of_the_command_choose(make_go: Callable[..., Bench]) -> None:
    bench = make_go(SHOP, "go", "test", "-v", "-run", "Group/a|Last", "-skip", "Outer", "./...")
    assert set(outcomes(bench.run_tests(REQUEST, 60))) == {"shop/TestGroup", "shop/TestGroup/a_b", "shop/TestLast"}


def test_code_that_does_not_compile_is_named_and_its_tests_fail(shop: Bench) -> None:
    broken = SHOP["shop/shop.go"].replace("return n", "return m").encode()
    change = Change({
        "shop/shop.go": FileChange(SHOP["shop/shop.go"].encode(), broken),
        "cmd/tool/main.go": FileChange(b"", b"package main\n\nfunc main() { return 1 }\n"),
    })  # fmt: skip
    for canaries in (False, True):
        report = shop.run_tests(RunRequest(canaries=canaries), 60, change)
        assert report.unbuilt == "cmd/tool/main.go:3: too many return values"
        assert set(outcomes(report).values()) == {E}
        assert {id for id in OUTCOMES if "/" not in id.removeprefix("shop/")} | {"cmd/tool/[build]"} == set(
            outcomes(report)
        )
        assert case(report, "shop/TestLast").message.endswith("shop/shop.go:14: undefined: m")
        assert [canary.outcome for canary in report.canaries] == [E] * canaries
    known = RunRequest(limits={"cmd/tool/[build]": 1.0}, case_limit_s=0.5, hang_budget_s=0.5)
    assert outcomes(shop.run_tests(known, 120))["cmd/tool/[build]"] is P


def test_a_tree_without_tests_has_none(make_go: Callable[..., Bench]) -> None:
    report = make_go({"a.go": "package a\n"}).run_tests(REQUEST, 60)
    assert (report.problem, report.empty, report.exit_code) == ("no tests were found", True, 5)


def test_a_module_that_cannot_be_read_is_a_problem(make_go: Callable[..., Bench]) -> None:
    report = make_go({"go.mod": "module a\n\nrequire b\n", "a_test.go": "package a\n"}).run_tests(REQUEST, 60)
    assert "the tests could not run (exit code 3): go: errors parsing go.mod:" in report.problem


def test_a_test_main_that_leaves_skips_its_tests(make_go: Callable[..., Bench]) -> None:
    main = 'import (\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n'
    files = {
        "a/a_test.go": f"package a\n\n{main}\nfunc TestA(t *testing.T) {{}}\n",
        "b/b_test.go": 'package b\n\nimport "testing"\n\nfunc TestB(t *testing.T) {}\n',
    }
    bench = make_go(files)
    for canaries in (False, True):
        report = bench.run_tests(RunRequest(canaries=canaries), 60)
        assert outcomes(report) == {"a/TestA": S, "b/TestB": P}
        assert [canary.outcome for canary in report.canaries] == [F] * canaries


def test_what_a_test_starts_does_not_outlive_it(make_go: Callable[..., Bench]) -> None:
    source = """package a

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestStarts(t *testing.T) {
	command := exec.Command("sh", "-c", "while true; do echo alive >> /tmp/alive; sleep 0.01; done")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestNext(t *testing.T) {
	os.Remove("/tmp/alive")
	exec.Command("sleep", "0.2").Run()
	if _, err := os.Stat("/tmp/alive"); err == nil {
		t.Error("it lives")
	}
}

func TestHelper(t *testing.T) {
	if os.Getenv("HELPER") == "1" {
		os.Exit(3)
	}
	command := exec.Command(os.Args[0], "-test.run=TestHelper")
	command.Env = append(os.Environ(), "HELPER=1")
	if err := command.Run(); err == nil || command.ProcessState.ExitCode() != 3 {
		t.Error(err)
	}
}
"""
    report = make_go({"a_test.go": source}).run_tests(RunRequest(canaries=True), 60)
    assert outcomes(report) == {"TestStarts": P, "TestNext": P, "TestHelper": P}
