"""The shapes of rows: each public data set names its columns in its own way; here they become those of SWE-bench.

Which shape a row has is said by the columns that no other shape has. A column that is a list may be JSON, or a literal
of Python, in a string.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rfsn.errors import UsageError
from rfsn.evaluation.formats.instances import shown
from rfsn.evaluation.formats.rows import decoded

__all__ = ["SHAPES", "Shape", "adapted", "multi_id", "test_files"]

type _Row = Mapping[str, Any]

_COMMON = ("instance_id", "repo", "base_commit", "test_patch")
_PLAIN = "base_commit"
_START, _END = ">>>>> Start Test Output", ">>>>> End Test Output"
_ADDED = re.compile(r"^\+\+\+ b/(\S.*?)\t?$", re.MULTILINE)
_TEST_NAME = re.compile(r"(^|/)(test_[^/]*|[^/]*_tests?)\.py$")
_SHELL = re.compile(r"[|&;<>`$(){}*?\n]")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of rows: its name, the columns that tell it from others, those that it needs, and how it is read."""

    name: str
    own: tuple[str, ...]
    needs: tuple[str, ...]
    adapt: Callable[[_Row], dict[str, Any]]


def adapted(row: _Row) -> dict[str, Any]:
    """A row with the columns of `InlineInstance` or `RepositoryInstance`, whatever its shape.

    Raises `UsageError` naming the columns that are missing or no lists, `ValueError` for a command that does not parse.
    """
    told = (shape for shape in SHAPES if any(row.get(name) is not None for name in shape.own))
    shape = next(told, SHAPES[-1] if _PLAIN in row else None)
    if shape is None:
        has = ", ".join(shown(name) for name in list(row)[:12]) or "none"
        wanted = "; ".join(f"{shape.name} has {' or '.join(shape.own)}" for shape in SHAPES)
        raise UsageError(f"the row has no known shape: its columns are {has}; {wanted}")
    if missing := [name for name in shape.needs if row.get(name) is None]:
        raise UsageError(f"{', '.join(missing)}: missing; a row of {shape.name} needs {', '.join(shape.needs)}")
    return shape.adapt(row)


def _inline(row: _Row) -> dict[str, Any]:
    return dict(row)


def _swe_bench(row: _Row) -> dict[str, Any]:
    """The columns of every shape that SWE-bench began; what is `None` counts as left out."""
    columns = {name: value for name, value in row.items() if value is not None}
    for name in ("FAIL_TO_PASS", "PASS_TO_PASS"):
        columns[name] = _listed(name, columns.get(name, columns.get(name.lower(), ())))
    for name in ("packages", "test_command"):
        if isinstance(columns.get(name), str) and columns[name].lstrip().startswith("["):
            columns[name] = _listed(name, columns[name])
    if isinstance(columns.get("test_command"), str):
        columns["test_command"] = _argv(columns["test_command"])
    if "version" in columns:
        columns["version"] = str(columns["version"])
    return columns


def _classic(row: _Row) -> dict[str, Any]:
    columns = _swe_bench(row)
    return {"test_command": _of_files(test_files(str(columns["test_patch"])))} | columns


def _with_script(row: _Row) -> dict[str, Any]:
    """Rows since version 5: the test command stands between two marks of the script."""
    inside = str(row["eval_script"]).partition(_START)[2].partition("\n")[2].partition(_END)[0]
    lines = [line.strip() for line in inside.splitlines()[:-1]]
    commands = [line for line in lines if line and not line.startswith(("#", ":"))]
    derived = {"test_command": _argv("\n".join(commands))} if commands else {}
    return _classic({**derived, **row})


def _live(row: _Row) -> dict[str, Any]:
    columns = _swe_bench(row)
    commands = [str(command) for command in _listed("test_cmds", columns["test_cmds"])]
    return {"test_command": _argv("\n".join(commands)) if commands else None} | columns


def _pro(row: _Row) -> dict[str, Any]:
    columns = _swe_bench(row)
    files = [str(file) for file in _listed("selected_test_files_to_run", columns["selected_test_files_to_run"])]
    return {"test_command": _of_files(files)} | columns


def _multi(row: _Row) -> dict[str, Any]:
    """Rows of Multi-SWE-bench: the tests and their outcomes are objects, the base is a branch with its commit."""
    issues: Sequence[_Row] = _issues(row.get("resolved_issues")) or [row]
    texts = (f"{issue.get('title') or ''}\n{issue.get('body') or ''}".strip() for issue in issues)
    base = row["base"]
    kinds = ("fixed_tests",) if row.get("fixed_tests") else ("f2p_tests", "s2p_tests", "n2p_tests")
    return {
        "instance_id": row.get("instance_id") or multi_id(row),
        "repo": f"{row['org']}/{row['repo']}",
        "base_commit": base.get("sha") if isinstance(base, dict) else base,
        "test_patch": row["test_patch"],
        "FAIL_TO_PASS": [name for kind in kinds for name in _tests(row.get(kind))],
        "PASS_TO_PASS": _tests(row.get("p2p_tests")),
        "problem_statement": "\n\n".join(texts),
        **{name: row[name] for name in ("test_command", "packages", "python") if row.get(name) is not None},
    }


def multi_id(row: _Row) -> str:
    """The id of a row of Multi-SWE-bench, or of a prediction for it, that has no `instance_id`."""
    return f"{row['org']}__{row['repo']}-{row['number']}"


def _tests(tests: object) -> list[Any]:
    """The names of an object of tests: its keys, or what its column `name` lists.

    Where all rows have one schema, as in Parquet, a row has the keys of all others too, with null.
    """
    if tests is None:
        return []
    if not isinstance(tests, dict):
        raise ValueError("tests are an object by their names")  # noqa: TRY004  # one kind of error for all that is wrong
    listed = tests.get("name")
    if isinstance(listed, list):
        return listed
    return [name for name, outcomes in tests.items() if outcomes is not None]


def _issues(issues: object) -> list[_Row]:
    """The issues of a row: a list of objects, or one object of columns."""
    if isinstance(issues, dict):
        columns = {name: values for name, values in issues.items() if isinstance(values, list)}
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []


SHAPES = (
    Shape("rfsn's inline rows", ("files",), ("instance_id", "files", "test_command"), _inline),
    Shape("Multi-SWE-bench", ("fix_patch", "org"), ("org", "repo", "number", "base", "test_patch"), _multi),
    Shape(
        "SWE-bench Pro",
        ("before_repo_set_cmd", "selected_test_files_to_run"),
        (*_COMMON, "selected_test_files_to_run"),
        _pro,
    ),
    Shape("SWE-bench Live", ("test_cmds",), (*_COMMON, "test_cmds", "FAIL_TO_PASS"), _live),
    Shape("SWE-bench 5 and Multilingual", ("eval_script",), (*_COMMON, "FAIL_TO_PASS"), _with_script),
    Shape("SWE-bench", (_PLAIN,), (*_COMMON, "FAIL_TO_PASS"), _classic),
)
"""The known shapes, in the order in which they are tried."""


def _listed(name: str, value: object) -> Sequence[Any]:
    """A column that is a list, which several data sets have as JSON or as a literal of Python in a string."""
    found = value
    if isinstance(value, str):
        try:
            found = decoded(value)
        except ValueError:
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                found = ast.literal_eval(value)
    if not isinstance(found, list | tuple):
        raise UsageError(f"{name}: {shown(repr(value)[:200])} is not a list")
    return found


def _argv(command: str) -> list[str]:
    """A command line as arguments; one that only a shell understands goes to a shell."""
    if _SHELL.search(command):
        return ["bash", "-c", command]
    arguments = shlex.split(command)
    return ["env", *arguments] if arguments and _VARIABLE.match(arguments[0]) else arguments


def test_files(patch: str) -> list[str]:
    """The files of Python with tests that a diff leaves behind; all of Python's if none is named like tests."""
    files = [file for file in dict.fromkeys(_ADDED.findall(patch)) if file.endswith(".py")]
    return [file for file in files if _TEST_NAME.search(file)] or files


def _of_files(files: Sequence[str]) -> list[str] | None:
    """Arguments of pytest with files of tests; none where one is of another language: its pack knows the runner."""
    return ["python", "-m", "pytest", "-q", *files] if files and all(file.endswith(".py") for file in files) else None
