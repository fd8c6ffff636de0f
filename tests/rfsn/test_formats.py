"""Data sets in every format and shape: the same instances, whatever the file and whatever the columns are called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from pyarrow import Table, parquet

from rfsn.errors import UsageError
from rfsn.evaluation.formats import RepositoryInstance, opened_dataset, read_environments

PATCH = """\
diff --git a/pkg/tests/test_thing.py b/pkg/tests/test_thing.py
--- a/pkg/tests/test_thing.py
+++ b/pkg/tests/test_thing.py
@@ -1 +1,2 @@
 import thing
+assert thing
"""
CLASSIC: dict[str, Any] = {
    "instance_id": "owner__name-1",
    "repo": "owner/name",
    "base_commit": "0123abcd",
    "patch": "the gold patch",
    "test_patch": PATCH,
    "problem_statement": "It fails.",
    "hints_text": "the hint",
    "version": "1.4",
    "FAIL_TO_PASS": '["test_one", "test_two"]',
    "PASS_TO_PASS": '["test_three"]',
}
OF_FILES = ("python", "-m", "pytest", "-q", "pkg/tests/test_thing.py")
SCRIPT = """\
#!/bin/bash
set -uxo pipefail
git checkout 0123abcd
: '>>>>> Start Test Output'
{}
: '>>>>> End Test Output'
git checkout 0123abcd
"""
MULTI: dict[str, Any] = {
    "org": "owner",
    "repo": "name",
    "number": 7,
    "title": "a change",
    "body": "of something",
    "base": {"label": "owner:main", "ref": "main", "sha": "0123abcd"},
    "resolved_issues": [{"number": 5, "title": "It fails", "body": "always"}],
    "fix_patch": "the gold patch",
    "test_patch": PATCH,
    "fixed_tests": {"test_one": {"run": "FAIL"}, "test_two": {"run": "NONE"}},
    "p2p_tests": {"test_three": {"run": "PASS"}},
}


def read(source: object, **more: Any) -> RepositoryInstance:
    with opened_dataset(str(source), **more) as dataset:
        (id,) = dataset.ids
        instance = dataset.instance(id)
    assert isinstance(instance, RepositoryInstance)
    return instance


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def as_json_list(folder: Path, row: dict[str, Any]) -> object:
    (folder / "rows.json").write_text(json.dumps([row], indent=2))
    return folder / "rows.json"


def as_json_object(folder: Path, row: dict[str, Any]) -> object:
    rest = {name: value for name, value in row.items() if name != "instance_id"}
    (folder / "rows.json").write_text(json.dumps({row["instance_id"]: rest}))
    return folder / "rows.json"


def as_parquet(folder: Path, row: dict[str, Any]) -> object:
    parquet.write_table(Table.from_pylist([row]), folder / "rows.parquet")
    return folder / "rows.parquet"


def as_saved(folder: Path, row: dict[str, Any]) -> object:
    datasets.Dataset.from_list([row]).save_to_disk(folder / "saved")
    return folder / "saved"


def as_saved_splits(folder: Path, row: dict[str, Any]) -> object:
    splits = {"dev": datasets.Dataset.from_list([row | {"instance_id": "other"}])}
    splits["test"] = datasets.Dataset.from_list([row])
    datasets.DatasetDict(splits).save_to_disk(folder / "saved")
    return folder / "saved"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("store", [as_json_list, as_json_object, as_parquet, as_saved, as_saved_splits])
def test_every_file_format_gives_the_same_instance(store: Callable[..., object], tmp_path: Path) -> None:
    expected = read(lines(tmp_path / "rows.jsonl", CLASSIC))
    assert read(store(tmp_path, CLASSIC)) == expected
    assert "gold" not in expected.model_dump_json()
    assert "the hint" not in expected.model_dump_json()


@pytest.mark.filterwarnings("ignore")
def test_a_split_is_chosen_by_its_name(tmp_path: Path) -> None:
    saved = as_saved_splits(tmp_path, CLASSIC)
    assert read(f"{saved}:dev").instance_id == "other"
    with pytest.raises(UsageError, match="there is no split train: it has dev, test"):
        read(f"{saved}:train")


@pytest.mark.parametrize(
    ("row", "command"),
    [
        (CLASSIC, OF_FILES),
        (CLASSIC | {"FAIL_TO_PASS": ["test_one", "test_two"], "PASS_TO_PASS": ["test_three"]}, OF_FILES),
        (CLASSIC | {"test_command": "python -m pytest 'a b'"}, ("python", "-m", "pytest", "a b")),
        (CLASSIC | {"eval_script": SCRIPT.format("pytest -rA pkg"), "image": "x"}, ("pytest", "-rA", "pkg")),
        (
            CLASSIC | {"eval_script": SCRIPT.format("LC_ALL=C bin/test -C --verbose pkg"), "image": "x"},
            ("env", "LC_ALL=C", "bin/test", "-C", "--verbose", "pkg"),
        ),
        (
            CLASSIC | {"eval_script": SCRIPT.format("./build.sh && pytest pkg")},
            ("bash", "-c", "./build.sh && pytest pkg"),
        ),
        (CLASSIC | {"eval_script": "pytest"}, OF_FILES),
        (CLASSIC | {"test_cmds": ["pytest -rA"], "log_parser": "pytest"}, ("pytest", "-rA")),
        (
            CLASSIC | {"before_repo_set_cmd": "git reset", "selected_test_files_to_run": "['pkg/tests/test_thing.py']"},
            OF_FILES,
        ),
        (CLASSIC | {"before_repo_set_cmd": "", "selected_test_files_to_run": '["a_test.go"]'}, None),
    ],
)
def test_every_shape_has_the_same_columns(row: dict[str, Any], command: tuple[str, ...] | None, tmp_path: Path) -> None:
    instance = read(lines(tmp_path / "rows.jsonl", row))
    assert instance.test_command == command
    assert (instance.fail_to_pass, instance.pass_to_pass) == (("test_one", "test_two"), ("test_three",))
    assert (instance.repo, instance.base_commit, instance.version) == ("owner/name", "0123abcd", "1.4")


def test_the_shapes_of_pro_and_multi_swe_bench(tmp_path: Path) -> None:
    pro = {name: value for name, value in CLASSIC.items() if not name.endswith("TO_PASS")}
    pro |= {"fail_to_pass": "['test_one', 'test_two']", "pass_to_pass": "['test_three']"}
    pro |= {"before_repo_set_cmd": "git reset", "selected_test_files_to_run": "['pkg/tests/test_thing.py']"}
    both = (
        read(lines(tmp_path / "pro.jsonl", pro)),
        read(lines(tmp_path / "multi.jsonl", MULTI)),
    )
    for instance in both:
        assert (instance.fail_to_pass, instance.pass_to_pass) == (("test_one", "test_two"), ("test_three",))
        assert (instance.repo, instance.base_commit) == ("owner/name", "0123abcd")
    assert (both[1].instance_id, both[1].problem_statement) == ("owner__name-7", "It fails\nalways")


@pytest.mark.parametrize(
    "change",
    [
        {
            "fixed_tests": {"name": ["test_one", "test_two"], "run": ["FAIL", "NONE"]},
            "p2p_tests": {"name": ["test_three"]},
        },
        {"fixed_tests": {**MULTI["fixed_tests"], "test_of_another_row": None}, "s2p_tests": {"test_two": {}}},
        {"fixed_tests": None, "f2p_tests": {"test_one": {}}, "s2p_tests": None, "n2p_tests": {"test_two": {}}},
        {"resolved_issues": {"number": [5, 6], "title": ["It fails", "So"], "body": ["always", None]}},
        {"resolved_issues": [], "title": "It fails", "body": "always\n\nSo"},
    ],
)
def test_multi_swe_bench_with_one_schema_for_all_rows(change: dict[str, Any], tmp_path: Path) -> None:
    instance = read(lines(tmp_path / "multi.jsonl", {**MULTI, **change}))
    assert (instance.fail_to_pass, instance.pass_to_pass) == (("test_one", "test_two"), ("test_three",))
    assert instance.problem_statement == (
        "It fails\nalways\n\nSo" if "resolved_issues" in change else "It fails\nalways"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": 1, "text": "x"}, "no known shape: its columns are id, text; "),
        ({"files": {"a.py": ""}, "instance_id": "x"}, "test_command: missing; a row of rfsn's inline rows needs"),
        ({**CLASSIC, "repo": None}, "repo: missing; a row of SWE-bench needs"),
        ({**MULTI, "number": None}, "number: missing; a row of Multi-SWE-bench needs"),
        ({**CLASSIC, "test_cmds": "pytest ["}, r"test_cmds: .pytest \[. is not a list"),
        ({**CLASSIC, "FAIL_TO_PASS": "__import__('os').abort()"}, "FAIL_TO_PASS: .* is not a list"),
        ({**CLASSIC, "test_command": "pytest 'a"}, "No closing quotation"),
        ({**MULTI, "fixed_tests": 5}, "the columns cannot be read"),
        ({**MULTI, "base": {}}, "base_commit: "),
    ],
)
def test_what_a_row_lacks_is_named(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"rows\.jsonl:1: .*{said}"):
        read(lines(tmp_path / "rows.jsonl", row))


ENVIRONMENTS = """\
[[environment]]
repo = "owner/name"
python = "3.9"
packages = ["pytest==7.4"]

[[environment]]
repo = "owner/name"
versions = ["1.3", "1.4"]
python = "3.6"
test_command = ["python", "-m", "pytest", "-p", "no:cacheprovider", "{tests}"]

[[environment]]
repo = "other/name"
python = "3.13"
"""


def test_environments_by_repository_and_version(tmp_path: Path) -> None:
    (tmp_path / "environments.toml").write_text(ENVIRONMENTS)
    known = read_environments(tmp_path / "environments.toml")

    def completed(**change: Any) -> tuple[object, ...]:
        instance = read(lines(tmp_path / "rows.jsonl", CLASSIC | change), environments=known)
        return instance.python, instance.packages, instance.test_command

    own = ("python", "-m", "pytest", "-p", "no:cacheprovider", "pkg/tests/test_thing.py")
    assert completed() == ("3.6", ("pytest==7.4",), own)
    assert completed(version="2.0") == ("3.9", ("pytest==7.4",), OF_FILES)
    assert completed(python="3.8", packages=["x"], test_command=["make"]) == ("3.8", ("x",), ("make",))
    rows = lines(tmp_path / "rows.jsonl", CLASSIC, CLASSIC | {"instance_id": "other", "repo": "third/name"})
    with opened_dataset(str(rows), known) as dataset:
        other = dataset.instance("other")
        assert isinstance(other, RepositoryInstance)
        assert (other.python, other.packages, other.test_command) == (None, None, OF_FILES)
    with pytest.raises(UsageError, match=r"no row is of a repository that --environments has a table for"):
        completed(repo="third/name")


def test_a_version_without_an_environment_is_named(tmp_path: Path) -> None:
    table = "[[environment]]\nrepo = 'owner/name'\nversions = ['1.5', '1.6']\npython = '3.8'\n"
    (tmp_path / "environments.toml").write_text(table)
    known = read_environments(tmp_path / "environments.toml")
    with pytest.raises(UsageError, match=r"no table for owner/name 1\.4: it has 1\.5, 1\.6"):
        read(lines(tmp_path / "rows.jsonl", CLASSIC), environments=known)
    says_itself = CLASSIC | {"python": "3.9"}
    has_a_table = CLASSIC | {"instance_id": "other", "version": "1.5", "packages": ["x"]}
    with opened_dataset(str(lines(tmp_path / "rows.jsonl", says_itself, has_a_table)), known) as dataset:
        found = [dataset.instance(id) for id in dataset.ids]
    assert [one.python for one in found if isinstance(one, RepositoryInstance)] == ["3.9", "3.8"]


@pytest.mark.parametrize("python", ["repos/evil/python3.12", "/usr/bin/python3", "-c", "junk", "3", "3.12; x"])
def test_a_data_set_names_releases_of_python_and_no_files(python: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"python: it is not a release of Python, such as 3\.9"):
        read(lines(tmp_path / "rows.jsonl", CLASSIC | {"python": python}))
    (tmp_path / "environments.toml").write_text(f"[[environment]]\nrepo = 'owner/name'\npython = '{python}'\n")
    with pytest.raises(UsageError, match="not a release of Python"):
        read_environments(tmp_path / "environments.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[environment", "not TOML"),
        ("[[environment]]\npython = '3.9'\n", "environment.0.repo: Field required"),
        ("[[environment]]\nrepo = 'a/b'\nimage = 'x'\n", r"environment.0.image: Extra inputs .* \(known are repo, "),
        ("[[environment]]\nrepo = 'a/b'\n" * 2, "environment: two tables are for a/b"),
        ("a = " + "[" * 5_000, "not TOML"),
        ("[[environment]]\nrepo = 'a/b'\ntest_command = []\n", "test_command: List should have at least 1 item"),
    ],
)
def test_a_wrong_file_of_environments_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "environments.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_environments(tmp_path / "environments.toml")


def test_a_data_set_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", CLASSIC | {"instance_id": "one"}, CLASSIC | {"instance_id": "two"})
    with opened_dataset(str(path)) as dataset:
        assert dataset.ids == ("one", "two")
        for change in ({"instance_id": "new"}, {"instance_id": "one", "problem_statement": "It fell.."}):
            lines(path, CLASSIC | change, CLASSIC | {"instance_id": "two"})
            with pytest.raises(UsageError, match="was changed while it was read"):
                dataset.instance("one")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("rows.json", "{", "not JSON"),
        ("rows.json", "5", "neither a list of rows nor an object"),
        ("rows.json", "[5]", "row 1 is not an object"),
        ("rows.parquet", "no parquet", "cannot be read"),
        ("missing.jsonl", None, "there is no such file"),
    ],
)
def test_a_file_that_is_none_is_named(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=said):
        read(tmp_path / name)
