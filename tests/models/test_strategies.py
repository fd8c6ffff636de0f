"""Whole sessions with scripted models behind a real server: what is repaired, what is fed back, and how each ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models.server import Json, Play, serving

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

# What is wrong is that everything is missing: no edit of the search makes it.
ROMAN = "def roman(number):\n    return ''\n\n\ndef twice(x):\n    return 2 * x\n"
RIGHT = """\
roman.py
```python
def roman(number):
    text = ''
    for value, sign in ((10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')):
        while number >= value:
            text, number = text + sign, number - value
    return text
```
"""
FILES = {
    "roman.py": ROMAN,
    "test_roman.py": (
        "from roman import roman, twice\n\n\ndef test_twice():\n    assert twice(3) == 6\n\n\n"
        "def test_roman():\n    assert [roman(n) for n in (1, 4, 9, 14)] == ['I', 'IV', 'IX', 'XIV']\n"
    ),
}
CHEATING = """\
test_roman.py
<<<<<<< SEARCH
def test_roman():
=======
def no_test_of_roman():
>>>>>>> REPLACE
"""
CRASHING = "roman.py\n<<<<<<< SEARCH\n    return ''\n=======\n    import os\n    os._exit(0)\n>>>>>>> REPLACE\n"


def text_of(body: Json) -> str:
    return "\n".join(str(message.get("content")) for message in body["messages"])


@pytest.fixture
def repair(rfsn: Rfsn, project: Make, tmp_path: Path) -> Callable[..., Any]:
    """Repair the project with a scripted model: the report, the texts that the model was sent, and the exit code."""

    def run(
        script: Callable[[Json], Play], *options: str, files: dict[str, str] | None = None
    ) -> tuple[Any, list[str]]:
        with serving(script) as server:
            arguments = ("--model", "m", "--base-url", server.endpoint("chat"), "--out", tmp_path / "out", "--json")
            ran = rfsn("repair", project(files or FILES), *arguments, "--time-limit", "100", *options)
            assert server.problems == []
        assert rfsn("replay", tmp_path / "out").code == 0  # the server is gone
        report = ran.json
        assert report["models"]["calls"] == len(server.asked)
        return report, [text_of(asked.body) for asked in server.asked]

    return run


def says(*texts: str) -> Callable[[Json], Play]:
    """A model that gives these answers one after another, the last one for ever."""
    left = [*texts]
    return lambda _: Play(left.pop(0) if len(left) > 1 else left[0])


def test_single_answers_repair_what_the_search_cannot(repair: Callable[..., Any]) -> None:
    report, asked = repair(says(RIGHT), "--planner", "llm")
    assert report["status"] == "repaired", report["reason"]
    assert "(4, 'IV')" in report["patch"]
    assert len(asked) == 6
    assert all("test_roman" in text for text in asked)
    assert {line["purpose"] for line in report["models"]["asked"]} == {"patch"}


def test_the_ladder_asks_a_model_only_after_the_search(repair: Callable[..., Any]) -> None:
    report, _ = repair(says(RIGHT))
    assert report["status"] == "repaired", report["reason"]
    assert report["candidates"] > 1
    assert "got nowhere so far: search" in report["models"]["asked"][0]["why"]


@pytest.mark.thorough
def test_a_useless_model_changes_nothing_of_what_the_search_finds(
    repair: Callable[..., Any], rfsn: Rfsn, project: Make
) -> None:
    alone = rfsn("repair", project(FILES, "other"), "--planner", "search", "--time-limit", "100", "--json").json
    report, asked = repair(says("The code looks right to me."))
    assert asked
    assert (report["status"], report["patch"]) == (alone["status"], alone["patch"]) == ("not_repaired", None)
    assert report["candidates"] >= alone["candidates"]


@pytest.mark.thorough
def test_a_patch_to_a_test_is_denied_and_told(repair: Callable[..., Any]) -> None:
    report, asked = repair(says(*[CHEATING] * 6, RIGHT), "--planner", "llm")
    assert report["status"] == "repaired", report["reason"]
    assert "test_roman.py" not in report["patch"]
    assert "tamper.protected" in asked[6]
    assert report["outcomes"]["denied"] >= 1


@pytest.mark.thorough
def test_a_patch_that_ends_the_process_is_no_repair(repair: Callable[..., Any]) -> None:
    report, asked = repair(says(CRASHING), "--planner", "llm")
    assert report["status"] == "not_repaired"
    assert "The tests crash with it." in asked[6]


@pytest.mark.thorough
def test_a_patch_that_does_not_apply_is_told_with_the_nearest_lines(repair: Callable[..., Any]) -> None:
    unfit = "roman.py\n<<<<<<< SEARCH\n    result = compute(numerals)\n=======\n    result = 1\n>>>>>>> REPLACE\n"
    report, asked = repair(says(*[unfit] * 6, RIGHT), "--planner", "llm")
    assert report["status"] == "repaired", report["reason"]
    assert "An edit of roman.py could not be made" in asked[6]


@pytest.mark.thorough
def test_an_agent_reads_tries_and_hands_in(repair: Callable[..., Any]) -> None:
    plays = [
        Play("", (("read_file", '{"path": "roman.py"}'),)),
        Play(RIGHT.replace("(4, 'IV')", "(4, 'IIII')"), (("try_patch", "{}"),)),
        Play(RIGHT, (("apply_patch", "{}"),)),
    ]
    report, asked = repair(lambda _: plays.pop(0), "--planner", "agent")
    assert report["status"] == "repaired", report["reason"]
    assert ROMAN in asked[1]
    assert "test_roman" in asked[2]
    assert "tried: 1 failed" in asked[2]


@pytest.mark.thorough
def test_an_agent_that_proposes_the_same_again_and_again_is_left(repair: Callable[..., Any]) -> None:
    wrong = Play(RIGHT.replace("(4, 'IV')", "(4, 'IIII')"), (("try_patch", "{}"),))
    report, asked = repair(lambda _: wrong, "--planner", "agent")
    assert report["status"] == "not_repaired"
    assert len(asked) == 5
    assert "You repeat yourself" in asked[3]


def test_an_agent_with_wrong_tools_and_arguments_is_told_and_left(repair: Callable[..., Any]) -> None:
    report, asked = repair(lambda _: Play("", (("bash", '{"command": "rm -rf /"}'),)), "--planner", "agent")
    assert report["status"] == "not_repaired"
    assert "there is no tool 'bash'" in asked[1]
    assert len(asked) == 5


def test_an_agent_that_never_finishes_ends_at_the_limit_of_steps(repair: Callable[..., Any]) -> None:
    count = iter(range(1_000))
    search = lambda _: Play("", (("search_code", f'{{"text": "word {next(count)}", "pattern": "*"}}'),))  # noqa: E731
    report, asked = repair(search, "--planner", "agent", "--max-steps", "20")
    assert (report["status"], report["steps"]) == ("not_repaired", 20)
    assert len(asked) < 20


def test_an_issue_is_reproduced_repaired_and_named_as_its_oracle(repair: Callable[..., Any], tmp_path: Path) -> None:
    now = "from roman import roman\n\n\ndef test_issue():\n    assert roman(4) == ''"
    tests = f"```python\n{now}\n```\n```python\n{now.replace("''", "'IV'")}\n```\n"
    issue = tmp_path / "issue.md"
    issue.write_text("roman(4) is empty, and should be IV\n")
    files = {**FILES, "test_roman.py": FILES["test_roman.py"].partition("\n\n\ndef test_roman")[0] + "\n"}

    def script(body: Json) -> Play:
        if "You reproduce reported faults" in text_of(body):
            return Play(tests)
        return Play("best: 0" if "best:" in text_of(body) else RIGHT)

    report, _ = repair(script, "--planner", "llm", "--issue", str(issue), files=files)
    assert (report["status"], report["oracle"]) == ("repaired", "generated"), report["reason"]
    assert report["generated_test"]["path"] == "test_of_the_issue.py"
    assert "test_of_the_issue" not in report["patch"]
    assert "(4, 'IV')" in report["patch"]


def test_a_private_text_does_not_leave_and_comes_back(repair: Callable[..., Any]) -> None:
    private = "ada" + "@" + "lovelace-engines.com"
    files = {
        "mail.py": f"OWNER = {private!r}\n\n\ndef owner():\n    return None\n",
        "test_mail.py": "import mail\n\n\ndef test_owner():\n    assert mail.owner() == mail.OWNER\n",
    }

    def script(body: Json) -> Play:
        text = text_of(body)
        placeholder = text[text.index("REDACTED_EMAIL_", text.index("OWNER = ")) :][:21]
        return Play(f"mail.py\n<<<<<<< SEARCH\n    return None\n=======\n    return '{placeholder}'\n>>>>>>> REPLACE\n")

    report, asked = repair(script, "--planner", "llm", files=files)
    assert report["status"] == "repaired", report["reason"]
    assert f"+    return '{private}'" in report["patch"]
    assert not any(private in text for text in asked)
    assert report["models"]["redacted"] == {"email": 1}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "api", "key"),
    [
        ("openai:gpt-any", "responses", "OPENAI_API_KEY"),
        ("anthropic:claude-any", "messages", "ANTHROPIC_API_KEY"),
        ("chat:any", "chat", "CHAT_API_KEY"),
    ],
)
def test_an_agent_works_over_each_protocol(
    name: str, api: str, key: str, rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    plays = iter(
        [
            Play("I look first.", (("read_file", '{"path": "roman.py"}'),)),
            Play(RIGHT.replace("(4, 'IV')", "(4, 'IIII')"), (("try_patch", "{}"),)),
            Play(RIGHT, (("apply_patch", "{}"),)),
        ]
    )
    with serving(plays) as server:
        config = tmp_path / "rfsn.toml"
        prices = "input_usd = 1\noutput_usd = 2\ncached_usd = 0.5\nwritten_usd = 1"
        config.write_text(f'[models."{name}"]\nbase_url = "{server.endpoint(api)}"\n{prices}\n')
        arguments = ("--planner", "agent", "--model", name, "--config", config, "--out", tmp_path / "out", "--json")
        ran = rfsn("repair", project(FILES), *arguments, env={key: "sk-a-key-of-a-test-0123456789"})
        assert server.problems == []
    report = ran.json
    assert (report["status"], len(server.asked)) == ("repaired", 3), report["reason"]
    assert 0 < report["models"]["cost_usd"] < 0.01
    assert "def twice" in str(server.asked[1].body)
    assert "I look first." in str(server.asked[1].body)
    assert rfsn("replay", tmp_path / "out").code == 0
