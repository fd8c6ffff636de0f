"""Test commands as pytest's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildpacks import BuildpackError
from buildpacks.python.commands import command_for, configured_files, options_of, split, unittest_files
from buildpacks.view import FolderView

PYTEST = ("python", "-m", "pytest")
CASE = "from unittest import TestCase\n"

type Tree = Callable[..., FolderView]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def make(**files: str) -> FolderView:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_py", ".py").replace("_ini", ".ini")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return FolderView(tmp_path)

    return make


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("python -m unittest", ("-o", "python_files=test*.py")),
        ("python3.12 -m unittest discover -v", ("-o", "python_files=test*.py")),
        (
            "python -m unittest discover -s tests -p *_check.py",
            ("-o", "python_files=*_check.py", "-o", "pythonpath=tests", "tests"),
        ),
        ("python -m unittest discover tests -t .", ("-o", "python_files=test*.py", "-o", "pythonpath=.", "tests")),
        ("python -m unittest tests/test_a.py", ("tests/test_a.py",)),
        ("python -m unittest -k *slow* tests.test_a", ("-k", "slow", "tests/test_a.py")),
        ("python -m unittest tests.test_a.One.test_b", ("tests/test_a.py::One::test_b",)),
    ],
)
def test_commands_of_unittest_are_run_by_pytest(given: str, expected: tuple[str, ...], tree: Tree) -> None:
    view = tree(tests__test_a_py=CASE)
    assert command_for(view, given.split()) == (*PYTEST, *expected)


@pytest.mark.parametrize(
    ("files", "patterns"),
    [
        ({"pytest_ini": "[pytest]\npython_files = check_*.py *.py\n"}, ["check_*.py"]),
        ({"tox_ini": "[pytest]\npython_files =\n    a_*.py\n    *_spec.py\n"}, ["a_*.py", "*_spec.py"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py', '!*.py']\n"}, ["check_*.py"]),
        ({"pytest.toml": "[pytest]\npython_files = 'check_*.py'\n"}, ["check_*.py"]),
        ({"pyproject.toml": "[tool]\npytest = 1\n"}, []),
    ],
)
def test_the_names_that_a_project_gives_its_tests(files: dict[str, str], patterns: list[str], tree: Tree) -> None:
    assert configured_files(tree(**files)) == patterns


def test_pytest_commands_stay_as_they_are(tree: Tree) -> None:
    given = ("python", "-m", "pytest", "-q", "tests")
    assert command_for(tree(a_py=""), given) == given
    assert split(given) == (("-q", "tests"), True)
    assert split(("/usr/bin/py.test", "-q")) == (("-q",), False)
    assert options_of(("-q", "tests", "-k", "one", "-o", "a=b", "more.py")) == ("-q", "-k", "one", "-o", "a=b")
    assert options_of(("--reruns", "2", "--cov-report", "xml", "tests")) == ("--reruns", "2", "--cov-report", "xml")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("make test", "runs pytest"),
        ("python -m nose", "runs pytest"),
        ("python -m unittest tests.test_b", "an unknown module tests.test_b"),
        ("python -m unittest --shiny", "unrecognized arguments: --shiny"),
        ("python -m unittest discover -s", "expected one argument"),
    ],
)
def test_what_cannot_be_run_is_said(given: str, said: str, tree: Tree) -> None:
    with pytest.raises(BuildpackError, match=said):
        command_for(tree(tests__test_a_py=CASE), given.split())


def test_files_that_only_unittest_finds_are_looked_for_where_there_are_no_others(tree: Tree) -> None:
    view = tree(testthing_py=CASE, testing_py="")
    assert unittest_files(view) == ["testthing.py"]
    assert command_for(view, None) == (*PYTEST, "-o", "python_files=test*.py")
    assert command_for(tree(test_more_py=""), None) == PYTEST


def test_the_projects_own_patterns_come_first(tree: Tree) -> None:
    assert command_for(tree(testthing_py=CASE, pytest_ini="[pytest]\npython_files = check.py\n"), None) == PYTEST
