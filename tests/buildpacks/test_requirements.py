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
    assert read_needs(Tree(files)).requirements == ("attrs==23.1", 'mock; python_version > "3"')


def test_names_in_setup_py_stand_for_their_literals() -> None:
    text = """
BASE = ["six"]
EXTRAS = {"test": ["mock"], "css": ["tinycss2"]}
setup(install_requires=BASE + ["attrs"], extras_require=EXTRAS, python_requires=read("python.txt"))
"""
    needs = read_needs(Tree({"setup.py": text, "requirements-dev.txt": "-e .[css]\n"}))
    assert (needs.requirements, needs.python) == (("six", "attrs", "mock", "tinycss2"), "")


def test_poetry_versions_become_those_of_the_standard() -> None:
    text = """
        [tool.poetry.dependencies]
        python = "^3.9"
        requests = {version = "^2.28", extras = ["socks"]}
        rich = {version = "*", optional = true}
        sister = {path = "../sister"}
        old = [{version = "~1.2", python = "<3.11"}, {version = "1.4.*", python = ">=3.11"}]
        both = "^1 || ^2"
        [tool.poetry.group.dev.dependencies]
        mock = "5.1"
    """
    needs = read_needs(Tree({"pyproject.toml": text}))
    assert needs.requirements == (
        "requests[socks]<3.0,>=2.28",
        'old<1.3,>=1.2; python_version < "3.11"',
        'old==1.4.*; python_version >= "3.11"',
        "both",
        "mock==5.1",
    )
    assert needs.python == ">=3.9,<4.0"
    with pytest.raises(BuildpackError, match=r"requests in tool\.poetry"):
        read_needs(Tree({"pyproject.toml": '[tool.poetry.dependencies]\nrequests = "bananas"\n'}))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[tool.uv]\ndev-dependencies = ["mock"]\n'}, ("mock",)),
        ({"pyproject.toml": '[tool.pdm.dev-dependencies]\ntest = ["mock"]\nlint = ["ruff"]\n'}, ("mock",)),
        ({"pyproject.toml": '[tool.hatch.envs.default]\ndependencies = ["mock"]\n'}, ("mock",)),
        (
            {"Pipfile": '[packages]\nsix = {version = ">1", markers = "python_version > \'3\'"}\n'},
            ('six>1; python_version > "3"',),
        ),
        ({"Pipfile": '[dev-packages]\nmock = {extras = ["a"], version = "*"}\nlocal = {path = "."}\n'}, ("mock[a]",)),
        (
            {"tox.ini": "[testenv]\ndeps =\n  mock\n  py39: six\n  -rmore.txt\n", "more.txt": "attrs\n"},
            ("mock", "attrs"),
        ),
        ({"tox.ini": "[testenv]\ndeps = mock<1\n", "requirements-dev.txt": "mock>2\n"}, ("mock>2",)),
        (
            {
                "pyproject.toml": '[project]\nname = "a"\ndynamic = ["dependencies"]\n'
                '[tool.setuptools.dynamic]\ndependencies = {file = ["base.in"]}\n',
                "base.in": "attrs\n",
            },
            ("attrs",),
        ),
    ],
)
def test_every_tools_own_table_counts(files: dict[str, str], expected: tuple[str, ...]) -> None:
    assert read_needs(Tree(files)).requirements == expected


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "tox.ini", "Pipfile"])
def test_a_broken_file_is_named(name: str) -> None:
    with pytest.raises(BuildpackError, match=name):
        read_needs(Tree({name: "[[["}))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", 'project = "x"\n'),
        ("pyproject.toml", "[project]\ndependencies = 3\n"),
        ("pyproject.toml", "tool = []\n"),
        ("pyproject.toml", "[tool.poetry]\ndependencies = 3\n"),
        ("pyproject.toml", "[tool.hatch]\nenvs = 'x'\n"),
        ("Pipfile", "packages = 'x'\n"),
    ],
)
def test_something_else_where_a_table_belongs_is_said(name: str, text: str) -> None:
    with pytest.raises(BuildpackError, match=f"{name} cannot be read"):
        read_needs(Tree({name: text}))


def test_extras_of_the_project_itself_are_followed() -> None:
    """Groups name them, and they one another, in a circle too; so does tox."""
    text = """
        [project]
        name = "My.Thing"
        [project.optional-dependencies]
        dev = ["my-thing[Tests]", "six"]
        tests = ["my_thing[more]", "ruff"]
        more = ["hypothesis", "my-thing[dev]"]
        reco = ["simplejson"]
        other = ["numpy"]
    """
    tox = "[testenv]\nextras =\n  reco\n"
    needs = read_needs(Tree({"pyproject.toml": text, "tox.ini": tox}))
    assert sorted(needs.requirements) == ["hypothesis", "simplejson", "six"]
