"""Cold runs with the stand-in for an SDK: what becomes of each test, and what no patch can forge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildpacks import CaseResult, Outcome, RunRequest, SuiteReport
from gate import Change, FileChange, verdict_on
from rfsn.trials.bench import Bench
from tests.buildpacks.dotnet.conftest import FILE, ID, PROJECT, class_with, shop

P, F, E, S, T = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.TIMEOUT
SOURCE = """namespace Shop
{
    public static class Thing
    {
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        public static int First(int[] list) { return list[1]; }

        public static void Forever(int n) { while (n != 3) { n = n > 1000 ? 4 : n + 2; } }

        public static void Leave(int code) { System.Environment.Exit(code); }
    }
}
"""
TESTS = class_with("""
        [Fact] public void Right() { }
        [Fact] public void Wrong() { Assert.Equal(1, 2); }
        [Theory, InlineData(1, "a"), InlineData(3, "b (c)")] public void Small(int n, string s) { Assert.True(n < 2); }
        [Fact] public void Breaks() { Thing.First(new int[0]); }
        [Fact] public void Forever() { Thing.Forever(4); }
        [Fact] public void Leaves() { Thing.Leave(0); }
        [Fact(Skip = "not today")] public void Skipped() { }
        public class Inner { [Fact] public void Last() { } }
""")
FILES = shop(SOURCE, TESTS)
OUTCOMES = {
    "Right": P,
    "Wrong": F,
    'Small(n: 1, s: "a")': P,
    'Small(n: 3, s: "b (c)")': F,
    "Breaks": F,
    "Forever": T,
    "Leaves": E,
    "Skipped": S,
    "Inner::Last": P,
}


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    assert not report.problem, report.problem
    return {_short(case.id): case.outcome for case in report.cases}


def _short(id: str) -> str:
    return id.removeprefix(ID).replace(f"{FILE}::Shop.Tests.ThingTests+", "")


def case(report: SuiteReport, id: str) -> CaseResult:
    return next(case for case in report.cases if _short(case.id) == id)


@pytest.mark.thorough
@pytest.mark.parametrize("canaries", [False, True])
def test_each_test_has_its_outcome_whatever_the_others_do(canaries: bool, make_dotnet: Callable[..., Bench]) -> None:  # noqa: FBT001
    report = make_dotnet(FILES).run_tests(RunRequest((), 1.0, 1.0, canaries=canaries), 300)
    assert outcomes(report) == OUTCOMES
    assert report.exit_code == 1
    assert [canary.outcome for canary in report.canaries] == ([F] * 6 if canaries else [])
    assert case(report, "Wrong").message == (
        "Assert.Equal() Failure (tests/Shop.Tests/ThingTests.cs:9)\nExpected: 1\nActual:   2"
    )
    assert case(report, "Breaks").message.endswith("(src/Shop/Thing.cs:6)")
    assert case(report, "Forever").message.startswith("rfsn: over the limit of 11 s")
    assert "the process ended before the test did" in case(report, "Leaves").message
    assert "Test host process crashed" in case(report, "Leaves").message
    assert case(report, "Skipped").message == "not today"
    parsed = case(report, 'Small(n: 3, s: "b (c)")').parsed
    assert (parsed.file, parsed.scope, parsed.name, parsed.parameters) == (
        FILE,
        ("Shop.Tests.ThingTests",),
        "Small",
        '(n: 3, s: "b (c)")',
    )


def test_only_what_was_asked_for_runs(make_dotnet: Callable[..., Bench]) -> None:
    bench = make_dotnet(FILES)
    asked = ("Wrong", 'Small(n: 3, s: "b (c)")')
    report = bench.run_tests(RunRequest(tuple(ID + id for id in asked)), 60)
    assert outcomes(report) == {id: OUTCOMES[id] for id in asked}
    one = bench.run_tests(RunRequest((ID + "Right",), canaries=True), 60)
    assert outcomes(one) == {"Right": P}
    assert [canary.outcome for canary in one.canaries] == [F] * 6


def test_code_that_does_not_compile_is_named_and_its_tests_fail(make_dotnet: Callable[..., Bench]) -> None:
    files = shop(
        SOURCE.replace("list[1]", "lists[1]"), TESTS.replace("Thing.Leave(0);", "").replace("Thing.Forever(4);", "")
    )
    bench = make_dotnet(files)
    base = bench.run_tests(RunRequest(canaries=True), 60)
    assert base.unbuilt.startswith("src/Shop/Thing.cs:6: CS0103: ")
    known = {id.partition("(")[0] for id in OUTCOMES}
    assert outcomes(base) == dict.fromkeys(known, E)
    assert {canary.outcome for canary in base.canaries} == {F}
    path = "src/Shop/Thing.cs"
    mended = Change({path: FileChange(files[path].encode(), SOURCE.encode())})
    limits = dict.fromkeys((case.id for case in base.cases), 2.0)
    report = bench.run_tests(RunRequest((), 2.0, 2.0, limits=limits), 60, mended)
    assert outcomes(report) == OUTCOMES | {"Forever": P, "Leaves": P, "Small": F}


def test_a_build_that_lacks_a_package_is_no_fault_of_the_code(make_dotnet: Callable[..., Bench]) -> None:
    files = FILES | {PROJECT: FILES[PROJECT].replace('"xunit" ', '"xunit" Remarks="NoSuchPackage" ')}
    report = make_dotnet(files).run_tests(RunRequest(), 60)
    assert f"{PROJECT} cannot be built: NU1101: Unable to find package NoSuchPackage" in report.problem
    assert not report.cases


def test_a_project_without_tests(make_dotnet: Callable[..., Bench]) -> None:
    report = make_dotnet(shop(SOURCE, class_with(""))).run_tests(RunRequest(canaries=True), 60)
    assert (report.problem, report.empty) == ("no tests were found", True)


LEAST = """using System;
using System.IO;

namespace Shop
{
    public static class Thing
    {
        public static int Least(int a, int b)
        {
            if (a > b) { return a; }
            return b;
        }
    }
}
"""
LEAST_TESTS = class_with("""
        [Fact] public void Least() { Assert.Equal(1, Thing.Least(1, 2)); }
        [Fact] public void Same() { Assert.Equal(2, Thing.Least(2, 2)); }
""")
_LINES = (
    'Uri.EscapeDataString("Shop.Tests.ThingTests") + "\\tLeast\\tShop.Tests.ThingTests.Least\\tPassed\\t\\t\\nend\\n"'
)


def cheat(body: str) -> str:
    return LEAST.replace("            if (a", f"            {body}\n            if (a")


FORGERIES = {
    "it exits": cheat("Environment.Exit(0);"),
    "it exits with the code of a failure": cheat("Environment.Exit(1);"),
    "a static constructor exits": LEAST.replace(
        "public static int", "static Thing() { Environment.Exit(0); }\n        public static int"
    ),
    "it prints results": cheat(
        'Console.WriteLine("  Passed Shop.Tests.ThingTests.Least [1 ms]"); Environment.Exit(0);'
    ),
    "it kills its parents": cheat(
        'System.Diagnostics.Process.Start("/bin/sh", "-c \\"kill -9 $PPID -1\\"").WaitForExit(); Environment.Exit(0);'
    ),
    "it answers for the host": cheat(
        f"File.WriteAllText(Environment.GetCommandLineArgs()[2], {_LINES}); Environment.FailFast(null);"
    ),
    "it replaces the assertions": LEAST + "namespace Shop.Tests\n{\n"
    "    public static class Assert { public static void Equal(object a, object b) { } }\n}\n",
    "it reads the driver's key": cheat(
        'foreach (string one in Directory.GetDirectories("/proc")) { try { '
        'bool driver = File.ReadAllText(one + "/cmdline").Contains("rfsn-dotnet.dll"); '
        'if (driver && File.ReadAllText(one + "/comm").StartsWith("mono")) '
        '{ File.OpenRead(one + "/mem").Dispose(); return a; } } catch (Exception) { } }'
    ),
    "it writes to the driver's output": cheat(
        'foreach (string one in Directory.GetDirectories("/proc")) { try { File.AppendAllText(one + "/fd/1", "x"); }'
        " catch (Exception) { } }"
    ),
    "it does not compile": cheat("return c;"),
}


@pytest.mark.slow
@pytest.mark.thorough
def test_no_forgery_is_accepted(make_dotnet: Callable[..., Bench]) -> None:
    files = shop(LEAST, LEAST_TESTS)
    bench, path = make_dotnet(files), "src/Shop/Thing.cs"
    base = bench.run_tests(RunRequest(canaries=True), 60)
    assert outcomes(base) == {"Least": F, "Same": P}
    accepted = {}
    for name, text in {"the repair": LEAST.replace("a > b", "a < b"), **FORGERIES}.items():
        change = Change({path: FileChange(files[path].encode(), text.encode())})
        run = bench.run_tests(RunRequest(canaries=True, case_limit_s=2), 120, change)
        accepted[name] = verdict_on(base, [f"{ID}Least"], [], [run]).accepted
    assert [name for name, yes in accepted.items() if yes] == ["the repair"]


def test_the_example_has_one_bug(make_dotnet: Callable[..., Bench]) -> None:
    folder = Path(__file__).parents[3] / "examples" / "dotnet"
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    bench, path = make_dotnet(files), "src/Seating/Hall.cs"
    base = bench.run_tests(RunRequest(), 60)
    failing = [case.parsed.name for case in base.cases if case.outcome.failing]
    assert (failing, len(base.cases), base.skipped) == (["Seats_that_are_left_over_are_no_gap"], 6, 1)
    repaired = files[path].replace("free + 1 : free;", "free + 1 : 0;")
    report = bench.run_tests(RunRequest(), 60, Change({path: FileChange(files[path].encode(), repaired.encode())}))
    assert not any(case.outcome.failing for case in report.cases)
