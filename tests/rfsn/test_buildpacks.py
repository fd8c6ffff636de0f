"""Test commands of every kind, packs of settings, packs of others, and `rfsn buildpacks`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.toolchains import needs_tools

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "buildpack_plugin"
FILES = {
    "basket.py": "def total(prices):\n    return sum(prices) + 1\n",
    "test_basket.py": "from basket import total\n\n\ndef test_total():\n    assert total([1]) == 1\n",
    "Makefile": "check:\n\tpython -m pytest -q\n",
}
SHELL = {"total.sh": "echo $(($1 - $2))\n", "check": '[ "$(sh total.sh 1 2)" = 3 ]\n'}
Rfsn = Callable[..., Any]
Make = Callable[..., Path]


def diff(path: str, before: str, after: str) -> str:
    return f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{before}+{after}"


REPAIRED = diff("total.sh", "echo $(($1 - $2))\n", "echo $(($1 + $2))\n")
WRONG = diff("total.sh", "echo $(($1 - $2))\n", "echo $(($1 * $2))\n")


def test_a_command_goes_to_the_pack_that_knows_it(project: Make, rfsn: Rfsn) -> None:
    tree = project(FILES | {"go.mod": "module example.com/x\n\ngo 1.21\n", "x_test.go": "package x\n"})
    plan = rfsn("buildpacks", "plan", tree, "--test", "pytest -q", "--json").json
    assert [part["buildpack"] for part in plan["parts"]] == ["python"]


def test_of_any_other_command_the_exit_code_is_known(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    """It runs in the environment of the pack: `make check` starts its pytest."""
    out = tmp_path / "out"
    ran = rfsn("repair", project(FILES), "--test", "make check", "--json", "--out", out)
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert ran.json["tests"]["failing"] == ["the test command"]
    assert ran.json["reason"].startswith("the exit code of the test command is all that is known")
    report = rfsn("buildpacks", "run", project(FILES, "again"), "--test", "make check", "--json")
    assert (report.code, report.json["basis"]) == (1, "exit_code")
    assert "assert 2 == 1" in report.json["cases"][0]["message"]


def test_a_tree_that_nobody_knows_is_judged_by_a_command(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    tree, patch = project(SHELL), tmp_path / "a.diff"
    refused = rfsn("repair", tree, "--json")
    assert (refused.code, "no buildpack recognizes this tree" in refused.json["reason"]) == (2, True)
    for text, status in ((REPAIRED, "repaired"), (WRONG, "not_repaired")):
        patch.write_text(text)
        judged = rfsn("judge", patch, "--repo", tree, "--test", "sh check", "--out", tmp_path / status, "--json").json
        assert judged["status"] == status, judged["reason"]
    evidence = json.loads((tmp_path / "repaired" / "evidence.json").read_text())
    assert evidence["after"]["basis"] == "exit_code"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("no-such-program", "could not run (exit code 127)"),
        ("sh check && true", "the test command has a &&, which only a shell reads"),
    ],
)
def test_a_command_that_says_nothing_of_tests(command: str, reason: str, project: Make, rfsn: Rfsn) -> None:
    ran = rfsn("repair", project(SHELL), "--test", command, "--json")
    assert ran.code in {2, 3}
    assert reason in ran.json["reason"]


def test_what_the_test_command_names_is_protected(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    patch = tmp_path / "a.diff"
    patch.write_text(diff("check", SHELL["check"], "true\n"))
    for command in ("sh check", "sh -c 'sh ./check'"):
        judged = rfsn("judge", patch, "--repo", project(SHELL, command[-3:]), "--test", command, "--json").json
        assert judged["status"] == "denied"


def test_a_pack_of_settings(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    settings = tmp_path / "rfsn.toml"
    settings.write_text(
        '[buildpacks.shell]\nfiles = ["total.sh"]\ntest = ["sh", "check"]\nprotect = ["check"]\nenv = { A = "b" }\n'
        'fetch = [["sh", "-c", "test ! -e total.sh && echo 1 > /env/one"]]\n'
        'build = [["sh", "-c", "test -e total.sh && cp /env/one /project/two"]]\n'
    )
    check = 'test "$A" = b && test "$(cat /project/two)" = 1 && [ "$(sh total.sh 1 2)" = 3 ]\n'
    tree = project(SHELL | {"check": check})
    assert rfsn("buildpacks", "detect", tree, "--config", settings).out == ".: shell (0.95): total.sh\n"
    patch = tmp_path / "a.diff"
    patch.write_text(REPAIRED)
    judged = rfsn("judge", patch, "--repo", tree, "--config", settings, "--json").json
    assert judged["status"] == "repaired", judged["reason"]
    patch.write_text(diff("check", check, "true\n"))
    assert rfsn("gate", "check", patch, "--repo", tree, "--config", settings).code == 1
    settings.write_text('[buildpacks.shell]\nfiles = ["total.sh"]\n')
    assert "a new one needs at least files and test" in rfsn("repair", tree, "--config", settings).err


RUN = {
    "cpp": (("g++", "cmake"), {"passed": 1, "failed": 1, "tests": 2}),
    "go": (("go",), {"passed": 4, "failed": 3, "tests": 7}),
    "java": (("javac", "mvn"), {"passed": 3, "failed": 3, "tests": 6}),
    "rust": (("cargo",), {"passed": 6, "failed": 1, "tests": 7}),
}
"""The languages whose conformance takes too long for each run of CI."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.thorough) for name in ("cpp", "go", "java")] + ["rust"]
)
def test_the_example_of_a_language_runs(name: str, rfsn: Rfsn) -> None:
    tools, totals = RUN[name]
    needs_tools(*tools)
    ran = rfsn("buildpacks", "run", ROOT / "examples" / name, "--json")
    assert (ran.code, ran.json["totals"]) == (1, totals)


def test_settings_of_a_pack_that_is_installed(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    settings = tmp_path / "rfsn.toml"
    settings.write_text('[buildpacks.python]\ntest = ["make", "check"]\npackages = ["pytest"]\n')
    tree = project(FILES)
    plan = rfsn("buildpacks", "plan", tree, "--config", settings, "--json").json["parts"][0]
    assert (plan["test"], plan["requirements"]) == (["make", "check"], ["pytest"])
    assert rfsn("buildpacks", "run", tree, "--config", settings, "--json").json["basis"] == "exit_code"
    named = rfsn("buildpacks", "run", tree, "--config", settings, "--test", "pytest -q", "--json").json
    assert [case["id"] for case in named["cases"]] == ["test_basket.py::test_total"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('build = [["false"]]', "the project cannot be built:\nexit code 1, and no output"),
        ("build = [[]]", "buildpacks.shell.build.0: [] is invalid"),
        ('packages = ["one"]', "packages: nothing is known of how they are installed here"),
        ('fetch = [["sh", "-c", "exit 3"]]', "exit code 3"),
    ],
)
def test_settings_that_cannot_be_kept_are_named(
    settings: str, why: str, project: Make, rfsn: Rfsn, tmp_path: Path
) -> None:
    config = tmp_path / "rfsn.toml"
    config.write_text(f'[buildpacks.shell]\nfiles = ["total.sh"]\ntest = ["sh", "check"]\n{settings}\n')
    ran = rfsn("buildpacks", "run", project(SHELL), "--config", config, "--json")
    assert ran.code in {2, 3}
    assert why in json.dumps(ran.json).replace("\\n", "\n")


def test_what_a_run_and_a_plan_show(project: Make, rfsn: Rfsn) -> None:
    tree = project(SHELL | {"loud": r"printf 'a \377 b'; exit 1" + "\n"})
    ran = rfsn("buildpacks", "run", tree, "--test", "sh loud", "--json").json
    assert (ran["totals"], ran["cases"][0]["message"]) == ({"failed": 1, "tests": 1}, r"a \xff b")
    aimed = rfsn("buildpacks", "run", tree, "--test", "sh check", "--target", "one", "--json")
    assert (aimed.code, aimed.json["totals"]) == (3, {"tests": 0})
    assert aimed.json["problem"].startswith("there is no test one: the exit code of the whole command is all")
    long = "x" * 2000
    shown = rfsn("buildpacks", "plan", tree, "--test", f"sh check {long}")
    assert "characters: see --json)" in shown.out
    assert long not in shown.out
    assert rfsn("buildpacks", "plan", tree, "--test", f"sh check {long}", "--json").json["parts"][0]["test"][2] == long


REFUSED_SETTINGS = {
    '[buildpacks.node]\nfetch = [["npm", "install"]]\n': (
        "buildpacks.node.fetch: an installed buildpack fetches for itself; only a new one may"
    ),
    '[buildpacks.node]\nenv = { "A=B" = "c" }\n': "'A=B' is not the name of a variable",
    '[buildpacks.node]\nenv = { "" = "c" }\n': "'' is not the name of a variable",
    '[buildpacks.nodejs]\ntest = ["x"]\n': "the unknown buildpack nodejs",
}


@pytest.mark.parametrize("text", REFUSED_SETTINGS)
def test_settings_that_no_pack_can_have_are_refused(text: str, project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    settings = tmp_path / "rfsn.toml"
    settings.write_text(text)
    ran = rfsn("buildpacks", "plan", project(FILES), "--config", settings)
    assert ran.code == 2
    assert REFUSED_SETTINGS[text] in ran.err


@pytest.mark.thorough  # the documentation's own command is run by test_docs
def test_a_pack_is_checked(rfsn: Rfsn) -> None:
    ran = rfsn("buildpacks", "check", "python", "--json")
    assert ran.code == 0
    checks = {check["name"]: check["problem"] for check in ran.json["checks"]}
    assert {"outcomes", "ids", "a repair", "a hang", "a crash", "forged results: it exits"} <= checks.keys()
    assert not any(checks.values())
    assert "no buildpack 'pyhton' is installed" in rfsn("buildpacks", "check", "pyhton").err


@pytest.fixture
def plugin(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process for which the example is installed."""
    site = tmp_path / "site"
    about = site / "rfsn_perl-0.1.0.dist-info"
    about.mkdir(parents=True)
    (site / "rfsn_perl").symlink_to(EXAMPLE / "rfsn_perl")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rfsn-perl\nVersion: 0.1.0\n")
    groups = {"buildpacks": "rfsn_perl.pack:PerlBuildpack", "conformance": "rfsn_perl.conformance:CONFORMANCE"}
    lines = [f"[rfsn.{group}]\nperl = {value}\n" for group, value in groups.items()]
    (about / "entry_points.txt").write_text("".join(lines))
    return environment | {"PYTHONPATH": str(site)}


@pytest.mark.thorough
def test_the_example_conforms(plugin: dict[str, str], rfsn: Rfsn) -> None:
    ran = rfsn("buildpacks", "check", "perl", "--json", env=plugin)
    assert [check for check in ran.json["checks"] if check["problem"]] == []
    assert ran.code == 0


def test_the_example_is_used(plugin: dict[str, str], rfsn: Rfsn, tmp_path: Path) -> None:
    assert "perl        rfsn-perl 0.1.0  rfsn_perl.pack:PerlBuildpack\n" in rfsn("buildpacks", "list", env=plugin).out
    tree = EXAMPLE / "example"
    ran = rfsn("repair", tree, "--json", env=plugin)
    assert ran.json["tests"]["failing"] == ["t/shift.t::a night", "t/shift.t::all hours of a night"]
    assert ran.json["reason"].startswith("the search knows no Perl yet")
    patch = tmp_path / "a.diff"
    before, after = "    return $to - $from;\n", "    return ($to - $from) % 24;\n"
    patch.write_text(f"--- a/lib/Shift.pm\n+++ b/lib/Shift.pm\n@@ -8 +8 @@\n-{before}+{after}")
    judged = rfsn("judge", patch, "--repo", tree, "--json", env=plugin).json
    assert judged["status"] == "repaired", judged["reason"]
    patch.write_text("--- a/t/shift.t\n+++ b/t/shift.t\n@@ -11 +11 @@\n-done_testing;\n+exit 0;\n")
    assert rfsn("judge", patch, "--repo", tree, "--json", env=plugin).json["status"] == "denied"


PACKS = """
import time
from tests.toy.pack import SumsBuildpack

class Hanging(SumsBuildpack):
    name = "hanging"
    def detect(self, view):
        time.sleep(600)

class Thief(SumsBuildpack):
    name, language = "thief", "python"
    def detect(self, view):
        from buildpacks import Detection
        return Detection(1.0)

class Parsing(SumsBuildpack):
    name = "parsing"
    def parse(self, request, result):
        raise ValueError("not today")
"""


def installed(site: Path, entry: str) -> dict[str, str]:
    about = site / "rfsn_broken-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "broken_packs.py").write_text(PACKS)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rfsn-broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[rfsn.buildpacks]\naa = broken_packs:{entry}\n")
    return {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}


@pytest.mark.sample(1)
@pytest.mark.parametrize("entry", ["Hanging", "Thief", "Parsing", "Missing"])
def test_a_pack_of_others_ends_no_session_of_ours(
    entry: str, tmp_path: Path, project: Make, environment: dict[str, str]
) -> None:
    """In a process of its own, with less patience."""
    code = "import sys, rfsn.project.packs as packs; packs._LIMIT_S = 0.5; from rfsn.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "repair", str(project(FILES)), "--json"]
    env = environment | installed(tmp_path / "site", entry)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert json.loads(done.stdout)["status"] == "repaired", done.stderr
    named = {"Hanging": "it did not answer within 0.5 s", "Missing": "has no attribute 'Missing'"}
    assert named.get(entry, "") in done.stderr


def test_a_pack_that_fails_in_a_session_is_named(
    tmp_path: Path, project: Make, environment: dict[str, str], rfsn: Rfsn
) -> None:
    tree = project({"checks/total.sums": "total = 3\n", "total.sums": "total = 1 + 1\n"})
    ran = rfsn("repair", tree, "--json", env=environment | installed(tmp_path / "site", "Parsing"))
    assert "the buildpack parsing failed in parse: ValueError: not today" in ran.json["reason"]
