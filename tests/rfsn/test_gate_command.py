"""`rfsn gate`: the rules on a patch from anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "code.py": "def double(x):\n    return x + 2\n",
    "tests/test_code.py": "from code import double\n\n\ndef test_double():\n    assert double(3) == 6\n",
    "tests/conftest.py": "",
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "setup.py": "from setuptools import setup\n\nsetup()\n",
    "web/page.rb": "x = 1\n",
    "web/page.json": "{}\n",
    "native/lib.rs": "#[test]\nfn doubles() {\n    assert_eq!(double(3), 6);\n}\n",
}
FIX = ("code.py", "return x + 2", "return x * 2")
EVIL = ("code.py", "    return x + 2", "    import os\n    os._exit(0)")
TEST_EDIT = ("tests/test_code.py", "== 6", "== 5")
HOOK = ("tests/conftest.py", "", "def pytest_runtest_makereport():\n    pass\n")
SETUP = ("setup.py", "setup()", "setup(name='x')")
SCRIPT = ("web/page.rb", "x = 1", "x = 2")
INLINE_TEST = ("native/lib.rs", "6", "5")
DATA = ("web/page.json", "{}", "[]")


@pytest.fixture
def patch(project: Callable[..., Path], git: Callable[..., str], tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """The project, and a diff with some replacements in it."""

    def make(*edits: tuple[str, str, str], options: tuple[str, ...] = ()) -> tuple[Path, Path]:
        folder = project(FILES)
        for path, old, new in edits:
            (folder / path).write_text((folder / path).read_text().replace(old, new, 1) if old else new)
        diff = tmp_path / "fix.diff"
        diff.write_text(git("diff", *options, cwd=folder))
        git("checkout", "--quiet", ".", cwd=folder)
        return folder, diff

    return make


@pytest.mark.parametrize(
    ("edits", "options", "rules"),
    [
        ([FIX], [], []),
        ([EVIL], [], ["tamper.exits"]),
        ([FIX, TEST_EDIT], [], ["tamper.protected"]),
        ([EVIL, TEST_EDIT], [], ["tamper.protected", "tamper.exits"]),
        ([FIX, TEST_EDIT], ["--allow-test-edits"], []),
        ([EVIL, TEST_EDIT], ["--allow-test-edits"], ["tamper.exits"]),
        ([FIX, INLINE_TEST], [], ["tamper.inline-tests"]),
        ([FIX, INLINE_TEST], ["--allow-test-edits"], []),
        ([FIX, HOOK], ["--allow-test-edits"], ["tamper.protected"]),
        ([FIX, SETUP], ["--allow-test-edits"], ["tamper.protected"]),
        ([FIX, SETUP], ["--allow-path", "setup.py"], []),
        ([FIX, SETUP, TEST_EDIT], ["--allow-path", "setup.py"], ["tamper.protected"]),
        ([FIX, SETUP, HOOK], ["--allow-path", "setup.py", "--allow-path", "tests/*.py"], []),
        ([FIX, DATA], [], []),
        ([FIX, DATA], ["--test", "python -m pytest --data=web/page.json"], ["tamper.protected"]),
        ([FIX, DATA], ["--test", "sh -c 'cp web/page.json x && pytest'", "--allow-path", "web/*"], []),
        ([EVIL], ["--allow-path", "other.py"], ["tamper.exits"]),
        ([EVIL], ["--allow-path", "code.py"], []),
    ],
)
def test_every_rule_that_fires_is_reported(
    edits: list[tuple[str, str, str]],
    options: list[str],
    rules: list[str],
    patch: Callable[..., tuple[Path, Path]],
    rfsn: Callable[..., Any],
) -> None:
    folder, diff = patch(*edits)
    ran = rfsn("gate", "check", diff, "--repo", folder, *options, "--json")
    assert ran.code == (1 if rules else 0)
    assert ran.json["status"] == ("denied" if rules else "allowed")
    assert [denial["rule"] for denial in ran.json["denials"]] == rules
    assert ran.json["files"] == sorted(path for path, _, _ in edits)


def test_a_diff_without_prefixes_gets_the_same_answer(patch: Callable[..., Any], rfsn: Callable[..., Any]) -> None:
    for options in (("--no-prefix",), ("--src-prefix=x/", "--dst-prefix=y/")):
        folder, diff = patch(TEST_EDIT, options=options)
        assert [one["rule"] for one in rfsn("gate", "check", diff, "--repo", folder, "--json").json["denials"]] == [
            "tamper.protected"
        ]


def test_lines_for_people(patch: Callable[..., Any], rfsn: Callable[..., Any]) -> None:
    folder, diff = patch(EVIL)
    ran = rfsn("gate", "check", diff, "--repo", folder)
    assert ran.code == 1
    assert ran.out.splitlines()[0].startswith("tamper.exits: code.py newly uses os._exit")
    assert ran.out.splitlines()[-1] == "denied: code.py"


def test_rules_that_could_not_be_applied_are_named(patch: Callable[..., Any], rfsn: Callable[..., Any]) -> None:
    folder, diff = patch(FIX, SCRIPT, DATA)
    (silent,) = rfsn("gate", "check", diff, "--repo", folder, "--json").json["not_applied"]
    assert (silent["files"], silent["more"]) == (["web/page.rb"], 0)
    assert {"tamper.exits", "danger.network", "dependencies.declared"} <= set(silent["rules"])
    assert "paths.plain" not in silent["rules"]
    ran = rfsn("gate", "check", diff, "--repo", folder)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"not applied to web/page.rb: {', '.join(silent['rules'])}"
    vouched = rfsn("gate", "check", diff, "--repo", folder, "--allow-path", "web/*", "--json")
    assert vouched.json["not_applied"] == []


def test_a_patch_that_does_not_apply_is_denied(patch: Callable[..., Any], rfsn: Callable[..., Any]) -> None:
    folder, diff = patch(FIX)
    diff.write_text(diff.read_text().replace("return x + 2", "return x + 9"))
    ran = rfsn("gate", "check", diff, "--repo", folder, "--json")
    assert (ran.code, ran.json["denials"][0]["rule"]) == (1, "schema.applies")


def test_a_text_that_is_not_a_diff_is_a_usage_error(
    patch: Callable[..., Any], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    folder, _ = patch(FIX)
    prose, empty = tmp_path / "prose.txt", tmp_path / "empty.diff"
    prose.write_text("Please multiply instead of adding.\n")
    empty.touch()
    for path, reason in {prose: "the patch is not a diff: it has no line", empty: "the patch is empty"}.items():
        for command in (("gate", "check"), ("judge",)):
            ran = rfsn(*command, path, "--repo", folder)
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith(f"rfsn: {reason}"), ran.err
    assert rfsn("gate", "check", empty, "--repo", folder, "--json").json["status"] == "usage_error"


def test_a_diff_that_is_cut_short_is_denied(
    patch: Callable[..., Any], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    folder, _ = patch(FIX)
    torn = tmp_path / "torn.diff"
    torn.write_text("--- a/code.py\n+++ b/code.py\n@@ -1,9 +1,9 @@\n-x\n")
    ran = rfsn("gate", "check", torn, "--repo", folder)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("schema.applies: the patch does not apply: "), ran.out


def test_wrong_usage(tmp_path: Path, patch: Callable[..., Any], rfsn: Callable[..., Any]) -> None:
    folder, diff = patch(FIX)
    assert rfsn("gate", "check", tmp_path / "none.diff", "--repo", folder).code == 2
    assert rfsn("gate", "check", diff, "--repo", tmp_path / "none").code == 2
    assert rfsn("gate", "check", diff).code == 2
    assert "is not installed" in rfsn("gate", "check", diff, "--repo", folder, "--gate-rule", "none").err


def test_a_patch_from_standard_input(patch: Callable[..., Any], script: Path, environment: dict[str, str]) -> None:
    folder, diff = patch(FIX)
    argv = [script, "gate", "check", "-", "--repo", folder]
    ran = subprocess.run(argv, input=diff.read_bytes(), env=environment, capture_output=True, check=False)
    assert ran.returncode == 0


@pytest.fixture
def plugin(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment in which the example plugin is installed, beside one whose import leaves a mark."""
    site = tmp_path / "site"
    source = Path(__file__).parents[2] / "examples" / "gate_rule_plugin"
    (site / "rfsn_no_print-0.1.0.dist-info").mkdir(parents=True)
    (site / "rfsn_no_print.py").write_text((source / "rfsn_no_print.py").read_text())
    (site / "rfsn_no_print-0.1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: rfsn-no-print\nVersion: 0.1.0\n"
    )
    (site / "marking.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('mark').touch()\n"
        "class Lenient:\n    id = 'example.lenient'\n    incremental = True\n"
        "    def check(self, change, context):\n        from gate import Allowed\n        return Allowed()\n"
        "class Twin(Lenient):\n    id = 'bounds.size'\n"
        "class Incomplete:\n    id = 'example.incomplete'\n"
    )
    (site / "rfsn_no_print-0.1.0.dist-info" / "entry_points.txt").write_text(
        "[rfsn.gate_rules]\nno-print = rfsn_no_print:NoPrint\nlenient = marking:Lenient\n"
        "twin = marking:Twin\nincomplete = marking:Incomplete\ngone = nowhere:Rule\n"
    )
    return environment | {"PYTHONPATH": str(site)}


def test_listing_imports_no_plugin(plugin: dict[str, str], rfsn: Callable[..., Any]) -> None:
    listed = rfsn("gate", "rules", "--json", env=plugin).json
    assert [one["name"] for one in listed["installed"]] == ["gone", "incomplete", "lenient", "no-print", "twin"]
    assert listed["installed"][3]["distribution"] == "rfsn-no-print"
    assert "tamper.exits" in listed["rules"]
    assert not (Path(plugin["PYTHONPATH"]) / "mark").exists()


@pytest.mark.thorough
def test_a_plugin_adds_denials_and_nothing_else(
    plugin: dict[str, str], patch: Callable[..., Any], rfsn: Callable[..., Any]
) -> None:
    def denials(*edits: tuple[str, str, str], rules: tuple[str, ...]) -> list[str]:
        folder, diff = patch(*edits)
        named = [option for rule in rules for option in ("--gate-rule", rule)]
        ran = rfsn("gate", "check", diff, "--repo", folder, *named, "--json", env=plugin)
        return [one["rule"] for one in ran.json["denials"]]

    printing = ("code.py", "    return", "    print(x)\n    return")
    assert denials(printing, rules=()) == []
    assert denials(printing, rules=("no-print",)) == ["example.no-print"]
    assert denials(FIX, rules=("no-print",)) == []
    assert denials(EVIL, rules=("lenient", "no-print")) == ["tamper.exits", "example.lenient"]


@pytest.mark.parametrize(("name", "said"), [("twin", "bounds.size"), ("incomplete", "needs id"), ("gone", "cannot be")])
def test_an_invalid_plugin_is_refused(
    name: str, said: str, plugin: dict[str, str], patch: Callable[..., Any], rfsn: Callable[..., Any]
) -> None:
    folder, diff = patch(FIX)
    ran = rfsn("gate", "check", diff, "--repo", folder, "--gate-rule", name, env=plugin)
    assert ran.code == 2
    assert said in ran.err


def test_the_tests_of_the_example_pass() -> None:
    folder = Path(__file__).parents[2] / "examples" / "gate_rule_plugin"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend", "tests"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert json.dumps("2 passed")[1:-1] in ran.stdout


def test_a_rule_of_a_plugin_holds_in_a_repair_and_its_replay(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    folder, session = project(FILES), tmp_path / "session"
    options = ("--gate-rule", "lenient", "--allow-test-edits", "--allow-path", "docs/*", "--max-steps", "12", "--json")
    ran = rfsn("repair", folder, "--out", session, *options, env=plugin)
    assert ran.json["status"] == "not_repaired"
    config = json.loads((session / "journal.jsonl").read_text().splitlines()[0])["event"]["config"]
    assert (config["gate_rules"], config["allow_test_edits"], config["allow_path"]) == (["lenient"], True, ["docs/*"])
    assert rfsn("replay", session, env=plugin).code == 0


@pytest.mark.thorough
def test_an_evaluation_takes_the_same_options(plugin: dict[str, str], tmp_path: Path, rfsn: Callable[..., Any]) -> None:
    row = {"instance_id": "one", "files": FILES, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "bugs.jsonl").write_text(json.dumps(row) + "\n")
    options = ("--gate-rule", "no-print", "--allow-test-edits", "--allow-path", "docs/*", "--out", tmp_path / "results")
    assert rfsn("eval", tmp_path / "bugs.jsonl", *options, env=plugin).code == 0
    result = json.loads((tmp_path / "results" / "results.jsonl").read_text())
    assert result["status"] == "repaired"
    config = json.loads((Path(result["session"]) / "journal.jsonl").read_text().splitlines()[0])["event"]["config"]
    assert (config["gate_rules"], config["allow_test_edits"], config["allow_path"]) == (["no-print"], True, ["docs/*"])
