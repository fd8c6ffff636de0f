"""A patch cannot make tests pass by anything but what they test: with the verdict alone, without the gate's rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import Outcome, RunRequest
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

SOURCE = """package thing

func Least(a, b int) int {
	if a > b {
		return a
	}
	return b
}
"""
TEST = """package thing

import "testing"

func TestLeast(t *testing.T) {
	if got := Least(1, 2); got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestOther(t *testing.T) {
	if got := Least(2, 2); got != 2 {
		t.Errorf("got %d", got)
	}
}
"""
PASSING = r'"\x16=== RUN   TestLeast\n\x16--- PASS: TestLeast (0.00s)\n"'
RETURN = "\treturn b\n"


def cheat(imports: str, body: str, more: str = "") -> str:
    names = "".join(f'\t"{name}"\n' for name in imports.split())
    source = SOURCE.replace("package thing\n", f"package thing\n\nimport (\n{names})\n").replace(RETURN, body + RETURN)
    return f"{source}\n{more}"


FORGERIES = {
    "it prints that a test passed": cheat("fmt", f"\tfmt.Print({PASSING})\n"),
    "it exits": cheat("os", "\tos.Exit(0)\n"),
    "it exits by a system call": cheat("syscall", "\tsyscall.Exit(0)\n"),
    "it prints and exits by a system call": cheat("fmt syscall", f"\tfmt.Print({PASSING})\n\tsyscall.Exit(0)\n"),
    "it prints more and exits with the code of a failure": cheat(
        "fmt syscall", f'\tfmt.Print({PASSING} + "\\x16--- FAIL: TestRfsn (0.00s)\\n")\n\tsyscall.Exit(1)\n'
    ),
    "it looks for the canary in its arguments": cheat(
        "fmt os strings syscall",
        f'\tfmt.Print({PASSING})\n\tparts := strings.Split(strings.Join(os.Args, " "), "|")\n'
        '\tfmt.Printf("\\x16--- FAIL: %s (0.00s)\\n", strings.Trim(parts[len(parts)-1], "^$"))\n\tsyscall.Exit(1)\n',
    ),
    "it ends the goroutine": cheat("runtime", "\truntime.Goexit()\n"),
    "an init function exits": cheat(
        "fmt syscall", "", f"func init() {{\n\tfmt.Print({PASSING})\n\tsyscall.Exit(0)\n}}\n"
    ),
    "it replaces standard output": cheat(
        "os", "\tos.Stdout, _ = os.Open(os.DevNull)\n", ""
    ),
    "it writes to the driver's output": cheat(
        "os", '\tfor _, name := range []string{"/proc/1/fd/1", "/proc/1/fd/4"} {\n'
        '\t\tif file, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {\n'
        '\t\t\tfile.WriteString("x\\n")\n\t\t}\n\t}\n'
    ),
    "it reads the driver's key": cheat(
        "os", '\tif _, err := os.ReadFile("/proc/1/mem"); err == nil {\n\t\treturn 1\n\t}\n'
        '\tif _, err := os.Open("/proc/1/environ"); err == nil {\n\t\treturn 1\n\t}\n'
    ),
    "it replaces the test binary": cheat(
        "os", '\tos.Remove(os.Args[0])\n\tos.WriteFile(os.Args[0], []byte("#!/bin/sh\\nexit 0\\n"), 0o755)\n'
    ),
    "it replaces the driver": cheat("os", '\tos.WriteFile("/env/bin/rfsn-go", []byte("#!/bin/sh\\n"), 0o755)\n'),
}  # fmt: skip


@pytest.fixture
def thing(make_go: Callable[..., Bench]) -> Bench:
    return make_go({"thing.go": SOURCE, "thing_test.go": TEST})


def test_no_forgery_is_accepted(thing: Bench) -> None:
    base = thing.run_tests(RunRequest(canaries=True), 60)
    assert {case.id: case.outcome for case in base.cases} == {"TestLeast": Outcome.FAILED, "TestOther": Outcome.PASSED}
    accepted = {}
    for name, source in {"the repair": SOURCE.replace(">", "<"), **FORGERIES}.items():
        change = Change({"thing.go": FileChange(SOURCE.encode(), source.encode())})
        runs = [thing.run_tests(RunRequest(canaries=canaries), 60, change) for canaries in (False, True)]
        assert not any(run.unbuilt for run in runs), (name, runs[0].unbuilt)
        accepted[name] = verdict_on(base, ["TestLeast"], [], runs).accepted
    assert accepted == {"the repair": True} | dict.fromkeys(FORGERIES, False)


def test_a_test_main_that_hides_failures_shows_by_its_canaries(make_go: Callable[..., Bench]) -> None:
    main = "func TestMain(m *testing.M) {\n\tm.Run()\n\tsyscall.Exit(0)\n}\n"
    test = TEST.replace('import "testing"', 'import (\n\t"syscall"\n\t"testing"\n)') + main
    report = make_go({"thing.go": SOURCE, "thing_test.go": test}).run_tests(RunRequest(canaries=True), 60)
    assert {case.id: case.outcome for case in report.cases} == {"TestLeast": Outcome.FAILED, "TestOther": Outcome.ERROR}
