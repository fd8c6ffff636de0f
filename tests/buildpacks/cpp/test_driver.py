"""Cold runs of real projects: what becomes of each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from gate import Change, FileChange
from rfsn.trials.bench import Bench

pytestmark = pytest.mark.thorough

P, F, E, S, T = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.TIMEOUT
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(thing C CXX)
enable_testing()
add_library(thing src/thing.c)
target_include_directories(thing PUBLIC src)
add_executable(run tests/run.cpp)
target_link_libraries(run thing)
foreach(name good wrong crash loops waits leaves quits exits prints fails missing)
    add_test(NAME ${name} COMMAND run ${name})
endforeach()
add_test(NAME skips COMMAND run quits)
add_test(NAME nowhere COMMAND nothing)
add_test(NAME variable COMMAND run variable)
add_test(NAME off COMMAND run good)
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 7)
set_tests_properties(fails PROPERTIES WILL_FAIL ON)
set_tests_properties(prints PROPERTIES PASS_REGULAR_EXPRESSION "a [0-9]+;b")
set_tests_properties(variable PROPERTIES ENVIRONMENT "PLACE=here" WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
set_tests_properties(off PROPERTIES DISABLED ON)
set_tests_properties(missing PROPERTIES REQUIRED_FILES /nowhere/at/all)
"""
SOURCE = """#include <stdlib.h>
#include <unistd.h>
int least(int a, int b) { return a < b ? a : b; }
void leave(void) { exit(0); }
"""
RUN = """#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>
extern "C" int least(int, int);
extern "C" void leave(void);
int main(int, char **arguments) {
    std::string name = arguments[1];
    if (name == "wrong") assert(least(1, 2) == 2);
    if (name == "crash") *(volatile int *)nullptr = 1;
    if (name == "loops") for (volatile int i = 0;; i = i + 1) {}
    if (name == "waits") sleep(1000);
    if (name == "leaves") leave();
    if (name == "quits") return 7;
    if (name == "exits") exit(0);
    if (name == "prints") puts("a 12");
    if (name == "fails") return 1;
    if (name == "variable") {
        std::string place = getenv("PLACE");
        char here[4096];
        assert(place == "here" && std::string(getcwd(here, sizeof here)) == "/repo/tests");
    }
    return name == "prints" ? 3 : 0;
}
"""
PROJECT = {"CMakeLists.txt": CMAKE, "src/thing.c": SOURCE, "tests/run.cpp": RUN}
OUTCOMES = {
    "good": P, "wrong": F, "crash": F, "loops": T, "waits": T, "leaves": E, "quits": F, "exits": P, "prints": P,
    "fails": P, "missing": E, "skips": S, "nowhere": E, "variable": P, "off": S,
}  # fmt: skip
MAKEFILE = """CXXFLAGS = -std=c++17
test: build/first build/second
	./build/first
	./build/second one
build/%: tests/%_test.cc least.h
	mkdir -p build
	$(CXX) $(CXXFLAGS) -I. -o $@ $<
.PHONY: test
"""
LEAST = "inline int least(int a, int b) { return a < b ? a : b; }\n"
ASSERTING = '#include "least.h"\n#include <cassert>\nint main(int count, char **) { assert(least(count, 2) == 1); }\n'
MAKE = {
    "Makefile": MAKEFILE,
    "least.h": LEAST,
    "tests/first_test.cc": ASSERTING,
    "tests/second_test.cc": ASSERTING,
}
FIRST, SECOND = "make test::build/first", "make test::build/second one"


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {case.id: case.outcome for case in report.cases}


def case(report: SuiteReport, id: str) -> CaseResult:
    return next(case for case in report.cases if case.id == id)


def change(path: str, old: str, new: str) -> Change:
    return Change({path: FileChange(old.encode(), new.encode())})


def test_each_test_of_ctest_has_its_outcome(make_cpp: Callable[..., Bench]) -> None:
    bench = make_cpp(PROJECT)
    report = bench.run_tests(RunRequest((), 0.3, 0.3, canaries=True), 120)
    assert outcomes(report) == OUTCOMES
    assert report.exit_code == 1
    assert {canary.outcome for canary in report.canaries} == {F}
    assert case(report, "wrong").message.startswith("run: tests/run.cpp:11: int main(int, char**): Assertion")
    assert case(report, "crash").message.startswith("SIGSEGV")
    assert case(report, "leaves").message == "exit(0) was called before main returned, at src/thing.c:4"
    chosen = bench.run_tests(RunRequest(("good", "wrong")), 60)
    assert outcomes(chosen) == {"good": P, "wrong": F}


def test_code_that_does_not_compile_is_named(make_cpp: Callable[..., Bench]) -> None:
    bench = make_cpp(PROJECT)
    broken = change("src/thing.c", SOURCE, SOURCE.replace("? a", "? c"))
    report = bench.run_tests(RunRequest(("good", "fails")), 60, broken)
    assert report.unbuilt.startswith("src/thing.c:3: ")
    assert "undeclared" in report.unbuilt
    assert outcomes(report) == {"good": E, "fails": E}
    asked = bench.run_tests(RunRequest(("nothing",)), 60)
    assert "there is no test nothing" in asked.problem


def test_programs_of_a_makefile_are_tests(make_cpp: Callable[..., Bench]) -> None:
    bench = make_cpp(MAKE, "make", "-s", "test")
    report = bench.run_tests(RunRequest(canaries=True), 60)
    assert outcomes(report) == {FIRST: P, SECOND: F}
    assert [canary.outcome for canary in report.canaries] == [F, F]
    assert outcomes(bench.run_tests(RunRequest((SECOND,)), 60)) == {SECOND: F}
    broken = change("least.h", LEAST, LEAST.replace("? a", "? c"))
    report = bench.run_tests(RunRequest((FIRST, SECOND)), 60, broken)
    assert outcomes(report) == {FIRST: E, SECOND: E}
    assert report.unbuilt.startswith("least.h:1: ")
    assert "was not declared in this scope" in report.unbuilt


def test_a_script_that_reads_what_a_program_prints_is_one_test(make_cpp: Callable[..., Bench]) -> None:
    script = 'set -e\ncc -o tool tool.c\ntest "$(./tool)" = 2\n'
    tool = '#include <stdio.h>\nint main(void) { puts("2"); return 0; }\n'
    bench = make_cpp({"tool.c": tool, "check.sh": script, "Makefile": "test:\n\tsh check.sh\n"}, "make", "test")
    assert outcomes(bench.run_tests(RunRequest(canaries=True), 60)) == {"make test": P}
    wrong = change("tool.c", tool, tool.replace('"2"', '"3"'))
    assert outcomes(bench.run_tests(RunRequest(), 60, wrong)) == {"make test": F}


def test_a_command_that_compiles_and_runs(make_cpp: Callable[..., Bench]) -> None:
    files = {"least.h": LEAST, "least_test.cpp": ASSERTING}
    bench = make_cpp(files, "sh", "-c", "g++ -o a.out least_test.cpp && ./a.out && ./a.out more")
    assert outcomes(bench.run_tests(RunRequest(), 60)) == {"tests::a.out": P, "tests::a.out more": F}


GTEST = """#include <gtest/gtest.h>
#include "thing.h"
TEST(Thing, Least) { EXPECT_EQ(least(1, 2), 1); }
TEST(Thing, Wrong) { EXPECT_EQ(least(1, 2), 2) << "not so"; }
TEST(Thing, Crash) { *(volatile int *)nullptr = 1; }
TEST(Thing, Leaves) { leave(); }
TEST(Thing, Skips) { GTEST_SKIP(); }
TEST(Thing, DISABLED_Off) {}
class Even : public testing::TestWithParam<int> {};
TEST_P(Even, Is) { EXPECT_EQ(GetParam() % 2, 0); }
INSTANTIATE_TEST_SUITE_P(Some, Even, testing::Values(2, 3));
"""
GTEST_FILES = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(thing C CXX)
find_package(GTest REQUIRED)
include(CTest)
add_library(thing src/thing.c)
target_include_directories(thing PUBLIC src)
add_executable(unit tests/unit.cc)
target_link_libraries(unit thing GTest::gtest_main)
add_test(NAME unit COMMAND unit)
""",
    "src/thing.c": SOURCE,
    "src/thing.h": 'extern "C" int least(int, int);\nextern "C" void leave(void);\n',
    "tests/unit.cc": GTEST,
}
GTEST_OUTCOMES = {
    "unit::Thing.Least": P, "unit::Thing.Wrong": F, "unit::Thing.Crash": E, "unit::Thing.Leaves": E,
    "unit::Thing.Skips": S, "unit::Thing.DISABLED_Off": S, "unit::Some/Even.Is/0": P, "unit::Some/Even.Is/1": F,
}  # fmt: skip


def test_cases_of_googletest(make_cpp: Callable[..., Bench]) -> None:
    if not Path("/usr/include/gtest/gtest.h").exists():
        pytest.skip("no GoogleTest here")
    report = make_cpp(GTEST_FILES).run_tests(RunRequest(canaries=True), 120)
    assert outcomes(report) == GTEST_OUTCOMES
    assert [(canary.id.partition("::")[0], canary.outcome) for canary in report.canaries] == [("unit", F)]
    assert case(report, "unit::Thing.Wrong").message.startswith("tests/unit.cc:4\n")
    assert "exit(0) was called before main returned, at src/thing.c:4" in case(report, "unit::Thing.Leaves").message
