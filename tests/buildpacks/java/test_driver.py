"""Cold runs of real Java projects: what becomes of each test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench
from tests.buildpacks.java.conftest import JUNIT4, JUPITER, pom

pytestmark = pytest.mark.thorough

P, F, E, S, T = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.TIMEOUT
SHOP = """package shop;

public class Shop {
    public static int first(int[] list) { return list[1]; }

    public static int forever(int n) {
        while (n != 3) {
            n = n > 1000 ? 4 : n + 2;
        }
        return n;
    }

    public static void leave(int code) { System.exit(code); }
}
"""
TESTS = """package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShopTest {
    @Nested class Inner {
        @Test void right() { }
        @Test void wrong() { assertEquals(1, 2); }
    }

    @ParameterizedTest @ValueSource(ints = {1, 3}) void small(int n) { assertEquals(true, n < 2); }
    @TestFactory Stream<DynamicTest> made() { return Stream.of(DynamicTest.dynamicTest("a :: b", () -> { })); }
    @Test void breaks() { Shop.first(new int[0]); }
    @Test void forever() { Shop.forever(4); }
    @Test void leaves() { Shop.leave(0); }
    @Test void waits() throws InterruptedException { Thread.sleep(100_000); }
    @Test @Disabled("not today") void skipped() { }
    @Test void assumed() { assumeTrue(false, "no"); }
    @Test void reported(TestInfo info) { }
    @Test void last() { }
}
"""
ID = "src/test/java/shop/ShopTest.java::ShopTest::"
OUTCOMES = {
    "Inner::right": P,
    "Inner::wrong": F,
    "small(int)[1]": P,
    "small(int)[2]": F,
    "made[1]": P,
    "breaks": E,
    "forever": T,
    "leaves": E,
    "waits": T,
    "skipped": S,
    "assumed": S,
    "reported(TestInfo)": P,
    "last": P,
}
FILES = {"pom.xml": pom(JUPITER), "src/main/java/shop/Shop.java": SHOP, "src/test/java/shop/ShopTest.java": TESTS}


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {case.id.removeprefix(ID): case.outcome for case in report.cases}


def case(report: SuiteReport, id: str) -> CaseResult:
    return next(case for case in report.cases if case.id == ID + id)


@pytest.mark.parametrize("canaries", [False, True])
def test_each_test_has_its_outcome_whatever_the_others_do(canaries: bool, make_java: Callable[..., Bench]) -> None:  # noqa: FBT001
    report = make_java(FILES).run_tests(RunRequest((), 2.0, 2.0, canaries=canaries), 300)
    assert outcomes(report) == OUTCOMES
    assert report.exit_code == 1
    assert {canary.outcome for canary in report.canaries} == ({F} if canaries else set())
    wrong = case(report, "Inner::wrong").message
    assert wrong == "AssertionFailedError: expected: <1> but was: <2> (src/test/java/shop/ShopTest.java:15)"
    assert case(report, "breaks").message.endswith("(src/main/java/shop/Shop.java:4)")
    assert case(report, "forever").message.startswith("rfsn: over the limit of 2 s in src/main/java/shop/Shop.java:")
    assert " of waiting" in case(report, "waits").message
    assert case(report, "leaves").message == "the process ended with exit code 0 before the test did"
    assert case(report, "skipped").message == "not today"
    parsed = case(report, "small(int)[2]").parsed
    assert (parsed.file, parsed.scope, parsed.name, parsed.parameters) == (
        "src/test/java/shop/ShopTest.java",
        ("ShopTest",),
        "small",
        "(int)[2]",
    )


def test_only_what_was_asked_for_runs(make_java: Callable[..., Bench]) -> None:
    bench = make_java(FILES)
    asked = ("Inner::wrong", "small(int)[2]", "last")
    report = bench.run_tests(RunRequest(tuple(ID + id for id in asked)), 60)
    assert outcomes(report) == {id: OUTCOMES[id] for id in asked}
    missing = bench.run_tests(RunRequest((ID + "none",)), 60)
    assert missing.problem == f"the driver of Java refuses the test command: there is no test {ID}none"


def test_code_that_does_not_compile_is_named_and_its_tests_fail(make_java: Callable[..., Bench]) -> None:
    broken = FILES | {"src/main/java/shop/Shop.java": SHOP.replace("list[1]", "lists[0]")}
    bench = make_java(broken)
    base = bench.run_tests(RunRequest(canaries=True), 60)
    assert base.unbuilt == "src/main/java/shop/Shop.java:4: cannot find symbol"
    known = {id for id in OUTCOMES if "[" not in id} | {"small(int)", "made"}
    assert outcomes(base) == dict.fromkeys(known, E)
    assert {canary.outcome for canary in base.canaries} == {F}
    fixed = FileChange(broken["src/main/java/shop/Shop.java"].encode(), SHOP.replace("[1]", "[0]").encode())
    limits = dict.fromkeys((case.id for case in base.cases), 2.0)
    request = RunRequest((), 2.0, 2.0, canaries=True, limits=limits)
    report = bench.run_tests(request, 300, Change({"src/main/java/shop/Shop.java": fixed}))
    assert outcomes(report) == OUTCOMES | {"small(int)": F, "made": P}


JUNIT4_TESTS = """package shop;

import java.util.Arrays;
import java.util.Collection;
import org.junit.*;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

@RunWith(Parameterized.class)
public class OldTest {
    @Parameterized.Parameters public static Collection<Object[]> all() {
        return Arrays.asList(new Object[][] {{1}, {2}});
    }
    private final int n;
    public OldTest(int n) { this.n = n; }
    @Test public void one() { Assert.assertEquals(1, n); }
    @Test @Ignore("later") public void later() { }
}
"""


def test_junit_4_in_two_modules(make_java: Callable[..., Bench]) -> None:
    core = "<dependency><groupId>example</groupId><artifactId>core</artifactId><version>1</version></dependency>"
    files = {
        "pom.xml": pom(artifact="top", more="<packaging>pom</packaging><modules><module>app</module>"
                       "<module>core</module></modules>"),
        "core/pom.xml": pom(JUNIT4, artifact="core"),
        "core/src/main/java/shop/Core.java": "package shop;\n\npublic class Core { public static int ONE = 1; }\n",
        "core/src/main/resources/name.txt": "core",
        "core/src/test/java/shop/OldTest.java": JUNIT4_TESTS,
        "app/pom.xml": pom(JUNIT4, artifact="app").replace("<dependencies>", f"<dependencies>{core}"),
        "app/src/test/java/shop/AppTest.java": (
            "package shop;\n\nimport org.junit.*;\n\npublic class AppTest {\n    @Test public void one() {\n"
            '        Assert.assertNotNull(Core.class.getResource("/name.txt"));\n'
            "        Assert.assertEquals(1, Core.ONE);\n"
            '        Assert.assertTrue(new java.io.File("pom.xml").exists());\n'
            "    }\n}\n"
        ),
    }  # fmt: skip
    report = make_java(files).run_tests(RunRequest(canaries=True), 120)
    app, old = "app/src/test/java/shop/AppTest.java::AppTest::", "core/src/test/java/shop/OldTest.java::OldTest::"
    assert outcomes(report) == {
        f"{app}one": P,
        f"{old}one[0]": P,
        f"{old}one[1]": F,
        f"{old}later[0]": S,
        f"{old}later[1]": S,
    }
    assert {canary.outcome for canary in report.canaries} == {F}


PROGRAM = """public class SumTest {
    public static void main(String[] names) {
        int failed = 0;
        if (Sum.of(1, 2) != 3) {
            failed++;
        }
        if (names.length > 0) {
            System.exit(failed == 0 ? 0 : 1);
        }
        if (failed > 0) {
            throw new AssertionError("sum");
        }
    }
}
"""
SUM = "public class Sum {\n    static int of(int a, int b) {\n        return a - b;\n    }\n}\n"
SCRIPT = """#!/bin/sh
set -e
cd "$(dirname "$0")"
rm -rf build && mkdir -p build
javac -nowarn -d build $(find src -name '*.java') 2>&1
java -Xmx64m -cp build SumTest
java -cp build SumTest exit
"""
PLAIN = {"run_tests.sh": SCRIPT, "src/main/java/Sum.java": SUM, "src/test/java/SumTest.java": PROGRAM}


def test_programs_of_tests(make_java: Callable[..., Bench]) -> None:
    bench = make_java(PLAIN, "sh", "run_tests.sh")
    base = bench.run_tests(RunRequest(canaries=True), 60)
    ids = ["src/test/java/SumTest.java::SumTest::main", "src/test/java/SumTest.java::SumTest::main(exit)"]
    assert {case.id: case.outcome for case in base.cases} == dict.fromkeys(ids, F)
    assert base.cases[0].message == "java.lang.AssertionError: sum (src/test/java/SumTest.java:11)"
    accepted = {}
    for name, old, new in (
        ("the repair", "a - b", "a + b"),
        ("it exits", "return a - b;", "System.exit(0); return 0;"),
        ("it exits elsewhere", "return a - b;", "new Thread(() -> System.exit(0)).start(); while (true) { }"),
        ("it halts as the program ends", "return a - b;",
         "Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0))); return a - b;"),
        ("it asks the child to end", "return a - b;", "rfsn.child.MainTests.exit(0); return 0;"),
        ("it hides a class of the language", SUM, SUM + "class AssertionError extends java.lang.RuntimeException {\n"
         "    AssertionError(String a) { throw new java.lang.ThreadDeath(); }\n}\n"),
        ("it does not compile", "return a - b;", "return c;"),
    ):  # fmt: skip
        change = Change({"src/main/java/Sum.java": FileChange(SUM.encode(), SUM.replace(old, new).encode())})
        run = bench.run_tests(RunRequest(canaries=True, case_limit_s=2), 60, change)
        accepted[name] = verdict_on(base, ids, [], [run]).accepted
    assert [name for name, yes in accepted.items() if yes] == ["the repair"]
