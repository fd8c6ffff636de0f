"""A patch cannot make tests pass by anything but what they test: with the verdict alone, without the gate's rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from buildpacks import Outcome, RunRequest
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench
from tests.buildpacks.java.conftest import JUPITER, pom

pytestmark = pytest.mark.thorough

PATH = "src/main/java/thing/Least.java"
SOURCE = """package thing;

public class Least {
    public static int of(int a, int b) {
        if (a > b) {
            return a;
        }
        return b;
    }
}
"""
TEST = """package thing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LeastTest {
    @Test void least() { assertEquals(1, Least.of(1, 2)); }
    @Test void same() { assertEquals(2, Least.of(2, 2)); }
}
"""
ID = "src/test/java/thing/LeastTest.java::LeastTest::"
RETURN = "        return b;\n"
LISTENER = """package thing;

import java.util.Optional;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.*;

public class Cheat implements TestExecutionListener {
    @Override public void testPlanExecutionStarted(TestPlan plan) { Runtime.getRuntime().halt(0); }
}
"""
ASSERTIONS = """package org.junit.jupiter.api;

public class Assertions {
    public static void assertEquals(int a, int b) { }
    public static void assertEquals(Object a, Object b) { }
    public static void assertTrue(boolean a) { }
    public static void assertThrows(Class<?> type, org.junit.jupiter.api.function.Executable body) { }
}
"""


def cheat(body: str, more: str = "") -> dict[str, str]:
    return {PATH: SOURCE.replace(RETURN, f"        {body}\n{RETURN}").replace("public class", f"{more}\npublic class")}


FORGERIES = {
    "it exits": cheat("System.exit(0);"),
    "it halts": cheat("Runtime.getRuntime().halt(0);"),
    "a static initializer exits": {
        PATH: SOURCE.replace("{\n    public", "{\n    static { Runtime.getRuntime().halt(0); }\n\n    public", 1)
    },
    "it prints what the child reports": cheat(
        'for (String kind : new String[] {"finished", "end"}) { new java.io.PrintStream(new java.io.FileOutputStream('
        f'java.io.FileDescriptor.out)).println("\\t" + kind + "\\t{ID}least\\tpassed\\t0\\t\\t"); }}'
    ),
    "it prints and halts": cheat(
        "new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out)).println("
        f'"finished\\t{ID}least\\tpassed\\t0\\t\\t"); Runtime.getRuntime().halt(0);'
    ),
    "it assumes": cheat('if (a < b) { throw new org.opentest4j.TestAbortedException("no"); }'),
    "it ends the thread": cheat("Thread.currentThread().stop();"),
    "it replaces the assertions": {"src/main/java/org/junit/jupiter/api/Assertions.java": ASSERTIONS},
    "a listener is registered": {
        "src/main/java/thing/Cheat.java": LISTENER,
        "src/main/resources/META-INF/services/org.junit.platform.launcher.TestExecutionListener": "thing.Cheat\n",
    },
    "it reads the driver's key": cheat(
        "String own = Long.toString(ProcessHandle.current().pid()); "
        'for (java.io.File one : new java.io.File("/proc").listFiles((in, name) -> name.matches("[0-9]+"))) { '
        'for (String name : new String[] {"mem", "environ"}) { '
        'try (var in = new java.io.FileInputStream(one + "/" + name)) { if (!one.getName().equals(own) && '
        'new String(new java.io.FileInputStream(one + "/comm").readAllBytes()).startsWith("java")) { return a; } '
        "} catch (java.io.IOException error) { } } }"
    ),
    "it writes to the driver's output": cheat(
        'for (java.io.File one : new java.io.File("/proc").listFiles()) { try (var out = new java.io.FileOutputStream('
        'one + "/fd/1")) { out.write(10); } catch (java.io.IOException error) { } }'
    ),
    "it replaces the driver's classes": cheat(
        'for (String name : new String[] {"driver.jar", "child/rfsn/child/Child.class"}) { '
        'try { new java.io.FileOutputStream("/env/rfsn/" + name, true).close(); return a; } '
        "catch (java.io.IOException error) { } }"
    ),
}


def test_no_forgery_is_accepted(make_java: Callable[..., Bench]) -> None:
    launcher = "<groupId>org.junit.platform</groupId><artifactId>junit-platform-launcher</artifactId>"
    build = pom(JUPITER, f"{launcher}<version>1.10.2</version>").replace("<scope>test</scope>", "")
    files = {"pom.xml": build, PATH: SOURCE, "src/test/java/thing/LeastTest.java": TEST}
    thing = make_java(files)
    base = thing.run_tests(RunRequest(canaries=True), 60)
    outcomes = {f"{ID}least": Outcome.FAILED, f"{ID}same": Outcome.PASSED}
    assert {case.id: case.outcome for case in base.cases} == outcomes
    accepted = {}
    for name, patched in {"the repair": {PATH: SOURCE.replace(">", "<")}, **FORGERIES}.items():
        change = Change({
            path: FileChange(files[path].encode() if path in files else None, text.encode())
            for path, text in patched.items()
        })  # fmt: skip
        run = thing.run_tests(RunRequest(canaries=True), 120, change)
        assert not run.unbuilt, (name, run.unbuilt)
        accepted[name] = verdict_on(base, [f"{ID}least"], [], [run]).accepted
    assert accepted == {"the repair": True} | dict.fromkeys(FORGERIES, False)
