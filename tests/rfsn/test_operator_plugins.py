"""Edit operators from installed distributions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planners.search.registry import OPERATORS

EXAMPLE = Path(__file__).parents[2] / "examples" / "operator_plugin"
FILES = {
    "ledger.py": "def balanced(debits, credits):\n    return sum(debits) == sum(credits)\n",
    "test_ledger.py": (
        "from ledger import balanced\n\n\n"
        "def test_balanced():\n    assert balanced([0.1, 0.2], [0.3])\n\n\n"
        "def test_unbalanced():\n"
        "    assert not balanced([0.25], [0.5])\n    assert not balanced([0.5], [0.25])\n"
        "    assert not balanced([], [1])\n"
    ),
}
OTHERS = """\
import ast
import pathlib
from planners.search.language import Operator, Replacement, TextEdit

pathlib.Path(__file__).with_name("mark").touch()

def none(site, scope):
    return iter(())

def raising(site, scope):
    raise RuntimeError("no operator at all")

def beyond(site, scope):
    yield Replacement((TextEdit(0, 10_000, ""),))

def inside(site, scope):
    yield Replacement((TextEdit(0, 0, ""),), block=True)

def operator(
    id="example", frequency=9, sites=1, options=1, nodes=(ast.expr, ast.stmt), expand=none, width=0, language="python"
):
    return Operator(id, frequency, sites, options, nodes, expand, width, language=language)

def text(site, scope):
    return "ab"

failing = (
    operator("raising", expand=raising),
    operator("beyond", expand=beyond),
    operator("text", expand=text),
    operator("inside", nodes=(ast.expr,), expand=inside),
)
def several(): return failing
def twins(): return operator(), operator()
def word(): return "operator"
def nothing(): return ()
def broken(): raise OSError("not today")
taken = operator(OPERATOR_ID)
nameless = operator("")
paired = operator("a+b")
never = operator(frequency=0)
unknown = operator(frequency=float("nan"))
nowhere = operator(sites=0)
optionless = operator(options=0)
nodeless = operator(nodes=[ast.expr])
strange = operator(nodes=(int,))
uncalled = operator(expand=None)
wide = operator(width=2)
foreign = operator(language="cobol")
speechless = operator(language=[])
"""
ENTRIES = (
    *("several", "twins", "word", "nothing", "broken", "taken", "nameless", "paired", "never", "unknown", "nowhere"),
    *("optionless", "nodeless", "strange", "uncalled", "wide", "foreign", "speechless"),
)


@pytest.fixture
def plugin(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment in which the example plugin is installed, beside many whose import leaves a mark."""
    site = tmp_path / "site"
    about = site / "rfsn_close_floats-0.1.0.dist-info"
    about.mkdir(parents=True)
    (site / "rfsn_close_floats.py").write_text((EXAMPLE / "rfsn_close_floats.py").read_text())
    (site / "others.py").write_text(OTHERS.replace("OPERATOR_ID", repr(OPERATORS[0].id)))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rfsn-close-floats\nVersion: 0.1.0\n")
    entries = ["close-floats = rfsn_close_floats:CLOSE_FLOATS", *(f"{name} = others:{name}" for name in ENTRIES)]
    (about / "entry_points.txt").write_text("\n".join(["[rfsn.operators]", *entries, "gone = nowhere:OPERATOR\n"]))
    return environment | {"PYTHONPATH": str(site)}


def test_it_repairs_a_fault_that_the_built_in_operators_cannot(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    folder = project(FILES)
    assert rfsn("repair", folder, "--max-steps", "12", "--json", env=plugin).json["status"] == "not_repaired"
    session = tmp_path / "session"
    ran = rfsn("repair", folder, "--operator", "close-floats", "--out", session, "--json", env=plugin)
    assert ran.json["status"] == "repaired"
    assert "+    return abs(sum(debits) - sum(credits)) < 1e-9" in ran.json["patch"]
    config = json.loads((session / "journal.jsonl").read_text().splitlines()[0])["event"]["config"]
    assert config["operators"] == ["close-floats"]
    assert rfsn("replay", session, env=plugin).code == 0
    assert "is not installed" in rfsn("replay", session).err


@pytest.mark.thorough
def test_a_killed_session_continues_with_its_operators(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    session = tmp_path / "session"
    assert rfsn("repair", project(FILES), "--operator", "close-floats", "--out", session, env=plugin).code == 0
    journal = session / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    search = next(place for place, line in enumerate(lines) if '"try_patches"' in line)
    journal.write_text("".join(lines[:search]))
    ran = rfsn("resume", session, "--json", env=plugin)
    assert ran.json["status"] == "repaired"
    assert "1e-9" in ran.json["patch"]


@pytest.mark.thorough
def test_the_variable_and_the_file_name_operators_too(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    (tmp_path / "rfsn.toml").write_text('operators = ["close-floats"]\n')
    folder = project(FILES)
    for env, options in (
        ({"RFSN_OPERATORS": "close-floats"}, ()),
        ({}, ("--config", tmp_path / "rfsn.toml")),
    ):
        assert rfsn("repair", folder, *options, "--json", env=plugin | env).json["status"] == "repaired"
    ran = rfsn("repair", folder, env=plugin | {"RFSN_OPERATORS": "it's"})
    assert (ran.code, "RFSN_OPERATORS: No closing quotation" in ran.err) == (2, True)


@pytest.mark.thorough
def test_an_evaluation_takes_operators(plugin: dict[str, str], tmp_path: Path, rfsn: Callable[..., Any]) -> None:
    row = {"instance_id": "one", "files": FILES, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "bugs.jsonl").write_text(json.dumps(row) + "\n")
    options = ("--operator", "close-floats", "--out", tmp_path / "results", "--json")
    assert rfsn("eval", tmp_path / "bugs.jsonl", *options, env=plugin).json["repaired"] == 1


def test_listing_imports_no_plugin(plugin: dict[str, str], rfsn: Callable[..., Any]) -> None:
    listed = rfsn("operators", "--json", env=plugin).json
    assert [one["name"] for one in listed["installed"]] == sorted(["close-floats", "gone", *ENTRIES])
    assert listed["installed"][1]["distribution"] == "rfsn-close-floats"
    assert [(one["id"], one["language"]) for one in listed["operators"]] == [(one.id, "python") for one in OPERATORS]
    assert "close-floats  (rfsn_close_floats:CLOSE_FLOATS of rfsn-close-floats)" in rfsn("operators", env=plugin).out
    assert not (Path(plugin["PYTHONPATH"]) / "mark").exists()


def test_each_operator_is_listed_with_what_it_does(rfsn: Callable[..., Any]) -> None:
    described = {one["id"]: one["description"] for one in rfsn("operators", "--json").json["operators"]}
    lines = rfsn("operators").out
    for id, description in described.items():
        assert re.fullmatch(r"[A-Z][a-z].{10,}\.", description), id
        assert re.search(rf"^python +{id} +{re.escape(description)}", lines, re.MULTILINE), id
    own = [description for id, description in described.items() if not id.endswith("-wide")]
    assert len(own) == len(set(own)), "each says what it does, not that it is the same as another"


@pytest.mark.thorough
def test_an_operator_that_fails_is_reported_once_and_the_search_continues(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    options = ("--operator", "several", "--operator", "close-floats", "--out", tmp_path / "session", "--json")
    ran = rfsn("repair", project(FILES), *options, env=plugin)
    assert ran.json["status"] == "repaired"
    warnings = [line for line in ran.err.splitlines() if "its sites are skipped" in line]
    assert len(warnings) == 4
    for id, why in (
        ("raising", "no operator at all"),
        ("beyond", "beyond the end"),
        ("text", "not a Replacement"),
        ("inside", "not a statement"),
    ):
        assert any(f"operator={id}" in line and why in line for line in warnings), id
    assert rfsn("replay", tmp_path / "session", env=plugin).code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent", "is not installed (installed: broken, close-floats"),
        ("gone", "cannot be loaded: ModuleNotFoundError"),
        ("broken", "cannot be loaded: OSError: not today"),
        ("word", "must be an Operator"),
        ("nothing", "must be an Operator"),
        ("twins", "the id 'example', which another one already has"),
        ("taken", f"the id {OPERATORS[0].id!r}, which another one already has"),
        ("nameless", "its id"),
        ("paired", "its id"),
        ("never", "its frequency"),
        ("unknown", "its frequency"),
        ("nowhere", "its sites and options"),
        ("optionless", "its sites and options"),
        ("nodeless", "its nodes"),
        ("strange", "its nodes"),
        ("uncalled", "its expand"),
        ("wide", "its width"),
        ("foreign", "its language must be one of: python"),
        ("speechless", "its language"),
    ],
)
def test_an_invalid_operator_is_refused(
    name: str, said: str, plugin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rfsn.errors import UsageError
    from rfsn.plugins import load_operators

    monkeypatch.syspath_prepend(plugin["PYTHONPATH"])
    monkeypatch.delitem(sys.modules, "others", raising=False)
    with pytest.raises(UsageError) as raised:
        load_operators([name])
    assert said in str(raised.value)


def test_wrong_usage(plugin: dict[str, str], project: Callable[..., Path], rfsn: Callable[..., Any]) -> None:
    ran = rfsn("repair", project(FILES), "--operator", "absent", "--json", env=plugin)
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert "is not installed" in ran.json["reason"]


def test_the_tests_of_the_example_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend", "tests"]
    ran = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
