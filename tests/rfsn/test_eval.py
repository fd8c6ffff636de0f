"""`rfsn eval`: many instances, each ended, counted once, and never shown its reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]

SECRET = "the-reference-solution"


def row(id: str, source: str, test: str, **more: Any) -> dict[str, Any]:
    return {
        "instance_id": id,
        "language": "python",
        "files": {"thing.py": source, "helper.py": "VALUE = 3\n", "test_thing.py": test},
        "source_files": ["thing.py"],
        "test_files": ["test_thing.py"],
        "test_command": ["python", "-m", "pytest", "-q", "test_thing.py"],
        "problem_statement": "It fails.",
        "reference": {"thing.py": f"# {SECRET}\n"},
        **more,
    }


TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
ROWS = [
    row("wrong-operator", "def least(a, b):\n    return a if a > b else b\n", TEST),
    row("hopeless", "def least(a, b):\n    raise NotImplementedError\n", "def test_no():\n    assert 1 == 2\n"),
    row("fine", "def least(a, b):\n    return min(a, b)\n", TEST),
    row(
        "helper-is-a-test",
        "def least(a, b):\n    return a\n",
        "import helper\n\n\ndef test():\n    assert helper.VALUE == 4\n",
        test_files=["test_thing.py", "helper.py"],
    ),
]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def lines(path: Path) -> dict[str, Mapping[str, Any]]:
    return {entry["instance_id"]: entry for entry in map(json.loads, path.read_text().splitlines())}


def test_every_instance_ends_and_is_counted(rfsn: Rfsn, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("eval", dataset, "--workers", "2", "--instance-timeout", "60", "--out", out)
    ran = rfsn(*command, "--json")
    assert ran.code == 0
    summary = ran.json
    assert ran.err == ""
    assert {key: summary[key] for key in ("total", "repaired", "not_repaired", "nothing_to_repair")} == {
        "total": 4,
        "repaired": 1,
        "not_repaired": 2,
        "nothing_to_repair": 1,
    }
    assert summary["cpu_seconds"] > 0
    results = lines(out / "results.jsonl")
    expected = {"instance_id", "status", "seconds", "cpu_seconds", "candidates", "patch", "reason", "session", "seed"}
    assert all(set(result) == expected for result in results.values())
    assert results["wrong-operator"]["status"] == "repaired"
    predictions = lines(out / "predictions.jsonl")
    assert predictions["wrong-operator"]["model_patch"] == results["wrong-operator"]["patch"]
    assert predictions["hopeless"]["model_patch"] == ""
    assert {entry["model_name_or_path"] for entry in predictions.values()} == {"rfsn-search"}
    for path in out.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path

    before = (out / "results.jsonl").read_bytes()
    again = rfsn(*command, "--json").json
    assert (out / "results.jsonl").read_bytes() == before, "finished instances ran again"
    assert again["total"] == 4

    refused = rfsn("eval", dataset, "--instance-timeout", "61", "--out", out)
    assert refused.code == 2
    assert "another data set or configuration" in refused.err

    retried = rfsn(*command, "--retry", "not_repaired", "--json").json
    assert retried["total"] == 4
    assert len((out / "results.jsonl").read_text().splitlines()) == 4
    assert (out / "results.jsonl").read_bytes() != before


def test_a_stopped_evaluation_goes_on(rfsn: Rfsn, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rfsn("eval", dataset, "--out", out, "--limit", "1", "--json")
    with (out / "results.jsonl").open("a") as file:
        file.write('{"instance_id": "hope')
    ran = rfsn("eval", dataset, "--out", out, "--only", "wrong-operator", "--only", "fine")
    assert ran.code == 0
    assert sorted(lines(out / "results.jsonl")) == ["fine", "wrong-operator"]
    assert "fine: nothing_to_repair" in ran.err
    assert "wrong-operator: repaired" not in ran.err, "a finished instance ran again"
    assert "total 2" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("no json\n", "rows.jsonl:1"),
        (json.dumps({"instance_id": "x"}), "Field required"),
        (json.dumps(ROWS[0]) + "\n" + json.dumps(ROWS[0]), "two rows"),
    ],
)
def test_a_bad_data_set_is_named_with_its_line(rfsn: Rfsn, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rows.jsonl").write_text(text)
    ran = rfsn("eval", tmp_path / "rows.jsonl", "--out", tmp_path / "out")
    assert ran.code == 2
    assert said in ran.err


def test_unknown_instances_and_files_are_refused(rfsn: Rfsn, dataset: Path, tmp_path: Path) -> None:
    assert "no instance nobody" in rfsn("eval", dataset, "--only", "nobody", "--out", tmp_path / "out").err
    assert rfsn("eval", tmp_path / "missing.jsonl").code == 2
