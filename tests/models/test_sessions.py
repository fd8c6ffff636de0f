"""Sessions that may ask models: what is said and recorded first, what is refused, and where no key ever is."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gate import Action, AskModel, ModelCard, Phase, RunTests, Turn
from planners.observations import ModelReplied
from planners.testing import ScriptedPlanner
from rfsn.cli.notice import tell_destinations
from rfsn.compose import run_session
from rfsn.config import Config, load_config
from rfsn.errors import JournalError, UsageError
from rfsn.models.cards import cards_of
from rfsn.models.names import PROVIDERS
from rfsn.project.project import Project
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import ModelsReady, Observed
from rfsn.sessions.projection import Projection
from rfsn.sessions.record import Record
from rfsn.sessions.session import Session
from rfsn.tables import ModelConfig
from tests.models.server import ModelServer, Play

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

CANARY = "sk-canary-abcdefghijklmnopqrstuvwxyz"
LOCAL = ("--base-url", "http://127.0.0.1:9/v1")
NO_KEYS = {provider.key_variable: "" for provider in PROVIDERS.values()}
FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "test_thing.py": (
        "import os\n\nfrom thing import least\n\n\ndef test_least():\n"
        "    seen = [*os.environ.items(), open('/proc/self/environ').read(), open('/proc/1/environ').read()]\n"
        "    if least(1, 2) != 1:\n        raise AssertionError(f'environment: {seen}')\n"
    ),
}
ISSUE = "`least(1, 2)` is 2.\n\nIt should be 1. \N{WHITE HEAVY CHECK MARK}\n"


@pytest.fixture
def repo(project: Make) -> Path:
    return project(FILES)


def models_ready(folder: Path) -> list[ModelsReady]:
    events = (entry.event for entry in Record.read(folder).entries())
    return [event for event in events if isinstance(event, ModelsReady)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An `RFSN_HOME` of this test alone: what it says of the sessions in it, no other test changes."""
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "openai:gpt-6-luna"), "set OPENAI_API_KEY"),
        (("--judge-model", "claude-sonnet-5-5"), "set ANTHROPIC_API_KEY"),
        (("--planner", "llm"), "name one with --model [PROVIDER:]NAME"),
        (("--planner", "agent"), "name one with --model [PROVIDER:]NAME"),
        (("--planner", "genius"), "the planner 'genius' is not installed (rfsn's own: auto, search, llm, agent; "),
        (("--model", "qwen3"), "or add --base-url URL"),
        (("--model", "qwen3", "--base-url", "https://models.example/v1"), "add to"),
        (("--max-cost", "-1"), "--max-cost: -1.0 is invalid; allowed: a number at least 0"),
        (("--issue", "missing.md", "--model", "m", *LOCAL), "--issue missing.md: the file cannot be read"),
    ],
)
def test_what_is_missing_ends_the_command_before_a_session(
    arguments: tuple[str, ...], said: str, repo: Path, rfsn: Rfsn, own: Path, tmp_path: Path
) -> None:
    env = NO_KEYS | {"RFSN_HOME": str(own)}
    ran = rfsn("repair", repo, *arguments, "--out", tmp_path / "out", "--json", env=env)
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert said in ran.json["reason"]
    assert not (tmp_path / "out").exists()
    assert not list(own.glob("sessions/*"))


@pytest.mark.thorough
def test_without_a_model_one_line_says_that_nothing_leaves(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    known = {"XAI_API_KEY": CANARY}
    for keys, said in (({}, "search only: no model"), (known, "search only: XAI_API_KEY is set, but no")):
        ran = rfsn("repair", repo, "--out", tmp_path / f"out{len(keys)}", env=NO_KEYS | keys)
        assert ran.code == 0
        lines = ran.err.splitlines()
        assert lines[0].startswith(said)
        assert lines[0].endswith("model is named with --model, so no source leaves this machine")
        assert "models:" not in ran.err
        report = json.loads((tmp_path / f"out{len(keys)}" / "report.json").read_text())
        assert report["models"] is None
    assert models_ready(tmp_path / "out0") == []


def test_with_a_model_one_line_says_where_source_goes(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    file = tmp_path / "rfsn.toml"
    file.write_text('[models.dear]\nbase_url = "http://[::1]:9/v1"\ninput_usd = 1\noutput_usd = 2\n')
    options = ("--model", "m", *LOCAL, "--judge-model", "dear", "--max-cost", "0.5", "--config", file)
    ran = rfsn("repair", repo, *options, "--out", tmp_path / "out", env=NO_KEYS)
    assert ran.code == 0
    assert ran.err.splitlines()[0] == (
        "models: parts of the source go to http://127.0.0.1:9/v1 (m; on this machine; free) "
        "and http://[::1]:9/v1 (dear; on this machine), for at most 0.5 USD"
    )
    assert re.search(r"^models: \d+ calls?, \d\.\d{4} of 0.5 USD$", ran.err, re.MULTILINE)
    (ready,) = models_ready(tmp_path / "out")
    assert [card.name for card in ready.cards] == ["m", "dear"]
    assert ready.judge is not None
    assert ready.judge.input_usd == 1
    assert len(ready.salt) == 32
    assert json.loads((tmp_path / "out" / "report.json").read_text())["models"]["max_cost_usd"] == 0.5
    assert rfsn("replay", tmp_path / "out", env=NO_KEYS).code == 0, "replaying needs no key"


def test_an_endpoint_elsewhere_is_named_with_what_it_may_cost(capsys: pytest.CaptureFixture[str]) -> None:
    plain = ModelConfig(base_url="http://models.example/v1", input_usd=1, output_usd=2)
    config = Config(model=("gpt-6-luna", "gpt-6-sol", "m"), models={"m": plain})
    tell_destinations(cards_of(config), config, as_json=True)
    assert capsys.readouterr().err == (
        "models: parts of the source go to http://models.example/v1 (m; not encrypted) "
        "and https://api.openai.com/v1 (gpt-6-luna, gpt-6-sol), for at most 2 USD\n"
    )


def test_what_only_models_need_is_imported_with_them() -> None:
    code = "import sys, rfsn.cli.commands, rfsn.cli.sessions, rfsn.replay; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"openai", "anthropic", "genai_prices", "httpx2", "keyring", "aiolimiter"}


@pytest.mark.thorough
def test_the_search_planner_leaves_configured_models_alone(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    file = tmp_path / "rfsn.toml"
    file.write_text('model = ["openai:gpt-6-luna"]\n')
    ran = rfsn("repair", repo, "--planner", "search", "--config", file, "--out", tmp_path / "out", env=NO_KEYS)
    assert ran.code == 0
    assert "source" not in ran.err.splitlines()[0]
    assert models_ready(tmp_path / "out") == []
    (tmp_path / "fix.diff").write_text((tmp_path / "out" / "patch.diff").read_text())
    judged = rfsn("judge", tmp_path / "fix.diff", "--repo", repo, "--config", file, "--json", env=NO_KEYS)
    assert (judged.code, judged.json["models"]) == (0, None), "a verdict asks no model"


@pytest.mark.thorough
def test_a_session_goes_on_with_the_models_and_prices_that_it_began_with(
    repo: Path, tmp_path: Path, rfsn: Rfsn
) -> None:
    settings = ModelConfig(base_url="https://models.example/v1", input_usd=1, output_usd=2)
    config = Config(model=("m",), models={"m": settings}, memory=False)
    folder = tmp_path / "session"

    class Stop:
        """Stops the session at its first step, as Ctrl-C would."""

        def propose(self, *_: object) -> Any:
            raise KeyboardInterrupt

    session = Session.create(str(repo), config, folder)
    with pytest.raises(KeyboardInterrupt):
        run_session(session, planner=Stop())
    session.close()
    (ready,) = models_ready(folder)
    lines = (folder / "journal.jsonl").read_text().count("\n")
    for _ in range(2):
        refused = rfsn("resume", folder, "--json", env=NO_KEYS)
        assert (refused.code, refused.json["status"]) == (2, "usage_error")
        assert "set CHAT_API_KEY" in refused.json["reason"]
    assert Record.read(folder).projection.ended is None, "it can still be resumed"
    done = rfsn("resume", folder, "--json", env=NO_KEYS | {"CHAT_API_KEY": CANARY})
    assert (done.code, done.json["status"]) == (0, "repaired")
    assert "models: parts of the source go to https://models.example/v1 (m)" in done.err
    assert models_ready(folder) == [ready], "once, with one salt"
    assert (folder / "journal.jsonl").read_text().count("\n") > lines


def test_planner_and_gate_see_the_recorded_models_and_what_is_left(repo: Path, tmp_path: Path) -> None:
    config = Config(model=("m",), judge_model="j", base_url="http://127.0.0.1:9/v1", max_cost=0.75, memory=False)
    session = Session.create(str(repo), config, tmp_path / "session")
    try:
        run_session(session, planner=ScriptedPlanner([]))
        project = Project(session)
        seen, (ready,) = project.planner_context(session.projection), models_ready(session.folder)
        assert [card.name for card in seen.models] == ["m"]
        assert seen.judge is not None
        assert (seen.judge.name, seen.max_cost_usd, seen.salt, seen.issue) == ("j", 0.75, ready.salt, "")
        later = replace(session.projection, spent_usd=0.5)
        assert project.planner_context(later).spent_usd == 0.5
        assert project.gate_context(later).left_usd == pytest.approx(0.25)
        context = project.gate_context(session.projection)
        assert ([card.name for card in context.models], context.left_usd) == (["m", "j"], 0.75)
        spent = Projection(spent_usd=0.5)
        assert project.gate_context(spent).left_usd == 0.25
        assert project.gate_context(Projection(spent_usd=5.0)).left_usd == 0.0
        assert project.gate_context(spent).models == (), "before they are recorded there are none"
    finally:
        session.close()


# Keys


def contents(folder: Path) -> str:
    """All that is in a session's folder, its blobs inflated."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found.append(zlib.decompress(data) if path.parent.name == "blobs" else data)
    assert len(found) > 5
    return b"\n".join(found).decode(errors="replace")


@pytest.mark.parametrize("tools", [True, False])
def test_a_key_is_sent_to_its_endpoint_and_is_nowhere_else(
    tools: bool,  # noqa: FBT001  # a parameter of a test
    repo: Path,
    server: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The tests print their environment, and the server repeats the key wherever it can."""
    monkeypatch.setenv("CHAT_API_KEY", CANARY)
    monkeypatch.setenv("RFSN_LOG", "json")
    server.play(
        [
            Play(f"your key is {CANARY}", calls=((f"tool-{CANARY}", json.dumps({"key": CANARY})),)),
            Play(status=400, error={"message": f"{CANARY} is wrong", "code": CANARY}),
            Play(status=401, error={"message": f"{CANARY} is wrong"}),
        ]
    )
    config = Config(
        model=("m",), base_url=server.endpoint("chat"), memory=False, models={"m": ModelConfig(tools=tools)}
    )
    ask = AskModel("m", "patch", ((Turn("user", "What is the key?"),),), 100)
    script: list[tuple[Phase, Action]] = [
        (Phase.REPRODUCE, RunTests()),
        (Phase.PATCH, ask),
        (Phase.PATCH, ask),
        (Phase.PATCH, ask),
    ]
    session = Session.create(str(repo), config, tmp_path / "session")
    try:
        report = run_session(session, planner=ScriptedPlanner(script))
    finally:
        session.close()
    observed = [entry.event.observation for entry in session.entries() if isinstance(entry.event, Observed)]
    replies = [reply for replied in observed if isinstance(replied, ModelReplied) for reply in replied.replies]
    assert [reply.finish for reply in replies] == ["complete", "failed", "failed"]
    assert len(server.asked) == 3
    assert all(asked.headers["authorization"] == f"Bearer {CANARY}" for asked in server.asked)
    said = capfd.readouterr()
    everything = contents(session.folder) + json.dumps(report) + said.out + said.err
    assert "your key is [key]" in everything
    assert "environment: [('" in everything, "the tests did show theirs"
    assert CANARY not in everything
    assert CANARY.encode().hex() not in everything


# The issue


@pytest.mark.thorough
def test_an_issue_is_kept_with_the_session(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    file, folder = tmp_path / "bug.md", tmp_path / "out"
    file.write_text(ISSUE)
    ran = rfsn("repair", repo, "--issue", file, "--model", "m", *LOCAL, "--out", folder, "--json")
    assert (ran.code, ran.json["status"]) == (0, "repaired")
    assert (folder / "issue.md").read_text() == ISSUE
    record = Record.read(folder)
    assert record.config.issue == hashlib.sha256(ISSUE.encode()).hexdigest()
    file.unlink()
    assert Project(record).planner_context(record.projection).issue == ISSUE
    assert rfsn("replay", folder).code == 0
    (folder / "issue.md").write_text(ISSUE.replace("should", "must"))
    with pytest.raises(JournalError, match="not the text that the journal names"):
        Project(Record.read(folder)).planner_context(record.projection)
    assert rfsn("replay", folder).code == 2
    (folder / "issue.md").unlink()
    assert rfsn("replay", folder).code == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty or not a text"),
        (b" \n\t\n", "empty or not a text"),
        (b"a\0b", "empty or not a text"),
        (b"\xff\xfe", "not UTF-8"),
        ("\N{EURO SIGN}".encode() * 50_000, "larger than 128 KiB"),
    ],
)
def test_a_text_that_is_no_issue_is_refused(content: bytes, said: str, repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    file = tmp_path / "bug.md"
    file.write_bytes(content)
    ran = rfsn("repair", repo, "--issue", file, "--model", "m", *LOCAL, "--out", tmp_path / "out", "--json")
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert said in ran.json["reason"]
    assert not (tmp_path / "out").exists()


def test_an_issue_needs_a_model_to_read_it(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    file = tmp_path / "bug.md"
    file.write_text(ISSUE)
    ran = rfsn("repair", repo, "--issue", file, "--json")
    assert (ran.code, ran.json["status"]) == (2, "usage_error")
    assert "--issue is read by a model" in ran.json["reason"]


def test_the_settings_come_from_options_variables_and_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rfsn.toml"
    file.write_text('model = ["a", "b"]\nmax_cost = 0.25\nplanner = "llm"\naccept_generated = true\n')
    assert load_config({}, file).model == ("a", "b")
    monkeypatch.setenv("RFSN_MODEL", "c 'd:e'")
    monkeypatch.setenv("RFSN_MAX_COST", "0.5")
    config = load_config({"planner": "agent"}, file)
    assert (config.model, config.max_cost, config.planner) == (("c", "d:e"), 0.5, "agent")
    assert config.accept_generated


@pytest.mark.parametrize("settings", ["", "[1]", "[" * 5_000, '{"samples": 1000000000}', '{"window": -1}'])
def test_a_journal_of_others_has_sound_settings(settings: str) -> None:
    card = ModelCard("m", "chat", "m", "http://127.0.0.1:9/v1", settings=settings)
    with pytest.raises(ValidationError):
        ModelsReady(models=(), judge=card)


def test_a_journal_of_others_has_a_reply_to_each_question(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="there is no reply"):
        Observed(proposal="s0001", observation=ModelReplied((), 0.0, 0.0))
    blobs = BlobStore(tmp_path)
    with pytest.raises(JournalError, match="not what the journal says it is"):
        blobs.answer(blobs.put_output("[1]"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (f'key_variable = "{CANARY}"', "models.m.key_variable: not the name of an environment variable"),
        (f'extra = {{ api_key = "{CANARY}" }}', "models.m.extra: api_key has a key"),
        (f'extra = {{ headers = [{{ X-API-Key = "{CANARY}" }}] }}', "models.m.extra: X-API-Key has a key"),
        (f'extra = {{ user = "{"ghp_" + "a1B2" * 9}" }}', "models.m.extra: user has a key"),
        (f'base_url = "https://me:{CANARY}@models.example/v1"', "models.m.base_url: it has credentials"),
    ],
)
def test_a_key_in_the_configuration_is_refused_and_not_quoted(lines: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rfsn.toml"
    file.write_text(f"[models.m]\n{lines}\n")
    with pytest.raises(UsageError) as refused:
        load_config({}, file)
    assert said in str(refused.value)
    assert CANARY not in str(refused.value)
    assert "a1B2" not in str(refused.value)


def test_further_fields_that_are_no_keys_stay() -> None:
    fields = {"service_tier": "flex", "provider": {"order": ["a"], "tokens": [1]}, "prompt_cache_key": "shared"}
    assert ModelConfig(extra=fields).extra == fields
