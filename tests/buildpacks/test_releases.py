"""Which releases of Python a project names, and in which file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildpacks.python.releases import Named, named_releases
from buildpacks.view import FolderView

WORKFLOW = """\
jobs:
  tests:
    strategy:
      matrix:
        # python-version: [3.5]
        python-version: ["3.8", 3.10,
                         "3.14-dev", 3.15.0-rc.1]
        os: [3.4]
        python:
          - '3.9'
          - pypy3.7  # not CPython
        include:
          - python-version: 3.11.4
            tox: 3.3
"""
TRAVIS = "python:\n- 2.7\n- 3.6\nscript:\n- tox -e 3.5\nmatrix:\n  include:\n  - env: TOXENV=py37,pypy3\n"


@pytest.fixture
def named(tmp_path: Path) -> Callable[[Mapping[str, str]], Named]:
    def read(files: Mapping[str, str]) -> Named:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return named_releases(FolderView(tmp_path))

    return read


@pytest.mark.parametrize(
    ("path", "text", "listed"),
    [
        (
            "tox.ini",
            "[tox]\nenvlist =\n  py{27,36}-{a,b}\n  py3{7,8}, pypy3\n  # none\n[testenv:py39]\n",
            "2.7 3.6 3.7 3.8",
        ),
        ("setup.cfg", "[tox:tox]\nenvlist = py36,py3.7\n[testenv]\ndeps = py38\n", "3.6 3.7"),
        ("pyproject.toml", '[tool.tox]\nenv_list = [\n  "3.8",\n  "py311",\n]\nother = "py312"\n', "3.11"),
        (".github/workflows/tests.yml", WORKFLOW, "3.8 3.9 3.10 3.11"),
        (".travis.yml", TRAVIS, "2.7 3.6 3.7"),
        ("setup.py", "# Programming Language :: Python :: 3.5\n'Programming Language :: Python :: 3.6',\n", "3.6"),
        ("pyproject.toml", 'classifiers = ["Programming Language :: Python :: 3.12"]\n', "3.12"),
        ("README", "Programming Language :: Python :: 3.12", ""),
    ],
)
def test_every_place_names_releases(path: str, text: str, listed: str, named: Callable[..., Named]) -> None:
    found = named({path: text})
    assert " ".join("{}.{}".format(*release) for release in sorted(found.listed)) == listed
    assert set(found.listed.values()) <= {path}
    assert not found.pinned


def test_one_is_pinned(named: Callable[..., Named]) -> None:
    assert list(named({".python-version": "pypy3.6-7.3\n3.9.1\ncpython-3.8\nsystem\n"}).pinned) == [(3, 9), (3, 8)]


def test_hostile_files_name_nothing(named: Callable[..., Named]) -> None:
    """Each would take minutes if reading it took more than linear time."""
    word, lines = "py" * (1 << 20), "python:\n" * (1 << 15)
    files = {"tox.ini": f"envlist = {word}", "setup.py": word, ".travis.yml": lines, ".python-version": word}
    assert named(files) == Named()
