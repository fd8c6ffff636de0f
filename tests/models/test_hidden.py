"""`rfsn eval --tests hidden`: the problem statement alone is shown, and the hidden tests decide afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models.server import Json, Play, serving
from tests.models.talkers import SETTINGS
from tests.models.test_strategies import FILES, RIGHT

type Rfsn = Callable[..., Any]

NOW = "from roman import roman\n\n\ndef test_issue():\n    assert roman(4) == ''"
WRITTEN = f"```python\n{NOW}\n```\n```python\n{NOW.replace("''", "'IV'")}\n```\n"
HIDDEN = (
    "\n\ndef test_hidden_marigold():\n    assert [roman(n) for n in (1, 4, 6)] == ['I', 'IV', 'VI']\n"
    "\n\ndef test_hidden_tulip():\n    assert roman(1) == 'I'\n"
)
SECRETS = (b"marigold", b"tulip", b"gold-patch-rose", b"hint-of-violet")


def answers(patch: str) -> Callable[[Json], Play]:
    def script(body: Json) -> Play:
        text = json.dumps(body)
        if "You reproduce reported faults" in text:
            return Play(WRITTEN)
        return Play("best: 0" if "best:" in text else patch)

    return script


@pytest.mark.slow
def test_hidden_tests_are_seen_by_nobody_and_decide(
    rfsn: Rfsn, project: Callable[..., Path], git: Callable[..., str], tmp_path: Path
) -> None:
    start = FILES["test_roman.py"].partition("\n\n\ndef test_roman")[0] + "\n"
    clone = project(FILES | {"test_roman.py": start}, "clones/someone__roman")
    base = git("rev-parse", "HEAD", cwd=clone).strip()
    (clone / "test_roman.py").write_text(start + HIDDEN)
    row = {
        "instance_id": "roman-1",
        "repo": "someone/roman",
        "base_commit": base,
        "problem_statement": "roman(4) is empty, and should be IV",
        "patch": "gold-patch-rose",
        "hints_text": "hint-of-violet",
        "test_patch": git("diff", cwd=clone),
        "test_command": ["python", "-m", "pytest", "-q", "test_roman.py"],
        "FAIL_TO_PASS": ["test_roman.py::test_hidden_marigold"],
        "PASS_TO_PASS": ["test_roman.py::test_hidden_tulip"],
    }
    git("checkout", "--quiet", ".", cwd=clone)
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "rfsn.toml").write_text(SETTINGS)
    with serving(answers(RIGHT)) as server:
        model = ("--planner", "llm", "--model", "scripted", "--base-url", server.endpoint("chat"))
        command = ("eval", tmp_path / "rows.jsonl", "--tests", "hidden", "--repos", tmp_path / "clones", *model)
        ran = rfsn(*command, "--config", tmp_path / "rfsn.toml", "--out", tmp_path / "out", "--json")
        asked = [json.dumps(one.body).encode() for one in server.asked]
    assert ran.code == 0, ran.err
    (found,) = map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())
    assert (found["status"], found["mode"], found["resolved"]) == ("repaired", "hidden", True), found
    assert asked
    session = tmp_path / "out" / "sessions" / "roman-1"
    contents = {str(path): path.read_bytes() for path in session.rglob("*") if path.is_file()}
    for where, content in [*enumerate(asked), *contents.items()]:
        for secret in SECRETS:
            assert secret not in content, where


def test_without_a_model_or_with_inline_rows_it_is_refused(rfsn: Rfsn, tmp_path: Path) -> None:
    row = {"instance_id": "one", "files": {"a.py": ""}, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    command = ("eval", tmp_path / "rows.jsonl", "--tests", "hidden", "--out", tmp_path / "out")
    ran = rfsn(*command)
    assert (ran.code, "--tests hidden needs a model" in ran.err) == (2, True)
    ran = rfsn(*command, "--model", "qwen3", "--base-url", "http://127.0.0.1:9/v1")
    assert (ran.code, "one is an inline row, whose tests are files of the project" in ran.err) == (2, True)
    assert not (tmp_path / "out").exists()
