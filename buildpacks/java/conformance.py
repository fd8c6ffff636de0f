"""What the Java buildpack says of itself, for the conformance kit."""

from __future__ import annotations

from buildpacks.conformance import Conformance
from buildpacks.results import Outcome

__all__ = ["CONFORMANCE"]

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId>
  <artifactId>least</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>org.junit.jupiter</groupId>
      <artifactId>junit-jupiter</artifactId>
      <version>5.10.2</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
</project>
"""
_PATH = "src/main/java/Least.java"
_SOURCE = """public class Least {
    public static int of(int a, int b) {
        if (a > b) {
            return a;
        }
        return b;
    }
}
"""
_TEST = """import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

class LeastTest {
    @Test void first() { assertEquals(1, Least.of(1, 2)); }
    @Test void same() { assertEquals(2, Least.of(2, 2)); }
    @Disabled @Test void later() { }
}
"""
_TEST_PATH = "src/test/java/LeastTest.java"
_ID = f"{_TEST_PATH}::LeastTest::"
_PASSED = f"finished\\t{_ID}first\\tpassed\\t0\\t\\t"
_OUT = "new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out))"


def _with(body: str) -> dict[str, str]:
    """The source with more in its method."""
    return {_PATH: _SOURCE.replace("int b) {\n", f"int b) {{\n        {body}\n")}


CONFORMANCE = Conformance(
    files={"pom.xml": _POM, _PATH: _SOURCE, _TEST_PATH: _TEST},
    cases={f"{_ID}first": Outcome.FAILED, f"{_ID}same": Outcome.PASSED, f"{_ID}later": Outcome.SKIPPED},
    repair={_PATH: _SOURCE.replace("a > b", "a < b")},
    hang=_with("while (a == b) { }"),
    hanging=f"{_ID}same",
    crash=_with("if (a == b) { Runtime.getRuntime().halt(3); }"),
    broken={_PATH: _SOURCE.replace("return a", "return c")},
    complaint="Least.java:4",
    empty={"pom.xml": _POM, _PATH: _SOURCE},
    test_file=_TEST_PATH,
    forgeries={
        "it exits": _with("System.exit(0);"),
        "it halts": _with("Runtime.getRuntime().halt(0);"),
        "it prints and halts": _with(f'{_OUT}.println("{_PASSED}"); Runtime.getRuntime().halt(0);'),
        "a static initializer halts": {
            _PATH: _SOURCE.replace("{\n", "{\n    static { Runtime.getRuntime().halt(0); }\n", 1)
        },
        "it replaces the assertions": {
            "src/main/java/org/junit/jupiter/api/Assertions.java": (
                "package org.junit.jupiter.api;\n\npublic class Assertions {\n"
                "    public static void assertEquals(int a, int b) { }\n}\n"
            )
        },
        "it hides what is thrown": _with(
            "Thread.currentThread().setUncaughtExceptionHandler((t, e) -> Runtime.getRuntime().halt(0));"
            " Thread.currentThread().stop();"
        ),
    },
)
