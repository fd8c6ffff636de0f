"""Sessions with a real model (Gemma 3, 270 million parameters), as `make model-test` recorded them, without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rfsn.models.doubles import ReplayedModel
from rfsn.replay import replay_session
from tests.real.sessions import CASSETTE, SETTINGS, WINDOW, asked_again, calls, faulty, recorded, run

LINES = CASSETTE.read_text().splitlines(keepends=True)
CHANGED = "prompts have changed: run .venv/bin/python -m tests.real ask-again, or RECORD=1 make model-test"


@pytest.mark.parametrize("planner", SETTINGS)
def test_the_recorded_session_runs_again_and_is_replayed(planner: str, tmp_path: Path) -> None:
    session = tmp_path / "session"
    report = run(planner, faulty(tmp_path / "project"), session, ReplayedModel.of(LINES))
    ends = list(calls(session))
    assert [end.problem for end in ends if end.problem] == [], CHANGED
    assert {end.status for end in ends} <= {"ok", "cut"}
    assert report["models"]["calls"] == len(ends) >= 2
    assert report["models"]["cost_usd"] == 0.0
    assert report["status"] == "not_repaired", "a model of this size repairs nothing here"
    assert replay_session(session).problems == ()
    asked = [(line["request"], line["answer"]) for line in map(json.loads, recorded(session))]
    assert asked == [
        (line["request"], line["answer"])
        for line in map(json.loads, LINES)
        if bool(line["request"]["tools"]) is (planner == "agent")
    ]


def test_what_was_asked_fits_the_window_as_the_model_itself_counted() -> None:
    counted = [line for line in map(json.loads, LINES) if line["usage"] is not None]
    assert counted
    for line in counted:
        assert 0 < line["usage"]["input"] <= WINDOW - line["request"]["max_tokens"]
        assert 0 < line["usage"]["output"] <= line["request"]["max_tokens"]
        assert line["finish"] == ("cut" if line["usage"]["output"] == line["request"]["max_tokens"] else "complete")
    for line in map(json.loads, LINES):
        told = "\n".join(turn.get("text", "") for turn in line["request"]["turns"])
        assert "`return 1750 - 1`" in told
        assert '    if code == "A0":' not in told, "the function is too long for the window"


@pytest.mark.thorough
def test_the_same_answers_can_be_written_down_for_other_questions(tmp_path: Path) -> None:
    again = [json.loads(line) for line in asked_again(tmp_path)]
    assert [line["request"] for line in again] == [json.loads(line)["request"] for line in LINES]
    assert [line["answer"] for line in again] == [json.loads(line)["answer"] for line in LINES]
