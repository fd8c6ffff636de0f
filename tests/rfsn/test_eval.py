"""`rfsn eval`: many instances, each ended, counted once, and never shown its reference."""

from __future__ import annotations

import json
import shutil
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


@pytest.mark.slow
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
    report = json.loads((out / "report.json").read_text())
    assert (report["schema_version"], report["resolved_ids"]) == (2, ["wrong-operator"])
    assert report["empty_patch_ids"] == ["fine", "helper-is-a-test", "hopeless"]
    for path in out.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path

    before = (out / "results.jsonl").read_bytes()
    again = rfsn(*command, "--json").json
    assert (out / "results.jsonl").read_bytes() == before, "finished instances ran again"
    assert again["total"] == 4

    refused = rfsn("eval", dataset, "--time-limit", "61", "--out", out)
    assert refused.code == 2
    assert f"{out} holds results of time_limit 60.0, not 61.0: choose another --out" in refused.err

    (out / "predictions.jsonl").write_text("")
    rfsn(*command, "--only", "fine", "--retry", "not_repaired")
    assert (out / "results.jsonl").read_bytes() == before, "a result that was not chosen was dropped"
    assert json.loads((out / "report.json").read_text()) == report, "the report is of all instances that have a result"
    assert sorted(lines(out / "predictions.jsonl")) == sorted(results), "a prediction that a crash lost is missing"

    left = [line for line in before.splitlines(keepends=True) if b'"fine"' not in line]
    (out / "results.jsonl").write_bytes(b"".join(left))  # as if it was killed before it could write the line
    journals = {name: (out / "sessions" / name / "journal.jsonl").read_bytes() for name in ("fine", "wrong-operator")}
    assert rfsn(*command, "--retry", "repaired", "--json").json["total"] == 4
    for name, same in (("fine", True), ("wrong-operator", False)):
        journal = (out / "sessions" / name / "journal.jsonl").read_bytes()
        assert (journal == journals[name]) is same, f"{name}: what was cut off goes on, what is retried begins anew"
    before = (out / "results.jsonl").read_bytes()

    kept = [line for line in before.splitlines(keepends=True) if b'"hopeless"' not in line]
    (out / "results.jsonl").write_bytes(b"".join(kept))
    shutil.rmtree(out / "sessions" / "hopeless")
    shutil.copytree(out / "sessions" / "wrong-operator", out / "sessions" / "hopeless")
    assert rfsn(*command, "--json").json["not_repaired"] == 2, "the session of another instance was taken for its own"
    before = (out / "results.jsonl").read_bytes()

    retried = rfsn(*command, "--retry", "not_repaired", "--json").json
    assert retried["total"] == 4
    assert len((out / "results.jsonl").read_text().splitlines()) == 4
    assert (out / "results.jsonl").read_bytes() != before


@pytest.mark.thorough
def test_the_last_line_says_where_nothing_could_run(rfsn: Rfsn, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [row(name, "", "import nothing_of_that_name\n") for name in ("one", "two")]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    ran = rfsn("eval", path, "--out", tmp_path / "out")
    assert ran.code == 0, "every row ended"
    assert "infra_error 2" in ran.err.splitlines()[-2]
    assert ran.err.splitlines()[-1].startswith("no repair was started: the problem is the machine or the data set")
    path.write_text(f"{json.dumps(rows[0])}\n{json.dumps(row('three', '', 'def test(): pass\n'))}\n")
    mixed = rfsn("eval", path, "--out", tmp_path / "mixed")
    assert "no repair was started" not in mixed.err


def test_a_stopped_evaluation_continues(rfsn: Rfsn, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rfsn("eval", dataset, "--out", out, "--limit", "1", "--json")
    with (out / "results.jsonl").open("a") as file:
        file.write('{"instance_id": "hope')
    ran = rfsn("eval", dataset, "--out", out, "--only", "wrong-operator", "--only", "fine")
    assert ran.code == 0
    assert sorted(lines(out / "results.jsonl")) == ["fine", "wrong-operator"]
    assert "fine: nothing_to_repair" in ran.err
    for wrong, said in ((("--repos", tmp_path / "no"), "there is no such folder"), (("--limit", str(10**20)), "")):
        again = rfsn("eval", dataset, "--out", out, "--only", "fine", *wrong)
        assert (again.code, said in again.err) == (2 if said else 0, True), again.err
    assert "wrong-operator: repaired" not in ran.err, "a finished instance ran again"
    assert "total 2" in ran.err


def test_rows_of_repositories(
    rfsn: Rfsn, project: Callable[..., Path], git: Callable[..., str], tmp_path: Path
) -> None:
    files = {
        "src/least/__init__.py": "def least(a, b):\n    return a if a > b else b\n",
        "tests/test_old.py": "from least import least\n\n\ndef test_same():\n    assert least(1, 1) == 1\n",
        "pytest.ini": "[pytest]\npythonpath = src\n",
    }
    clone = project(files, "clones/someone__least")
    base = git("rev-parse", "HEAD", cwd=clone).strip()
    (clone / "tests" / "test_new.py").write_text(TEST.replace("from thing", "from least"))
    git("add", "--all", cwd=clone)
    test_patch = git("diff", "--cached", cwd=clone)
    (clone / "src/least/__init__.py").write_text("def least(a, b):\n    return min(a, b)\n")
    gold = git("diff", "--", "src", cwd=clone)
    git("commit", "--quiet", "--all", "--message", "fix", cwd=clone)
    common: dict[str, Any] = {
        "repo": "someone/least",
        "base_commit": base,
        "patch": gold,
        "hints_text": SECRET,
        "test_patch": test_patch,
        "test_command": ["python", "-m", "pytest", "-q"],
        "FAIL_TO_PASS": json.dumps(["tests/test_new.py::test_least"]),
        "PASS_TO_PASS": ["tests/test_old.py::test_same"],
    }
    rows = [
        common | {"instance_id": "least-1"},
        common
        | {"instance_id": "least-2", "packages": ["pytest"]}
        | {"test_command": ["env", "LEAST=2", *common["test_command"]]},
        common | {"instance_id": "no-clone", "repo": "nobody/nothing"},
        common | {"instance_id": "bad-patch", "test_patch": test_patch.replace("+++ b/tests/", "+++ b/../")},
    ]
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = rfsn("eval", dataset, "--repos", tmp_path / "clones", "--out", tmp_path / "out", "--json")
    assert (ran.json["repaired"], ran.json["infra_error"]) == (2, 2)
    results = lines(tmp_path / "out" / "results.jsonl")
    predictions = lines(tmp_path / "out" / "predictions.jsonl")
    for name in ("least-1", "least-2"):
        assert results[name]["mode"] == predictions[name]["mode"] == "given"
        assert results[name]["baseline"] == {"fail_to_pass": 1, "failing": 1, "pass_to_pass": 1, "passing": 1}
    journal = (tmp_path / "out" / "sessions" / "least-2" / "journal.jsonl").read_text()
    assert '"env":{"LEAST":"2"}' in journal.replace(": ", ":"), "a variable before the command is one of the command"
    assert "no clone of nobody/nothing" in results["no-clone"]["reason"]
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("no json\n", "rows.jsonl:1"),
        (json.dumps({"instance_id": "x"}), "the row has no known shape: its columns are instance_id; "),
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
