"""What a project says it needs."""

from collections.abc import Mapping, Sequence

import pytest

from buildpacks import BuildpackError
from buildpacks.python.requirements import read_needs


class Tree:
    """A `RepoView` of texts."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def files(self) -> Sequence[str]:
        return sorted(self._files)

    def exists(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        return self._files[path].encode()


def test_a_bare_project_needs_nothing() -> None:
    needs = read_needs(Tree({"a.py": "", "pyproject.toml": "[tool.pytest.ini_options]\n"}))
    assert (needs.requirements, needs.build, needs.python) == ((), (), "")


def test_pyproject_with_groups_and_extras() -> None:
    text = """
        [build-system]
        requires = ["hatchling"]
        [project]
        name = "thing"
        requires-python = ">=3.9"
        dependencies = ["attrs>=22", "thing[extra]"]
        [project.optional-dependencies]
        docs = ["sphinx"]
        Tests = ["hypothesis"]
        [dependency-groups]
        lint = ["ruff"]
        base = ["pytest-mock"]
        dev = [{include-group = "base"}, "coverage"]
    """
    needs = read_needs(Tree({"pyproject.toml": text}))
    assert needs.requirements == ("attrs>=22", "hypothesis", "pytest-mock", "coverage")
    assert (needs.build, needs.python) == (("hatchling", "editables"), ">=3.9")


def test_setup_files_are_read_and_never_run() -> None:
    setup_py = """
import os; os.abort()
from setuptools import setup
setup(name="thing", install_requires=["six"], extras_require={"test": ["mock"]}, python_requires=">=3.8", version=V)
"""
    setup_cfg = (
        "[options]\ninstall_requires =\n  attrs\n  packaging>=20\n[options.extras_require]\ntesting =\n  pytest-cov\n"
    )
    needs = read_needs(Tree({"setup.py": setup_py, "setup.cfg": setup_cfg}))
    assert needs.requirements == ("attrs", "packaging>=20", "pytest-cov", "six", "mock")
    assert needs.python == ">=3.8"
    assert needs.build == ("setuptools>=40.8", "wheel")


def test_requirement_files_include_one_another() -> None:
    files = {
        "requirements.txt": "attrs==23.1  # why\n# comment\n-e .\n./vendored\n--index-url https://example.invalid\n",
        "requirements-dev.txt": "-r requirements.txt\n-r requirements-dev.txt\nmock ; python_version > '3'\n",
    }
    assert read_needs(Tree(files)).requirements == ("attrs==23.1", "mock ; python_version > '3'")


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg"])
def test_a_broken_file_is_named(name: str) -> None:
    with pytest.raises(BuildpackError, match=name):
        read_needs(Tree({name: "[[["}))
