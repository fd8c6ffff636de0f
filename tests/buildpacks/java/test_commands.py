"""What of a test command and of a script is read, and the parts of ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildpacks import BuildpackError, CaseId, PlanOptions
from buildpacks.java import JavaBuildpack
from buildpacks.java.commands import Programs, Tool, read_command
from buildpacks.java.results import case_id
from buildpacks.view import FolderView
from rfsn.source.snapshot import take_files

View = Callable[[Mapping[str, str]], FolderView]


@pytest.fixture
def view(tmp_path: Path) -> View:
    def make(files: Mapping[str, str]) -> FolderView:
        take_files(files, "a test", tmp_path / "base")
        return FolderView(tmp_path / "base")

    return make


@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("mvn -B -q clean test", Tool("mvn")),
        ("./mvnw verify -Dtest=ATest,B* -pl core,app", Tool("mvn", ("ATest", "B*"), ("core", "app"))),
        ("gradle :core:test --tests a.ATest", Tool("gradle", ("a.ATest",))),
    ],
)
def test_commands_of_build_tools(command: str, tool: Tool, view: View) -> None:
    assert read_command(view({"a": ""}), command.split()) == tool


def test_a_script_of_javac_and_java(view: View) -> None:
    script = """#!/bin/sh
set -e
cd "$(dirname "$0")"
rm -rf build && mkdir -p build
javac -nowarn -Xlint:all --release 17 -d build -cp lib/a.jar $(find src -name '*.java') 2>&1
MODE=1 exec java -Xmx1g -ea -Dkey=value -cp build:lib/a.jar a/Main one "two words"
"""
    programs = read_command(view({"run.sh": script}), ["sh", "./run.sh"])
    assert isinstance(programs, Programs)
    assert programs.compiles == (
        {
            "options": ["-Xlint:all", "--release", "17", "-proc:none"],
            "sources": ["src/**/*.java"],
            "out": "build",
            "classpath": "lib/a.jar",
        },
    )
    assert programs.runs == (
        {
            "jvm": ["-ea", "-Dkey=value"],
            "classpath": "build:lib/a.jar",
            "main": "a.Main",
            "arguments": ["one", "two words"],
        },
    )


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["ant", "test"], "runs mvn test, gradle test, or a script with javac and java, not 'ant test'"),
        (["mvn", "deploy"], "not 'deploy'"),
        (["mvn", "compile"], "the command runs no tests"),
        (["mvn", "-f", "x.xml", "test"], "does not know the option -f"),
        (["sh", "-c", "javac A.java && python a.py"], "cannot tell what python does"),
        (["sh", "-c", "javac A.java | tee log"], "cannot tell what | does"),
        (["sh", "-c", "javac @files && java A"], "does not know the option @files of javac"),
        (["sh", "-c", "echo tests"], "calls no javac and java"),
    ],
)
def test_commands_that_are_not_understood(command: list[str], why: str, view: View) -> None:
    with pytest.raises(BuildpackError) as raised:
        read_command(view({"a": ""}), command)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("files", "confidence", "roots"),
    [
        ({"pom.xml": "", "core/pom.xml": "", "core/src/test/java/ATest.java": ""}, 0.9, ("",)),
        ({"a/pom.xml": "", "b/build.gradle": "", "b/src/test/java/B.java": ""}, 0.9, ("b",)),
        ({"pom.xml": "", "src/main/java/A.java": ""}, 0.6, ("",)),
        ({"run_tests.sh": "", "test/ATest.java": ""}, 0.5, ("",)),
        ({"docs/A.java": ""}, 0.0, ("",)),
    ],
)
def test_detection(files: Mapping[str, str], confidence: float, roots: tuple[str, ...], view: View) -> None:
    found = JavaBuildpack().detect(view(files))
    assert (found.confidence, found.roots) == (confidence, roots)


def test_programs_of_tests_are_found_without_a_command(view: View) -> None:
    main = "public class ATest { public static void main(String[] a) { } }"
    plan = JavaBuildpack().plan(view({"src/ATest.java": f"package b;\n{main}", "src/A.java": ""}), PlanOptions())
    assert plan.test == ("sh", "-c", "javac -d build $(find . -name '*.java') && java -ea -cp build b.ATest")


@pytest.mark.parametrize(
    ("id", "parts"),
    [
        ("a/ATest.java::ATest::one", CaseId("a/ATest.java", ("ATest",), "one")),
        ("ATest.java::ATest::In::one(int[], A)[2]", CaseId("ATest.java", ("ATest", "In"), "one", "(int[], A)[2]")),
        ("ATest.java::ATest::one[0: a::b]", CaseId("ATest.java", ("ATest",), "one", "[0: a::b]")),
        ("core::[build]", CaseId("core", (), "[build]")),
        ("ATest.java", CaseId("ATest.java")),
    ],
)
def test_ids(id: str, parts: CaseId) -> None:
    assert case_id(id) == parts
