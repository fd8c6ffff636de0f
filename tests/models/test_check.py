"""`rfsn models check`: one call, whose end says whether repairs can use the model."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rfsn.models.check import Checked, check_model
from rfsn.sessions.blobs import BlobStore
from tests.models.office import APIS, card_of
from tests.models.server import ModelServer, Play

CANARY = "sk-canary-abcdefghijklmnopqrstuvwxyz"
READY = Play(calls=(("ready", '{"word": "yes"}'),))


@pytest.fixture
def checked(server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Checked]:
    monkeypatch.setenv("CHAT_API_KEY", CANARY)

    def check(play: Play, api: str = "chat", **settings: Any) -> Checked:
        server.play([play])
        settings = {"key_variable": "CHAT_API_KEY"} | settings
        card = replace(card_of(server.endpoint(api), api, **settings), max_tokens=500)
        return check_model(card, BlobStore(tmp_path / "blobs"), max_cost_usd=1.0)

    return check


@pytest.mark.parametrize("api", APIS)
def test_a_model_that_calls_the_tool_can_be_used(
    api: str, checked: Callable[..., Checked], server: ModelServer
) -> None:
    found = checked(READY, api)
    assert (found.status, found.answered, found.tools, found.problem) == ("usable", True, True, "")
    assert found.usage is not None
    assert found.usage.input == 100
    assert 0 < found.cost_usd < 0.001
    (asked,) = server.asked
    assert CANARY in " ".join(asked.headers.values())


@pytest.mark.parametrize(
    ("play", "status", "said"),
    [
        (Play("I am ready."), "unusable", "called no tool: set tools = false"),
        (Play("I am", finish="cut"), "unusable", "it used up 500 tokens before it called the tool: set a lower effort"),
        (Play("", finish="refused"), "unusable", ""),
        (Play(status=401, error={"message": f"Incorrect API key: {CANARY}"}), "usage_error", "401"),
        (Play(status=404, error={"message": "no such model"}), "usage_error", "404"),
        (Play(status=400, error={"message": f"bad {CANARY}"}), "usage_error", "400"),
        (Play(status=429, error={"message": "slow down"}), "infra_error", "429"),
        (Play(status=500), "infra_error", "500"),
        (Play(fault="cut"), "infra_error", ""),
        (Play(fault="garbled"), "infra_error", ""),
    ],
)
def test_what_is_wrong_is_told_apart(
    play: Play, status: str, said: str, checked: Callable[..., Checked], server: ModelServer
) -> None:
    found = checked(play)
    assert found.status == status, found
    assert said in found.problem
    assert found.problem
    assert CANARY not in repr(found)
    assert len(server.asked) == 1, "one call, whatever comes of it"


def test_a_model_without_tools_names_them_in_its_text(checked: Callable[..., Checked]) -> None:
    text = '```tool\n{"name": "ready", "arguments": {"word": "yes"}}\n```'
    found = checked(Play(text), tools=False)
    assert (found.status, found.tools) == ("usable", True)


def test_a_model_that_names_no_tool_in_its_text_either_is_no_agent(checked: Callable[..., Checked]) -> None:
    for finish in ("complete", "cut"):
        found = checked(Play("I am ready.", finish=finish), tools=False)
        assert (found.status, found.answered, found.tools) == ("unusable", True, False)
        assert "called no tool in words either" in found.problem


def test_nobody_at_the_endpoint(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        card = replace(card_of(f"http://127.0.0.1:{free.getsockname()[1]}/v1"), max_tokens=500)
        found = check_model(card, BlobStore(tmp_path), max_cost_usd=1.0)
    assert (found.status, found.answered) == ("infra_error", False)
    assert "cannot be reached" in found.problem


def test_the_command_says_it_with_its_exit_code(server: ModelServer, rfsn: Callable[..., Any], tmp_path: Path) -> None:
    server.play([READY, Play("no tool"), Play(status=401, error={"message": CANARY})])
    file = tmp_path / "rfsn.toml"
    file.write_text(f'[models."openai:m"]\nbase_url = "{server.url}/v1"\ninput_usd = 1\nwindow = 5000\n')
    command = ("models", "check", "openai:m", "--config", file)
    env = {"OPENAI_API_KEY": CANARY}
    ran = rfsn(*command, "--json", env=env)
    assert (ran.code, ran.err) == (0, "")
    found = ran.json
    expected = {"status": "usable", "answered": True, "tools": True, "key": True, "api": "responses", "window": 5000}
    assert {key: found[key] for key in expected} == expected
    assert (found["input_usd"], found["priced"], found["problem"]) == (1.0, "rfsn.toml", "")
    plain = rfsn(*command, env=env)
    assert plain.code == 1
    assert plain.out.splitlines()[-1].startswith("unusable: it answered, but called no tool")
    assert "5000 tokens (rfsn.toml)" in plain.out
    refused = rfsn(*command, env=env)
    assert refused.code == 2
    assert CANARY not in plain.out + plain.err + refused.out + refused.err + json.dumps(found)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("openai:gpt-6-luna",), "set OPENAI_API_KEY"),
        (("qwen3",), "--base-url URL"),
        (("qwen3", "--base-url", "https://models.example/v1"), "add to"),
        (("qwen3", "--base-url", "https://ada:secret@models.example/v1"), "--base-url: it has credentials"),
    ],
)
def test_what_is_wrong_before_the_call(arguments: tuple[str, ...], said: str, rfsn: Callable[..., Any]) -> None:
    ran = rfsn("models", "check", *arguments, "--json", env={"OPENAI_API_KEY": ""})
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert said in ran.json["reason"]
    assert "secret" not in ran.out + ran.err


def test_the_list_has_what_is_configured_first(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "rfsn.toml"
    file.write_text(
        'model = ["qwen3", "what"]\njudge_model = "ollama:gemma"\n'
        '[models.qwen3]\nbase_url = "http://127.0.0.1:1/v1"\nwindow = 9000\n'
    )
    ran = rfsn("models", "list", "--config", file, "--json", env={"DEEPSEEK_API_KEY": CANARY, "OPENAI_API_KEY": ""})
    assert (ran.code, ran.err) == (0, "")
    rows = {row["name"]: row for row in ran.json["models"]}
    assert list(rows)[:3] == ["qwen3", "what", "ollama:gemma"]
    assert (rows["qwen3"]["window"], rows["qwen3"]["priced"], rows["qwen3"]["key"]) == (9000, "free", True)
    assert "--model PROVIDER:what" in rows["what"]["problem"]
    assert rows["deepseek:deepseek-v4-flash"]["key"]
    assert not rows["openai:gpt-6-luna"]["key"]
    assert [row["configured"] for row in rows.values()] == [True] * 3 + [False] * (len(rows) - 3)
    plain = rfsn("models", "list", "--config", file)
    assert plain.code == 0
    assert len([line for line in plain.out.splitlines() if not line.startswith("  | ")]) == len(rows)
    assert CANARY not in ran.out + plain.out
