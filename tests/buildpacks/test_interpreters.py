"""Which interpreter a Python project gets, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from buildpacks import BuildpackError, PlanOptions
from buildpacks.python import PythonBuildpack, interpreters
from buildpacks.python.releases import Named
from buildpacks.view import FolderView
from rfsn.errors import InfraError
from rfsn.project.environment import prepared_environment
from sandbox import SandboxProvider

type Machine = Callable[..., Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which pyenv has these releases, besides the interpreter that runs the tests."""
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    def make(*releases: str) -> Path:
        for release in releases:
            place = tmp_path / "versions" / f"{release}.1"
            (place / "bin").mkdir(parents=True)
            (place / "bin" / f"python{release}").write_text("")
            (place / "bin" / f"python{release}").chmod(0o755)
            (place / "bin" / "python").symlink_to(f"python{release}")
        return tmp_path / "versions"

    return make


@pytest.fixture
def view(tmp_path: Path) -> Callable[[Mapping[str, str]], FolderView]:
    def make(files: Mapping[str, str]) -> FolderView:
        for path, text in files.items():
            (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / path).write_text(text)
        return FolderView(tmp_path / "tree")

    return make


def test_the_newest_that_suits_is_taken_and_an_old_one_only_if_nothing_newer_does(machine: Machine) -> None:
    place = machine("3.6", "3.7", "3.9")
    found = [interpreters.find(wanted)[0] for wanted in ("", ">=3.6,<3.11", "<3.8", "==3.6.*", "<3.6")]
    running = Path(sys.base_prefix).resolve()
    prefixes = [running, *(place / name for name in ("3.9.1", "3.7.1", "3.6.1")), None]
    assert [interpreter and interpreter.prefix for interpreter in found] == prefixes


@pytest.mark.parametrize(
    ("pinned", "listed", "requires", "found", "file"),
    [
        ("3.7", "3.6 3.9", "", "3.7", ".python-version"),
        ("3.8", "3.6 3.9 3.99", "", "3.9", "tox.ini"),
        ("3.9", "3.6 3.7", "<3.8", "3.7", "tox.ini"),
        ("", "2.7 3.5", "", "3.6", "tox.ini"),  # of those that are newer, the nearest
        ("", "2.7 3.8", "", "3.9", "tox.ini"),
        ("", "3.99", "<3.8", "3.7", "tox.ini"),
        ("", "3.99", "<3.6", "", ""),
        ("", "", "", "{}.{}".format(*sys.version_info), ""),
    ],
)
def test_what_the_project_names_is_taken(
    pinned: str, listed: str, requires: str, found: str, file: str, machine: Machine
) -> None:
    def named(releases: str, path: str) -> dict[tuple[int, int], str]:
        return {(int(one[0]), int(one[2:])): path for one in releases.split()}

    machine("3.6", "3.7", "3.9")
    chosen, said = interpreters.find(requires, Named(named(pinned, ".python-version"), named(listed, "tox.ini")))
    assert ("{}.{}".format(*chosen.version) if chosen else "", said) == (found, file)


def test_where_tests_do_not_load_the_environment_of_the_commit_is_tried_first(machine: Machine, view: Any) -> None:
    place = machine("3.6", "3.7", "3.9", "3.10")

    def others(**options: Any) -> list[tuple[str, str]]:
        plan = PythonBuildpack().plan(tree, PlanOptions(**options))
        return [(Path(choice.python).name, choice.as_of) for choice in plan.others]

    tree = view({"test_a.py": "", "tox.ini": "[tox]\nenvlist = py310\n"})
    assert [name for name, _ in others()] == ["python3.9", "python3.7", "python3.6"]
    then = "2019-05-05"
    dated = [("python3.7", then), ("", then), ("python3.9", then), ("python3.6", then), ("python3.7", "")]
    assert others(date=then) == dated
    assert others(date="2012-05-05")[0] == ("python3.6", "2018-11-12")  # the runner's oldest pytest is of then
    assert others(date=then, python="3.9") == [("3.9", then)]
    assert {as_of for _, as_of in others(date=then, packages=("pytest==7",))} == {""}
    assert others(date=then, python=f"{place}/3.7.1/bin/python3.7", as_of=then) == []


def test_packages_of_a_date_come_with_a_pytest_that_the_runner_knows(machine: Machine, view: Any) -> None:
    machine("3.6")
    tree = view(
        {
            "setup.py": "",
            "requirements-test.txt": "pytest==2.9\npy==1.4\npytest-cov==2.3 ; python_version>'3'\nsix==1\n",
        }
    )
    plan = PythonBuildpack().plan(tree, PlanOptions(as_of="2019-01-01"))
    assert plan.description.endswith(", packages as of 2019-01-01")
    assert plan.requirements[:4] == ("pytest>=3.10", "py", 'pytest-cov; python_version > "3"', "six==1")
    assert "develop" in plan.build[0].argv[2]  # setuptools of then makes no editable wheels


@pytest.mark.parametrize("name", ["3.7", "{place}/3.7.1/bin/python", "{place}/3.7.1/bin/python3.7"])
def test_what_is_asked_for_wins_over_the_project(name: str, machine: Machine, view: Any) -> None:
    place = machine("3.7", "3.9")
    tree = view({"setup.py": "", "setup.cfg": "[options]\npython_requires = >=3.9\n"})
    plan = PythonBuildpack().plan(tree, PlanOptions(python=name.format(place=place)))
    assert plan.description.startswith(f"Python 3.7 ({place}/3.7.1/bin/python3.7)")
    assert plan.mounts[0].target == f"{place}/3.7.1"
    other = PythonBuildpack().plan(tree, PlanOptions(python="3.9"))
    assert plan.platform != other.platform  # their environments are never shared


def test_one_that_is_not_there_or_too_old_is_an_error_with_what_is_there(machine: Machine) -> None:
    place = machine("3.5", "3.7")
    own = "{}.{}".format(*sys.version_info)
    for name in ("3.8", f"{place}/3.8.1/bin/python", str(place)):
        with pytest.raises(BuildpackError, match=f"--python {name}: no such interpreter; there are 3.7, {own}: name"):
            interpreters.asked(name)
    with pytest.raises(BuildpackError, match=r"--python .*: rfsn runs tests on Python 3\.6 or later"):
        interpreters.asked(f"{place}/3.5.1/bin/python")


@pytest.mark.parametrize(("asked", "python"), [("", "python3"), ("3.9", "python3.9"), ("/opt/py", "/opt/py")])
def test_an_image_has_its_own(asked: str, python: str, view: Any) -> None:
    plan = PythonBuildpack().plan(view({"test_a.py": ""}), PlanOptions(python=asked, image="python:3.9"))
    assert plan.platform[-1] == python
    assert plan.description == "Python of the image python:3.9"


def test_an_image_without_it_is_an_error(view: Any, provider: SandboxProvider) -> None:
    tree, pack = view({"test_a.py": ""}), PythonBuildpack()
    plan = pack.plan(tree, PlanOptions(python="3.99", image="bare:1"))
    said = r"the image bare:1 has no python3\.99: name the release that it has"
    with pytest.raises(InfraError, match=said), prepared_environment(pack, plan, tree.root, provider):
        pass


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("3.99", "--python 3.99: no such interpreter; there are "),
        ("three", "--python: 'three' is neither a release of Python (3.9) nor the path of an interpreter"),
        ("nowhere/python", f"--python {Path.cwd()}/nowhere/python: no such interpreter"),
    ],
)
def test_the_command_line_says_so(name: str, said: str, rfsn: Any, project: Any) -> None:
    ran = rfsn("repair", project({"test_a.py": "def test(): pass\n"}), "--python", name)
    assert ran.code == 2
    assert said in ran.err


def test_exact_packages_win_over_what_the_build_asks_for(view: Any) -> None:
    tree = view({"pyproject.toml": "[build-system]\nrequires = ['setuptools~=62.6', 'wheel~=0.37.1', 'six']\n"})
    plan = PythonBuildpack().plan(tree, PlanOptions(packages=("pytest==7.4.4", "Wheel==0.48.0")))
    assert plan.requirements == ("pytest==7.4.4", "Wheel==0.48.0", "setuptools~=62.6", "six")


def test_packages_are_added_to_those_of_the_project(rfsn: Any, project: Any) -> None:
    tree = project({"test_a.py": "", "setup.py": "from setuptools import setup\nsetup(install_requires=['six'])\n"})
    options = ("--with", "wheel==0.45", "--with", "Attrs[tests] >=20", "--python", sys.executable)
    part = rfsn("buildpacks", "plan", tree, *options, "--json").json["parts"][0]
    assert part["requirements"] == ["pytest", "six", "wheel==0.45", "Attrs[tests]>=20", "setuptools>=40.8"]
    ran = rfsn("repair", tree, "--with", "https://example.org/a.whl")
    assert (ran.code, "--with: 'https://example.org/a.whl' is not a requirement by name" in ran.err) == (2, True)


def test_nothing_is_added_where_no_part_is_python(rfsn: Any, project: Any) -> None:
    tree = project({"check": "true\n"})
    ran = rfsn("repair", tree, "--test", "sh check", "--with", "six")
    assert (ran.code, "--with adds packages to Python projects, and there is none here" in ran.err) == (2, True)


def test_what_a_project_supports_says_nothing_of_exact_packages(machine: Machine, tmp_path: Path) -> None:
    machine("3.8")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "tox.ini").write_text("[tox]\nenvlist = py38\n")

    def chosen(**options: Any) -> str:
        return PythonBuildpack().plan(FolderView(tree), PlanOptions(**options)).description

    here = "Python {}.{} ".format(*sys.version_info)
    assert chosen().startswith("Python 3.8 ")
    assert chosen(packages=("pytest==8.0.0",)).startswith(here)
    assert chosen(packages=("pytest==8.0.0",), python="3.8").startswith("Python 3.8 ")
    (tree / ".python-version").write_text("3.8\n")
    assert chosen(packages=("pytest==8.0.0",)).startswith("Python 3.8 ")
