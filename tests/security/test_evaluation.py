"""A data set is hostile: no row of it reaches a file of the user, or ends an evaluation with anything but a message."""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.evaluation.formats import opened_dataset
from rfsn.evaluation.results import Results

type Rfsn = Callable[..., Any]

FILES = {"thing.py": "VALUE = 1\n", "test_thing.py": "import thing\n\n\ndef test():\n    assert thing.VALUE == 1\n"}
ROW = {"instance_id": "one", "files": FILES, "test_command": ["python", "-m", "pytest"]}
REPOSITORY_ROW = {
    "instance_id": "django__django-11099",
    "repo": "django/django",
    "base_commit": "d26b2424437dabeeca94d7900b37d2df4410da0c",
    "test_patch": "",
    "test_command": ["python", "-m", "pytest"],
    "FAIL_TO_PASS": '["tests/test_x.py::test_x[a/b]"]',
}

IDS = [
    "", ".", "..", "../canary", "../../canary", "/canary", "a/b", "a/../../canary", "a\\..\\b", "x/", "./x", "~",
    "~root", "nul\0", "new\nline", "x\r", "tab\t", "line\u2028", "next\u0085", "esc\x1b[2J", "\u202eevil", "a b",
    " a", "a ", "-x", "--out", "dot.", "x...", ".hidden", "a" * 129, "a" * 300, "ä", "x\ud800", "*", "a?b",
    "$(touch canary)", "a;b", "a|b",
]  # fmt: skip

PATHS = [
    "../canary", "a/../../canary", "/canary", "", ".", "a//b", "a/", "./a", ".git/hooks/pre-commit", "a/.GIT/config",
    "nul\0.py", "a\nb.py", "b" * 300, "x\ud800.py", "a/" + "c" * 256 + "/d.py",
    "a/" * 65 + "b", "a/" * 60_000 + "b", "/".join(["c" * 200] * 21),
]  # fmt: skip


def read(folder: Path, *rows: object) -> Any:
    path = folder / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return read_file(path)


def read_file(path: Path) -> Any:
    with opened_dataset(str(path)) as dataset:
        return [dataset.instance(id) for id in dataset.ids]


def identity_of(path: Path) -> dict[str, Any]:
    with opened_dataset(str(path)) as dataset:
        return {"dataset": dataset.digest, "tests": "given"}


@pytest.mark.parametrize("id", IDS, ids=ascii)
@pytest.mark.parametrize("row", [ROW, REPOSITORY_ROW], ids=["inline", "repository"])
def test_an_id_that_is_no_plain_name_is_refused(tmp_path: Path, row: dict[str, Any], id: str) -> None:
    with pytest.raises(UsageError, match=r"rows\.jsonl:2: instance_id: it names a folder") as refused:
        read(tmp_path, row | {"instance_id": "fine"}, row | {"instance_id": id})
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "id", ["django__django-11099", "sympy__sympy-12345", "Python-0", "v1.2.3", "a" * 128, "_x", "quixbugs:gcd", "a+b=c"]
)
def test_ids_as_they_are_used_work(tmp_path: Path, id: str) -> None:
    assert read(tmp_path, ROW | {"instance_id": id})[0].instance_id == id
    assert read(tmp_path, REPOSITORY_ROW | {"instance_id": id})[0].instance_id == id


@pytest.mark.parametrize(("one", "other"), [("one", "one"), ("one", "ONE"), ("Django__x-1", "django__X-1")])
def test_two_ids_of_one_folder_are_refused(tmp_path: Path, one: str, other: str) -> None:
    with pytest.raises(UsageError, match=r"rows\.jsonl:3: .*line 1"):
        read(tmp_path, ROW | {"instance_id": one}, ROW | {"instance_id": "between"}, ROW | {"instance_id": other})


@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_a_path_that_leaves_the_project_is_refused(tmp_path: Path, path: str) -> None:
    for row in (ROW | {"files": FILES | {path: "x"}}, ROW | {"test_files": [path]}):
        with pytest.raises(UsageError, match=r"rows\.jsonl:1: (files|test_files)"):
            read(tmp_path, row)


@pytest.mark.parametrize(
    "change",
    [
        {"instance_id": 7},
        {"instance_id": None},
        {"instance_id": ["a"]},
        {"files": []},
        {"files": {}},
        {"files": {"a.py": 1}},
        {"files": {"a": "x", "a/b": "x"}},
        {"files": {"a.py": "\ud8ff"}},
        {"test_command": "python -m pytest"},
        {"test_command": []},
        {"test_command": [1]},
        {"test_command": ["python\0"]},
        {"test_files": "test_thing.py"},
        {"test_files": {"a": "b"}},
    ],
    ids=ascii,
)
def test_a_column_of_another_type_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"rows\.jsonl:1: {next(iter(change))}"):
        read(tmp_path, ROW | change)


@pytest.mark.parametrize(
    "change",
    [
        {"repo": "../../canary"},
        {"repo": "/canary"},
        {"repo": ".."},
        {"repo": "a/../b"},
        {"repo": "a/b/c"},
        {"repo": "--upload-pack=x"},
        {"repo": "a/b\0"},
        {"repo": "ext::sh -c x"},
        {"repo": 1},
        {"base_commit": "--output=canary"},
        {"base_commit": "a b"},
        {"base_commit": ""},
        {"base_commit": None},
        {"test_patch": None},
        {"test_patch": "\ud800"},
        {"FAIL_TO_PASS": "no list"},
        {"FAIL_TO_PASS": '{"a": 1, "a": 2}'},
        {"FAIL_TO_PASS": "[" * 100_000},
        {"FAIL_TO_PASS": [1]},
        {"PASS_TO_PASS": 5},
        {"packages": "pytest"},
        {"packages": [None]},
    ],
    ids=lambda change: ascii(change)[:40],
)
def test_a_bad_column_of_a_repository_row_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"rows\.jsonl:1: {next(iter(change))}") as refused:
        read(tmp_path, REPOSITORY_ROW | change)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"instance_id": "a", "instance_id": "b"}', "twice"),
        ('{"x": {"y": 1, "y": 2}}', "twice"),
        ('{"x": NaN}', "is not a number in JSON"),
        ('{"x": -Infinity}', "is not a number in JSON"),
        ('{"x": 1e999}', "too large"),
        ('{"x": ' + "9" * 5000 + "}", "not a JSON object"),
        ('{"x": ' + "[" * 200_000, "nested too deeply"),
        ('{"x": ' * 100_000, "nested too deeply"),
        ("[]", "it is a list"),
        ("null", "it is a NoneType"),
        ('"text"', "it is a str"),
        ("{" + json.dumps(ROW)[1:] + "{}", "not a JSON object"),
        ("\ufeff" + json.dumps(ROW), "not a JSON object"),
        ("\u2028", "not a JSON object"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"rows\.jsonl:3: .*{said}"):
        read(tmp_path, ROW, "", line)


def test_keys_and_paths_take_no_more_than_their_own_size(tmp_path: Path) -> None:
    files = {f"{number}/" + "/".join(["a" * 60] * 60): "" for number in range(2_000)}
    twice = ", ".join(f'"k{number}": 1' for number in range(100_000))
    lines = (json.dumps(ROW | {"files": files}), "{" + twice + ', "k99999": 2}')
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match=r"rows\.jsonl:2: .*the key k99999 appears twice"):
            read_file(tmp_path / "rows.jsonl")
        assert tracemalloc.get_traced_memory()[1] < 12 * (tmp_path / "rows.jsonl").stat().st_size
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 60


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(json.dumps(ROW).encode() + b'\n{"x": "\xff"}\n')
    with pytest.raises(UsageError, match=r"rows\.jsonl:2: not a JSON object"):
        read_file(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_a_line_feed_ends_a_row(tmp_path: Path, end: str) -> None:
    text = "A = '\u2028 \u2029 \x85'  # \x0b \x0c \x1c\n"
    rows = [ROW | {"instance_id": id, "files": FILES | {"other.py": text}} for id in ("one", "two")]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (tmp_path / "rows.jsonl").write_bytes(end.join([*lines, ""]).encode())
    assert [one.files["other.py"] for one in read_file(tmp_path / "rows.jsonl")] == [text, text]


def test_no_row_removes_a_folder_of_the_user(rfsn: Rfsn, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "thesis.txt").write_text("years of work")
    for id in (str(canary), "../../canary", "../canary"):
        (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n" + json.dumps(ROW | {"instance_id": id}) + "\n")
        ran = rfsn("eval", tmp_path / "rows.jsonl", "--out", tmp_path / "out", "--json")
        assert (ran.code, ran.json["status"]) == (2, "usage_error")
        assert "rows.jsonl:2" in ran.err
    assert (canary / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "out").exists(), "something was done before all rows were read"


def test_a_folder_that_rfsn_did_not_make_is_in_the_way(rfsn: Rfsn, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    command = ("eval", tmp_path / "rows.jsonl", "--out", tmp_path / "out", "--json")
    Results(tmp_path / "out", _configuration(), identity_of(tmp_path / "rows.jsonl")).close()
    mine = tmp_path / "out" / "sessions" / "one"
    mine.mkdir()
    (mine / "journal.jsonl").write_text("")
    (mine / "notes.txt").write_text("mine")
    ran = rfsn(*command)
    assert (ran.code, "rfsn did not make it" in ran.err) == (2, True)
    assert (mine / "notes.txt").read_text() == "mine"
    mine.rename(tmp_path / "elsewhere")
    (mine).symlink_to(tmp_path / "elsewhere")
    assert rfsn(*command).code == 2
    assert (tmp_path / "elsewhere" / "notes.txt").read_text() == "mine"
    mine.unlink()
    assert rfsn(*command).json["nothing_to_repair"] == 1
    again = rfsn(*command, "--retry", "nothing_to_repair")
    assert again.json["nothing_to_repair"] == 1, "its own session is in its way"


@pytest.mark.parametrize("content", [{"notes.txt": "mine"}, {"sessions/one/x": "mine"}, {"results.jsonl": "{}\n"}])
def test_a_folder_with_something_else_in_it_is_not_taken(tmp_path: Path, content: dict[str, str]) -> None:
    out, rows = tmp_path / "out", tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n")
    for path, text in content.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text)
    with pytest.raises(UsageError, match="not from 'rfsn eval'"):
        Results(out, Config(), identity_of(rows))
    assert {str(path.relative_to(out)): path.read_text() for path in out.rglob("*") if path.is_file()} == content


@pytest.mark.parametrize("text", ["", "{", "[]", "\0", "[" * 100_000])
def test_a_configuration_of_something_else_is_not_taken(tmp_path: Path, text: str) -> None:
    out, rows = tmp_path / "out", tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n")
    out.mkdir()
    (out / "configuration.json").write_text(text)
    with pytest.raises(UsageError, match=r"its configuration\.json cannot be read: choose another --out"):
        Results(out, Config(), identity_of(rows))
    assert (out / "configuration.json").read_text() == text


def test_sessions_that_are_elsewhere_are_not_taken(tmp_path: Path) -> None:
    out, rows = tmp_path / "out", tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ROW) + "\n")
    Results(out, Config(), identity_of(rows)).close()
    (out / "sessions").rename(tmp_path / "elsewhere")
    (out / "sessions").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="symbolic link"):
        Results(out, Config(), identity_of(rows))


def test_two_evaluations_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    first = Results(tmp_path / "out", Config(), identity_of(tmp_path / "rows.jsonl"))
    with pytest.raises(UsageError, match="in use"):
        Results(tmp_path / "out", Config(), identity_of(tmp_path / "rows.jsonl"))
    first.close()
    Results(tmp_path / "out", Config(), identity_of(tmp_path / "rows.jsonl")).close()


RESULT: dict[str, Any] = {"instance_id": "one", "status": "repaired", "patch": None, "reason": "", "candidates": 0}
RESULT |= {"seconds": 1.0, "cpu_seconds": 0}
ODD_COLUMNS: list[dict[str, Any]] = [
    {"instance_id": ["a"]}, {"instance_id": {}}, {"instance_id": 1}, {"instance_id": "../x"}, {"status": ["a"]},
    {"status": {}}, {"status": "total"}, {"status": None}, {"cpu_seconds": "1"}, {"cpu_seconds": float("inf")},
    {"cpu_seconds": 10**400}, {"seconds": None}, {"seconds": float("nan")}, {"patch": 1}, {"reason": None},
    {"candidates": "x"},
]  # fmt: skip
ODD_RESULTS = [json.dumps(RESULT | change) for change in ODD_COLUMNS]


@pytest.mark.parametrize("name", ["results.jsonl", "configuration.json"])
@pytest.mark.parametrize("kind", ["link", "FIFO", "device", "folder", "endless"])
def test_what_is_no_plain_file_is_not_read(name: str, kind: str, rfsn: Rfsn, tmp_path: Path) -> None:
    out, rows, canary = tmp_path / "out", tmp_path / "rows.jsonl", tmp_path / "canary"
    rows.write_text(json.dumps(ROW) + "\n")
    Results(out, _configuration(), identity_of(rows)).close()
    path = out / name
    canary.write_bytes(path.read_bytes() if path.exists() else json.dumps(RESULT).encode() + b"\n")
    path.unlink(missing_ok=True)
    match kind:
        case "link":
            path.symlink_to(canary)
        case "FIFO":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "endless":
            path.touch()
            os.truncate(path, 1 << 40)
    ran = rfsn("eval", rows, "--out", out)
    assert (ran.code, str(out) in ran.err, "defect" in ran.err) == (2, True, False), ran.err


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"instance_id": "a"}', "\0", "[" * 100_000, *ODD_RESULTS])
def test_a_result_that_does_not_read_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    results = Results(tmp_path / "out", Config(), identity_of(tmp_path / "rows.jsonl"))
    row = RESULT
    results.add(row)
    path = tmp_path / "out" / "results.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UsageError, match=r"results\.jsonl:2: the line is not a result.*run again"):
        results.statuses()
    path.write_text(path.read_text().splitlines()[0] + "\n" + line)
    assert {row["instance_id"]: row for row in results.rows(["one", "two"])} == {"one": row}, "a torn last line counts"
    results.add(row | {"instance_id": "two"})
    assert set(results.statuses()) == {"one", "two"}
    results.close()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--retry", "hopeless", "unknown status"),
        ("--retry", "", "unknown status"),
        ("--retry", "\x1b[2J", "unknown status"),
        ("--only", "", "no instance"),
        ("--only", "../../canary", "no instance"),
        ("--only", "ONE", "no instance"),
        ("--only", "a\u2028\x1b[2J", "no instance"),
    ],
    ids=ascii,
)
def test_odd_choices_are_refused(rfsn: Rfsn, tmp_path: Path, option: str, value: str, said: str) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    ran = rfsn("eval", tmp_path / "rows.jsonl", option, value, "--out", tmp_path / "out")
    assert (ran.code, said in ran.err) == (2, True)
    assert "\x1b" not in ran.err
    assert not (tmp_path / "out").exists()


def _configuration() -> Config:
    """What `rfsn eval` runs with here."""
    return Config(memory=False, workers=1)


assert sys.getrecursionlimit() < 100_000, "the nested data sets would be none"
