"""What the Go buildpack says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_SOURCE = """package least

func Least(a, b int) int {
	if a > b {
		return a
	}
	return b
}
"""
_TEST = """package least

import "testing"

func TestLeast(t *testing.T) {
	for name, right := range map[string]bool{"first": Least(1, 2) == 1, "second": Least(3, 2) == 2} {
		t.Run(name, func(t *testing.T) {
			if !right {
				t.Error("not the least")
			}
		})
	}
}

func TestSame(t *testing.T) {
	if got := Least(2, 2); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestLater(t *testing.T) {
	t.Skip("not yet")
}
"""


def _with(imports: str, body: str) -> dict[str, str]:
    """The source with more in its function, where it is called with equal numbers as well."""
    head = f"package least\n\nimport (\n{imports}\n)\n" if imports else "package least\n"
    source = _SOURCE.replace("package least\n", head)
    return {"least.go": source.replace("int {\n", f"int {{\n\t{body}\n", 1)}


_PASSED = r'"\x16--- PASS: TestLeast (0.00s)\n\x16--- PASS: TestLeast/first (0.00s)\nPASS\n"'

CONFORMANCE = Conformance(
    files={"go.mod": "module example.com/least\n\ngo 1.21\n", "least.go": _SOURCE, "least_test.go": _TEST},
    cases={
        "TestLeast": Outcome.FAILED,
        "TestLeast/first": Outcome.FAILED,
        "TestLeast/second": Outcome.FAILED,
        "TestSame": Outcome.PASSED,
        "TestLater": Outcome.SKIPPED,
    },
    repair={"least.go": _SOURCE.replace(">", "<")},
    hang=_with("", "for a == b {\n\t}"),
    hanging="TestSame",
    crash=_with('\t"os"', "if a == b {\n\t\tos.Exit(3)\n\t}"),
    broken={"least.go": _SOURCE.replace("return b", "return c")},
    complaint="least.go:7",
    empty={"go.mod": "module example.com/least\n\ngo 1.21\n", "least.go": _SOURCE},
    test_file="least_test.go",
    forgeries={
        "it prints that a test passed": _with('\t"fmt"', f"fmt.Print({_PASSED})"),
        "it exits": _with('\t"os"', "os.Exit(0)"),
        "it exits by a system call": _with('\t"syscall"', "syscall.Exit(0)"),
        "it prints and exits": _with('\t"fmt"\n\t"syscall"', f"fmt.Print({_PASSED})\n\tsyscall.Exit(0)"),
        "it ends the goroutine": _with('\t"runtime"', "runtime.Goexit()"),
        "it replaces standard output": _with('\t"os"', "os.Stdout, _ = os.Open(os.DevNull)"),
        "it kills its parent": _with('\t"os"\n\t"syscall"', "syscall.Kill(os.Getppid(), syscall.SIGKILL)"),
    },
)
