"""Models in `rfsn eval`: one cap for all instances, whichever run and attempt spent it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.errors import UsageError
from rfsn.evaluation.spending import Spending
from rfsn.models.doubles import ScriptedModel
from tests.kills import killed_once
from tests.models.office import action_of, card_of, open_office
from tests.models.server import Play, serving
from tests.models.talkers import FILES, RIGHT, SETTINGS
from tests.models.test_sessions import NO_KEYS

ROW = {
    "instance_id": "one",
    "files": {
        "one.py": "def one():\n    return 0\n",
        "test_one.py": "from one import one\n\n\ndef test():\n    assert one() == 1\n",
    },
    "test_command": ["python", "-m", "pytest"],
}


def spend(folder: Path) -> float:
    """A session in a folder that asks a model once; what that cost."""
    with open_office(folder, ScriptedModel(["an answer"]), card_of("http://127.0.0.1:1/v1")) as office:
        office.ask(action_of("what?"))
        return office.session.projection.spent_usd


def test_spending_is_remembered_when_a_session_is_removed(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    costs = {}
    for name in ("a", "b"):
        costs[name] = spend(tmp_path / name)
        (tmp_path / name / "session").rename(sessions / name)
    (sessions / "half-made").mkdir()
    spending = Spending(tmp_path, sessions)
    whole = sum(costs.values())
    assert spending.total_usd() == pytest.approx(whole)
    assert whole > 0
    for name in ("a", "half-made", "not-there"):
        spending.keep(name)
    assert (tmp_path / "spent.jsonl").read_text().count("\n") == 1
    (sessions / "a").rename(tmp_path / "removed")
    assert spending.total_usd() == pytest.approx(whole)
    for _ in range(2):  # the second time nothing is missing
        spending.keep_lost(whole + 0.25)
        assert spending.total_usd() == pytest.approx(whole + 0.25)
    whole += 0.25
    with (tmp_path / "spent.jsonl").open("a") as file:
        file.write('{"instance_id": "c", "usd"')  # a crash
    assert Spending(tmp_path, sessions).total_usd() == pytest.approx(whole)


NO_AMOUNTS = ("null", '"1"', "NaN", "-1")
NO_SPENDING = ["{}", "[]", "1", "x", *(f'{{"instance_id": "a", "usd": {usd}}}' for usd in NO_AMOUNTS)]


@pytest.mark.parametrize("line", [*NO_SPENDING, "[" * 100_000])
def test_a_line_that_is_no_spending_is_reported(line: str, tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "spent.jsonl").write_text(f"{line}\n")
    with pytest.raises(UsageError, match="remove that line") as refused:
        Spending(tmp_path, tmp_path / "sessions").total_usd()
    assert len(str(refused.value)) < 1_000


def test_rows_and_predictions_name_the_models(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    command = ("eval", tmp_path / "rows.jsonl", "--instance-timeout", "60", "--out", tmp_path / "out")
    options = ("--model", "qwen3", "--base-url", "http://127.0.0.1:9/v1", "--max-cost", "0.5")
    ran = rfsn(*command, *options, env=NO_KEYS)
    assert ran.code == 0
    told = "models: parts of the source go to http://127.0.0.1:9/v1 (qwen3; on this machine; free)"
    assert ran.err.splitlines()[0] == told
    assert "0.0000 USD for models" in ran.err
    (row,) = map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())
    assert (row["status"], row["models"], row["cost_usd"]) == ("repaired", ["qwen3"], 0.0)
    (prediction,) = map(json.loads, (tmp_path / "out" / "predictions.jsonl").read_text().splitlines())
    assert prediction["model_name_or_path"] == "rfsn-search+qwen3"
    assert rfsn(*command, *options, "--json", env=NO_KEYS).json["cost_usd"] == 0.0
    assert rfsn(*command, "--json", env=NO_KEYS).code == 2, "another configuration"


@pytest.mark.thorough
def test_the_total_has_what_a_killed_run_spent(
    rfsn: Callable[..., Any], script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    row = {"instance_id": "one", "files": FILES, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "rfsn.toml").write_text(SETTINGS)
    out, gives = tmp_path / "out", [Play(fault="silent")]
    with serving(lambda _: gives[0]) as server:
        model = ("--planner", "llm", "--model", "scripted", "--base-url", server.endpoint("chat"))
        command = ("eval", tmp_path / "rows.jsonl", *model, "--config", tmp_path / "rfsn.toml", "--out", out, "--json")
        killed_once(lambda: bool(server.asked), [script, *command], environment, out / "sessions" / "one")
        gives[0] = Play(RIGHT)
        total = rfsn(*command).json["cost_usd"]
        assert rfsn(*command).json["cost_usd"] == total, "nothing is left to run"
        (found,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
        assert (found["status"], found["cost_usd"]) == ("repaired", total), "the session did not go on"
        again = rfsn(*command, "--retry", "repaired").json["cost_usd"]
    (found,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    (kept,) = map(json.loads, (out / "spent.jsonl").read_text().splitlines())
    assert kept["usd"] == pytest.approx(total), "the lost call counts as its reservation"
    assert total > found["cost_usd"] > 0
    assert again == pytest.approx(total + found["cost_usd"])


def test_what_is_missing_ends_an_evaluation_before_its_first_row(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    for options, said in ((("--model", "openai:o3"), "set OPENAI_API_KEY"), (("--planner", "llm"), "--model")):
        ran = rfsn("eval", tmp_path / "rows.jsonl", *options, "--out", tmp_path / "out", "--json", env=NO_KEYS)
        assert (ran.code, ran.json["status"]) == (2, "usage_error")
        assert said in ran.json["reason"]
        assert not (tmp_path / "out").exists()
