"""What the buildpack of C and C++ says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_CMAKE = """cmake_minimum_required(VERSION 3.16)
project(least CXX)
enable_testing()
add_library(least src/least.cpp)
foreach(name first same later)
  add_executable(${name} tests/${name}.cpp)
  target_link_libraries(${name} least)
  add_test(NAME ${name} COMMAND ${name})
endforeach()
set_tests_properties(later PROPERTIES SKIP_RETURN_CODE 77)
"""
_SOURCE = """#include "least.h"

int least(int a, int b) {
    return a > b ? a : b;
}
"""
_TEST = '#include "../src/least.h"\n#undef NDEBUG\n#include <cassert>\n\nint main() {{\n    {}\n}}\n'


def _with(body: str, include: str = "cstdlib") -> dict[str, str]:
    """The source with more in its function."""
    return {"src/least.cpp": f"#include <{include}>\n" + _SOURCE.replace("int b) {\n", f"int b) {{\n    {body}\n")}


CONFORMANCE = Conformance(
    files={
        "CMakeLists.txt": _CMAKE,
        "src/least.h": "#pragma once\nint least(int a, int b);\n",
        "src/least.cpp": _SOURCE,
        "tests/first.cpp": _TEST.format("assert(least(1, 2) == 1);"),
        "tests/same.cpp": _TEST.format("assert(least(2, 2) == 2);"),
        "tests/later.cpp": _TEST.format("return 77;"),
    },
    cases={"first": Outcome.FAILED, "same": Outcome.PASSED, "later": Outcome.SKIPPED},
    repair={"src/least.cpp": _SOURCE.replace("a > b", "a < b")},
    hang=_with("while (a == b) { (void)*(volatile int *)&a; }"),
    hanging="same",
    crash=_with("if (a == b) { abort(); }"),
    broken={"src/least.cpp": _SOURCE.replace("a : b", "a : c")},
    complaint="src/least.cpp:4",
    empty={"CMakeLists.txt": "cmake_minimum_required(VERSION 3.16)\nproject(least CXX)\nenable_testing()\n"},
    test_file="tests/first.cpp",
    forgeries={
        "it exits": _with("exit(0);"),
        "it prints and exits": _with('puts("100% tests passed"); _Exit(0);', "cstdio>\n#include <cstdlib"),
        "it exits without farewell": _with("_exit(0);", "unistd.h"),
        "it exits by a system call": _with("syscall(SYS_exit_group, 0);", "sys/syscall.h>\n#include <unistd.h"),
        "it exits before main": {
            "src/least.cpp": _SOURCE
            + "#include <unistd.h>\n__attribute__((constructor)) static void early() { _exit(0); }\n"
        },
        "it becomes another program": _with('execl("/bin/true", "true", (char *)nullptr);', "unistd.h"),
    },
)
