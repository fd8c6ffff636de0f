"""Repositories of several projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildpacks import CaseId, CaseResult, CaseTrace, Frame, Outcome, SuiteReport
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView, PartView
from rfsn.config import Config
from rfsn.project.fence import Fence
from rfsn.project.parts import Part, _mark, find_parts
from rfsn.source.snapshot import take_files

PROJECT = """[project]
name = "{0}"
version = "1"
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
py-modules = ["{0}"]
"""
API = {
    "api/pyproject.toml": PROJECT.format("limits"),
    "api/limits.py": "def allowed(n):\n    return n < 3\n",
    "api/tests/test_limits.py": (
        "from limits import allowed\n\n\ndef test_allowed():\n    assert allowed(3)\n\n\n"
        "def test_denied():\n    assert not allowed(4)\n"
    ),
}
JOBS = {
    "jobs/pyproject.toml": PROJECT.format("batches"),
    "jobs/batches.py": "def batches(n, size):\n    return -(-n // size)\n",
    "jobs/tests/test_limits.py": (
        "from batches import batches\n\n\ndef test_batches():\n    assert batches(5, 2) == 3\n"
    ),
}
FAULTY = JOBS | {"jobs/batches.py": "def batches(n, size):\n    return -(n // size)\n"}
ONE = {"api/setup.py": "", "api/test_a.py": ""}
Make = Callable[..., Path]
Rfsn = Callable[..., Any]


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str]], FolderView]:
    def make(files: Mapping[str, str]) -> FolderView:
        take_files(files, "a test", tmp_path / "base")
        return FolderView(tmp_path / "base")

    return make


def test_one_fault_among_two_projects(rfsn: Rfsn, project: Make) -> None:
    """Both have a test file of the same name, which no single run of pytest would take."""
    ran = rfsn("repair", project(API | JOBS), "--json").json
    assert ran["status"] == "repaired", ran
    assert ran["tests"]["failing"] == ["api/tests/test_limits.py::test_allowed"]
    assert ran["tests"]["total"] == 3
    assert "+++ b/api/limits.py" in ran["patch"]
    assert rfsn("replay", ran["folder"]).code == 0
    verified = rfsn("verify", ran["folder"], "--json")
    assert verified.code == 0, verified.json


@pytest.mark.thorough
def test_a_fault_in_each_of_two_projects(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(API | FAULTY), "--json").json
    assert ran["status"] == "repaired", ran
    assert set(ran["tests"]["fixed"]) == {
        "api/tests/test_limits.py::test_allowed",
        "jobs/tests/test_limits.py::test_batches",
    }
    assert {line for line in ran["patch"].splitlines() if line.startswith("+++")} == {
        "+++ b/api/limits.py",
        "+++ b/jobs/batches.py",
    }


@pytest.mark.thorough
def test_a_target_of_one_project(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(API | FAULTY), "--target", "jobs/tests/test_limits.py", "--json").json
    assert ran["status"] == "repaired", ran
    assert "+++ b/jobs/batches.py" in ran["patch"]
    assert "api/" not in ran["patch"]


@pytest.mark.thorough
def test_a_part_without_tests_says_nothing(rfsn: Rfsn, project: Make) -> None:
    empty = JOBS | {"jobs/tests/test_limits.py": "LIMITS = ()\n"}
    assert rfsn("repair", project(API | empty), "--json").json["status"] == "repaired"


def test_a_part_that_cannot_run_is_named(rfsn: Rfsn, project: Make) -> None:
    broken = JOBS | {"jobs/tests/test_limits.py": "import nowhere\n\n\ndef test_it():\n    pass\n"}
    ran = rfsn("repair", project(API | broken), "--json").json
    assert ran["status"] == "infra_error"
    assert ran["reason"].startswith("jobs: tests/test_limits.py could not be collected: ModuleNotFoundError")


@pytest.mark.thorough
@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "conftest",
    [
        "import nowhere\n",
        "import pytest\n\n\ndef pytest_sessionstart():\n    pytest.exit('no', returncode=3)\n",
        "import pytest\n\n\ndef pytest_sessionstart():\n    raise pytest.UsageError('no')\n",
        "def pytest_collection_modifyitems():\n    raise RuntimeError\n",
    ],
)
def test_a_part_that_ends_without_a_test_is_not_one_without_tests(conftest: str, rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(API | JOBS | {"jobs/conftest.py": conftest}), "--json").json
    assert ran["status"] == "infra_error", ran
    assert ran["reason"].startswith("jobs: ")


def test_a_repository_of_too_many_projects_names_the_remedy(rfsn: Rfsn, project: Make) -> None:
    files = {f"p{n}/setup.py": "" for n in range(17)} | {f"p{n}/test_it.py": "" for n in range(17)}
    ran = rfsn("repair", project(files))
    assert ran.code == 2
    assert "17 projects in one repository are too many: name the folder of one as REPO" in ran.err


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"a.py": "", "test_a.py": ""}, [""]),
        ({"pyproject.toml": "", "api/pyproject.toml": "", "api/test_a.py": ""}, [""]),
        ({"api/pyproject.toml": "", "api/test_a.py": "", "jobs/setup.py": "", "jobs/test_b.py": ""}, ["api", "jobs"]),
        ({"api/pyproject.toml": "", "api/test_a.py": "", "jobs/setup.py": ""}, ["api"]),
        ({"api/pyproject.toml": "", "api/in/setup.py": "", "api/in/test_a.py": ""}, ["api"]),
        ({"example/setup.py": "", "example/test_a.py": "", "tests/test_b.py": ""}, [""]),
        ({"example/setup.py": "", "a.py": ""}, [""]),
        ({".pytest.ini": "[pytest]\npython_files = check_*.py\n", "api/setup.py": "", "api/test_a.py": ""}, [""]),
        (
            {"api/setup.py": "", "api/test_a.py": "", "lib/setup.cfg": "[tool:pytest]\npython_files = x_*.py\n"},
            ["api", "lib"],
        ),
        (
            {
                "api/setup.py": "",
                "api/test_a.py": "",
                "lib/setup.py": "",
                "lib/testlib.py": "import unittest.TestCase\n",
            },
            ["api", "lib"],
        ),
    ],
)
def test_where_projects_are(files: Mapping[str, str], roots: list[str], tree: Any) -> None:
    view = tree(files)
    assert [part.root for part in find_parts(view)] == roots
    assert [part.root for part in find_parts(view, command=("pytest",))] == [""]


def test_what_is_protected_in_a_part_and_outside_of_all(tree: Any) -> None:
    view = tree(API | JOBS | {"tools/run.py": "", ".github/workflows/ci.yml": "", "conftest.py": ""})
    fence = Fence(view, find_parts(view), Config(allow_test_edits=True))
    protected = {path for path in view.files() if fence.protected(path)}
    assert protected == {
        ".github/workflows/ci.yml",
        "conftest.py",
        *(path for path in API | JOBS if path not in {"api/limits.py", "jobs/batches.py"}),
    }
    assert {path for path in view.files() if fence.lifted(path)} == {path for path in API | JOBS if "/tests/" in path}


def test_ids_and_paths_are_told_in_terms_of_the_whole() -> None:
    part = Part("api", PythonBuildpack(), "python:")
    own = CaseResult("t.py::x", Outcome.FAILED, frames=(Frame("a.py", 1, "f"),), parsed=CaseId("t.py", (), "x"))
    whole = part.case(own)
    assert (whole.id, whole.frames[0].path, whole.parsed.file) == ("api/python:t.py::x", "api/a.py", "api/t.py")
    assert part.own_id(whole.id) == own.id
    assert part.own_id("jobs/t.py::x") is None
    assert (part.own_path("api/a.py"), part.own_path("apiary/a.py"), part.tree) == ("a.py", None, "/repo/api")
    report = part.report(SuiteReport((own,), 1, 1.0, canaries=(own,)))
    assert (report.cases[0].id, report.canaries[0].id) == (whole.id, whole.id)
    trace = part.trace(CaseTrace("t.py::x", Outcome.FAILED, 0.1, {"a.py": frozenset({1})}, kinds={"a.py": {}}))
    assert (trace.id, [*trace.lines], [*trace.kinds]) == (whole.id, ["api/a.py"], ["api/a.py"])
    alone = Part("", PythonBuildpack())
    assert alone.report(report) is report
    assert alone.own_path("api/a.py") == "api/a.py"


def test_parts_inside_of_parts_have_marks() -> None:
    assert [_mark(root, "node", ["", "web", "web/api"]) for root in ("", "web", "web/api")] == ["", "node:", "node:"]
    assert [_mark(root, "node", ["web", "webs"]) for root in ("web", "webs")] == ["", ""]
    assert _mark("web", "node", ["web", "web"]) == "node:"


def test_the_view_of_a_part_has_its_files_alone(tree: Any) -> None:
    view = PartView(tree(API | JOBS), "api")
    assert view.files() == ["limits.py", "pyproject.toml", "tests/test_limits.py"]
    assert view.exists("limits.py")
    assert not view.exists("api/limits.py")
    assert view.read("limits.py") == API["api/limits.py"].encode()
    with pytest.raises(FileNotFoundError):
        view.read("batches.py")
