"""Planners from installed distributions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planners.meta import OWN_MAKERS

EXAMPLE = Path(__file__).parents[2] / "examples" / "planner_plugin"
FILES = {
    "basket.py": "def total(prices):\n    total = 100\n    for price in prices:\n        total += price\n"
    "    total = total - total // 10\n    total = total + 5\n    return total\n",
    "test_basket.py": (
        "from basket import total\n\n\n"
        "def test_total():\n    assert total([95]) == 180\n\n\n"
        "def test_other():\n    assert total([195]) == 270\n"
    ),
}
OTHERS = """\
import pathlib
from dataclasses import replace
from gate import ApplyPatch, AskModel, CreateFile, GiveUp, Phase, ReadFile, RunTests, TryPatches, Turn
from planners.steps import proposal

pathlib.Path(__file__).with_name("mark").touch()

def step(state, action, phase=Phase.PATCH):
    return proposal(state, phase, action, intent="i", hypothesis="h", expected_effect="e")

class Strategy:
    phases = frozenset({Phase.PATCH})
    def __init__(self, propose):
        self.propose = propose

def none(models): return None
def number(models): return 3
def broken(models): raise OSError("not today")
def nobody(): return Strategy(None)
def needy(models):
    if not models:
        raise ValueError("name a model with --model")
    return Strategy(lambda state, context: None)
auto = broken

def raising(models):
    def propose(state, context):
        raise RuntimeError("no planner at all")
    return Strategy(propose)
def word(models): return Strategy(lambda state, context: "try harder")
def actionless(models): return Strategy(lambda state, context: step(state, "try harder"))
def phaseless(models): return Strategy(lambda state, context: step(state, ReadFile("basket.py"), "somehow"))
def candidateless(models): return Strategy(lambda state, context: step(state, TryPatches(("patch",))))
def pathless(models): return Strategy(lambda state, context: step(state, ReadFile(None)))

def forbidden(models):
    cheat = CreateFile("conftest.py", b"import pytest\\n")
    return Strategy(lambda state, context: step(state, ApplyPatch((cheat,))))
def asking(models):
    ask = AskModel("dear", "patch", ((Turn("user", "?"),),), 10)
    return Strategy(lambda state, context: step(state, ask))
def loose(models):
    def propose(state, context):
        if not state.history or state.history[-1].action != "read_file":
            return step(state, ReadFile("basket.py"), "patch")
    return Strategy(propose)
def quitting(models): return Strategy(lambda state, context: step(state, GiveUp("enough"), Phase.STUCK))

def failing_later(models):
    import rfsn_swapped_lines
    swaps = rfsn_swapped_lines.planner(models)
    def propose(state, context):
        if state.plausible:
            raise RuntimeError("too much success")
        return swaps.propose(state, context)
    return Strategy(propose)
"""
ENTRIES = re.findall(r"^(?:def )?(\w+)(?:\((?:models)?\):| = broken)", OTHERS, re.MULTILINE)


@pytest.fixture
def plugin(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment in which the example plugin is installed, beside many whose import leaves a mark."""
    site = tmp_path / "site"
    about = site / "rfsn_swapped_lines-0.1.0.dist-info"
    about.mkdir(parents=True)
    (site / "rfsn_swapped_lines.py").write_text((EXAMPLE / "rfsn_swapped_lines.py").read_text())
    (site / "others.py").write_text(OTHERS)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rfsn-swapped-lines\nVersion: 0.1.0\n")
    entries = ["swapped-lines = rfsn_swapped_lines:planner", *(f"{name} = others:{name}" for name in ENTRIES)]
    (about / "entry_points.txt").write_text("\n".join(["[rfsn.planners]", *entries, "gone = nowhere:planner\n"]))
    return environment | {"PYTHONPATH": str(site)}


def test_it_makes_the_patches_and_the_session_is_replayed(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    session = tmp_path / "session"
    ran = rfsn("repair", project(FILES), "--planner", "swapped-lines", "--out", session, "--json", env=plugin)
    assert ran.json["status"] == "repaired"
    assert "+    total = total - total // 10\n     return total\n" in ran.json["patch"]
    events = [json.loads(line)["event"] for line in (session / "journal.jsonl").read_text().splitlines()]
    assert events[0]["config"]["planner"] == "swapped-lines"
    batches = [event for event in events if event.get("observation", {}).get("type") == "batch"]
    assert {trial["candidate"]["operator"] for batch in batches for trial in batch["observation"]["notable"]} == {
        "swapped-lines"
    }
    assert rfsn("replay", session, env=plugin).code == 0
    assert "the planner 'swapped-lines' is not installed" in rfsn("replay", session).err


@pytest.mark.thorough
def test_a_killed_session_continues_with_its_planner(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    session = tmp_path / "session"
    assert rfsn("repair", project(FILES), "--planner", "swapped-lines", "--out", session, env=plugin).code == 0
    journal = session / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    search = next(place for place, line in enumerate(lines) if '"try_patches"' in line)
    journal.write_text("".join(lines[:search]))
    refused = rfsn("resume", session, "--json", env=plugin | {"PYTHONPATH": ""})
    assert (refused.code, "is not installed" in refused.json["reason"]) == (2, True)
    ran = rfsn("resume", session, "--json", env=plugin)
    assert ran.json["status"] == "repaired", "it could not be resumed without the plugin, but was not ended either"


@pytest.mark.thorough
def test_the_variable_and_the_file_name_planners_too(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    (tmp_path / "rfsn.toml").write_text('planner = "quitting"\n')
    folder = project(FILES)
    for env, options in (({"RFSN_PLANNER": "quitting"}, ()), ({}, ("--config", tmp_path / "rfsn.toml"))):
        ran = rfsn("repair", folder, *options, "--json", env=plugin | env)
        assert (ran.code, ran.json["status"], ran.json["reason"]) == (1, "not_repaired", "enough")


@pytest.mark.thorough
def test_an_evaluation_takes_a_planner(plugin: dict[str, str], tmp_path: Path, rfsn: Callable[..., Any]) -> None:
    row = {"instance_id": "one", "files": FILES, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "bugs.jsonl").write_text(json.dumps(row) + "\n")
    options = ("--planner", "swapped-lines", "--out", tmp_path / "results", "--json")
    assert rfsn("eval", tmp_path / "bugs.jsonl", *options, env=plugin).json["repaired"] == 1
    refused = rfsn("eval", tmp_path / "bugs.jsonl", *options)
    assert (refused.code, "is not installed" in refused.json["reason"]) == (2, True)


def test_listing_imports_no_plugin(plugin: dict[str, str], rfsn: Callable[..., Any]) -> None:
    listed = rfsn("planners", "--json", env=plugin).json
    assert [one["name"] for one in listed["installed"]] == sorted(["swapped-lines", "gone", *ENTRIES])
    assert [one["name"] for one in listed["planners"]] == ["auto", "search", "llm", "agent"] == [*OWN_MAKERS]
    lines = rfsn("planners", env=plugin).out
    assert "swapped-lines  (rfsn_swapped_lines:planner of rfsn-swapped-lines)" in lines
    assert "search  the search alone" in lines
    assert not (Path(plugin["PYTHONPATH"]) / "mark").exists()


@pytest.mark.thorough
def test_a_planner_that_is_not_named_is_not_imported(
    plugin: dict[str, str], project: Callable[..., Path], rfsn: Callable[..., Any]
) -> None:
    """Also none that has the name of one of rfsn's own."""
    assert "auto" in ENTRIES
    for options in ((), ("--planner", "swapped-lines")):
        assert rfsn("repair", project(FILES), *options, "--max-steps", "3", env=plugin).code == 1
    assert not (Path(plugin["PYTHONPATH"]) / "mark").exists()


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raising", "RuntimeError: no planner at all"),
        ("word", "it proposed 'try harder', which is not a Proposal"),
        ("actionless", "its proposal is invalid: action"),
        ("phaseless", "its proposal is invalid: phase"),
        ("candidateless", "its proposal is invalid: action"),
        ("pathless", "its proposal is invalid: action"),
    ],
)
def test_a_planner_that_fails_ends_the_session_by_name(
    name: str, why: str, plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    ran = rfsn("repair", project(FILES), "--planner", name, "--out", tmp_path / "session", "--json", env=plugin)
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert ran.json["reason"].startswith(f"the planner '{name}' failed: ")
    assert why in ran.json["reason"]
    assert "defect" not in ran.json["reason"] + ran.err
    assert rfsn("replay", tmp_path / "session", env=plugin).code == 0


@pytest.mark.thorough
def test_what_a_planner_found_before_it_failed_is_verified(
    plugin: dict[str, str], project: Callable[..., Path], rfsn: Callable[..., Any]
) -> None:
    ran = rfsn("repair", project(FILES), "--planner", "failing_later", "--json", env=plugin)
    assert ran.json["status"] == "repaired"
    assert "a planner failed" in ran.err
    assert "too much success" in ran.err


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "rule"), [("forbidden", "tamper.protected"), ("asking", "models.known")])
def test_the_gate_judges_what_a_planner_proposes(
    name: str, rule: str, plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    ran = rfsn("repair", project(FILES), "--planner", name, "--out", tmp_path / "session", "--json", env=plugin)
    assert (ran.code, ran.json["status"]) == (1, "denied")
    events = [json.loads(line)["event"] for line in (tmp_path / "session" / "journal.jsonl").read_text().splitlines()]
    denied = [event["decision"]["rule"] for event in events if event.get("decision", {}).get("rule")]
    assert denied == [rule] * 3


@pytest.mark.thorough
def test_a_step_gets_the_types_of_its_values(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    """A phase may be given as its name."""
    ran = rfsn("repair", project(FILES), "--planner", "loose", "--out", tmp_path / "session", "--json", env=plugin)
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert "nothing was found to try" in ran.json["reason"]
    assert rfsn("replay", tmp_path / "session", env=plugin).code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent", "is not installed (rfsn's own: auto, search, llm, agent; installed: actionless, asking"),
        ("gone", "cannot be loaded: ModuleNotFoundError"),
        ("broken", "cannot be loaded: OSError: not today"),
        ("nobody", "cannot be loaded: TypeError"),
        ("needy", "cannot be loaded: ValueError: name a model with --model"),
        ("none", "it must return a strategy"),
        ("number", "it must return a strategy"),
    ],
)
def test_an_invalid_planner_is_refused(
    name: str, said: str, plugin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rfsn.errors import UsageError
    from rfsn.plugins import load_planner

    monkeypatch.syspath_prepend(plugin["PYTHONPATH"])
    monkeypatch.delitem(sys.modules, "others", raising=False)
    with pytest.raises(UsageError) as raised:
        load_planner(name, ())
    assert f"planner '{name}'" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.thorough
def test_a_planner_is_checked_before_a_session_begins(
    plugin: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Callable[..., Any]
) -> None:
    options = ("--out", tmp_path / "session", "--json")
    refused = rfsn("repair", project(FILES), "--planner", "needy", *options, env=plugin)
    assert (refused.code, refused.json["status"]) == (2, "usage_error")
    assert not (tmp_path / "session").exists()
    named = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1")
    ran = rfsn("repair", project(FILES), "--planner", "needy", *named, *options, env=plugin)
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert ran.json["models"]["calls"] == 0


def test_the_tests_of_the_example_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend", "tests"]
    ran = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout
