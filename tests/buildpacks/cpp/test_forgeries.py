"""A patch cannot make tests pass by anything but what they test: with the verdict alone, without the gate's rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import Outcome, RunRequest
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

MAKEFILE = "test:\n\t@mkdir -p build\n\t@$(CXX) -o build/tests tests/test_least.cpp\n\t@./build/tests\n"
SOURCE = """#pragma once
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
inline int least(int a, int b) {
    return a > b ? a : b;
}
"""
TEST = """#include "../src/least.h"
#undef NDEBUG
#include <assert.h>
int main() {
    assert(least(1, 2) == 1);
    assert(least(2, 2) == 2);
}
"""
TEST_ID = "make test::build/tests"
BODY = "    return a > b ? a : b;\n"


def inside(code: str) -> str:
    return SOURCE.replace(BODY, f"    {code}\n{BODY}")


def beside(code: str) -> str:
    return f"{SOURCE}{code}\n"


FORGERIES = {
    "it exits": inside("exit(0);"),
    "it prints and exits": inside('puts("1 passed"); exit(0);'),
    "it exits without farewell": inside("_exit(0);"),
    "it exits quickly": inside("std::_Exit(0);"),
    "it exits by a system call": inside("syscall(SYS_exit_group, 0);"),
    "it ends the thread": inside("pthread_exit(nullptr);"),
    "it becomes another program": inside('execl("/bin/true", "true", (char *)nullptr);'),
    "it exits before main": beside("__attribute__((constructor)) static void early() { _exit(0); }"),
    "it exits after main": SOURCE.replace(BODY, "    atexit([] { _exit(0); });\n" + BODY),
    "main is another function": beside("#define main() main() { return 0; } int second()"),
    "canaries are not registered": beside(
        "#define __attribute__(what)\n#define main() main() { return 0; } int second()"
    ),
    "assertions find nothing": beside(
        'extern "C" void __assert_fail(const char *, const char *, unsigned, const char *) noexcept { _exit(0); }'
    ),
    "it outlives the signal": inside("signal(SIGABRT, [](int) { _exit(0); });"),
    "conditions are true": beside("#define if(...) if (true)"),
    "it writes to the driver's output": inside(
        'for (int n = 1; n < 10; n++) { char name[40]; snprintf(name, sizeof name, "/proc/%d/fd/1", n);'
        ' if (FILE *file = fopen(name, "w")) { fputs("x\\n", file); fclose(file); } }'
    ),
    "it replaces the driver": inside(
        'if (FILE *file = fopen("/env/bin/rfsn-cpp", "w")) { fputs("x", file); fclose(file); exit(0); }'
    ),
    "it says that main returned": inside(
        'for (int n = 3; n < 250; n++) if (write(n, "main 0\\n", 7) > 0) continue; _exit(0);'
    ),
}  # fmt: skip


def test_no_forgery_is_accepted(make_cpp: Callable[..., Bench]) -> None:
    bench = make_cpp({"Makefile": MAKEFILE, "src/least.h": SOURCE, "tests/test_least.cpp": TEST}, "make", "test")
    base = bench.run_tests(RunRequest(canaries=True), 60)
    assert {case.id: case.outcome for case in base.cases} == {TEST_ID: Outcome.FAILED}
    assert [canary.outcome for canary in base.canaries] == [Outcome.FAILED]
    accepted, unbuilt = {}, {}
    for name, source in {"the repair": SOURCE.replace("a > b", "a < b"), **FORGERIES}.items():
        change = Change({"src/least.h": FileChange(SOURCE.encode(), source.encode())})
        run = bench.run_tests(RunRequest(canaries=True), 60, change)
        unbuilt[name] = run.unbuilt
        accepted[name] = verdict_on(base, [TEST_ID], [], [run]).accepted
    assert {name for name, why in unbuilt.items() if why} == set()
    assert accepted == {"the repair": True} | dict.fromkeys(FORGERIES, False)
