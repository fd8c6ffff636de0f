"""The versions that a lock file names: which are taken, from which files, and when."""

from __future__ import annotations

import json

import pytest

from buildpacks import PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.python.locks import locked_versions
from tests.buildpacks.test_requirements import Tree

UV = """\
version = 1
requires-python = ">=3.10"

[[package]]
name = "iniconfig"
version = "2.0.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "six", marker = "python_full_version < '3.11'" },
]

[[package]]
name = "Thing"
version = "1.0"
source = { editable = "." }

[[package]]
name = "other"
version = "2.0"
source = { git = "https://example.org/other?rev=main#0123" }

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "pytest"
version = "8.3.2"
source = { registry = "https://pypi.org/simple" }

[package.metadata]
requires-dist = [{ name = "six" }]
"""
POETRY = """\
[[package]]
name = "attrs"
version = "23.1.0"
description = "Classes Without Boilerplate"
optional = false
python-versions = ">=3.7"
files = [
    {file = "attrs-23.1.0-py3-none-any.whl", hash = "sha256:00"},
]

[[package]]
name = "mine"
version = "0.1"
description = ""

[package.source]
type = "directory"
url = "../mine"

[[package]]
name = "own"
version = "3"
description = ""

[package.source]
type = "legacy"
url = "https://example.org/simple"

[metadata]
lock-version = "2.0"
"""
PDM = '[[package]]\nname = "six"\nversion = "1.16.0"\n\n[[package]]\nname = "x"\nversion = "1"\ngit = "https://x/y"\n'
PYLOCK = '[[packages]]\nname = "six"\nversion = "1.15.0"\nindex = "https://pypi.org/simple"\n'
PIPFILE = json.dumps(
    {
        "_meta": {},
        "default": {"six": {"version": "==1.16.0"}, "mine": {"path": "."}, "odd": {"version": ">=1"}},
        "develop": {"pytest": {"version": "==2.9.2"}},
    }
)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("uv.lock", UV, ("iniconfig==2.0.0", "pytest==8.3.2")),
        ("poetry.lock", POETRY, ("attrs==23.1.0",)),
        ("pdm.lock", PDM, ("six==1.16.0",)),
        ("pylock.toml", PYLOCK, ("six==1.15.0",)),
        ("Pipfile.lock", PIPFILE, ("six==1.16.0",)),
    ],
)
def test_versions_of_registries_are_those_of_a_lock_file(path: str, text: str, expected: tuple[str, ...]) -> None:
    assert locked_versions(Tree({path: text})) == (path, expected)
    assert locked_versions(Tree({path: text.replace("\n", "\r\n")})) == (path, expected)


@pytest.mark.parametrize(
    "text",
    ["", "[[package]]", "\0", "{" * 100_000, '[[package]]\nname = "-x"\nversion = "1"\n', "[[package]]\n" * 9_999],
)
def test_what_is_no_lock_file_has_no_versions(text: str) -> None:
    for path in ("uv.lock", "Pipfile.lock"):
        assert locked_versions(Tree({path: text})) == ("", ())


def test_where_pytest_is_not_locked_nothing_decides_on_its_age() -> None:
    text = "".join(f'[[package]]\nname = "{name}"\nversion = "1.0"\n' for name in ("pluggy", "six", "pytest-cov"))
    assert locked_versions(Tree({"pdm.lock": text})) == ("pdm.lock", ("six==1.0",))


def test_they_go_with_interpreters_of_their_time() -> None:
    tree = Tree({"uv.lock": UV, "pyproject.toml": '[project]\nname = "thing"\nversion = "1"\n'})

    def locked(**options: object) -> tuple[str, ...]:
        return PythonBuildpack().plan(tree, PlanOptions(python="3.12", **options)).locked  # type: ignore[arg-type]

    assert locked(date="2024-08-01T00:00:00Z") == ("iniconfig==2.0.0", "pytest==8.3.2")
    assert locked(date="2023-01-01T00:00:00Z") == ()
    assert locked(date="2024-08-01", as_of="2024-08-01") == ()
    assert locked(date="2024-08-01", packages=("pytest==8",)) == ()
    assert locked(date="2024-08-01", added=("Iniconfig>2",)) == ("pytest==8.3.2",)
    assert locked(date="2024-08-01", image="python:3.12-slim") == ()
    assert locked(date="2026-08-01", image="python:3.12-slim") == ("iniconfig==2.0.0", "pytest==8.3.2")
