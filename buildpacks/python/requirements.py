"""What a Python project says it needs, read from its files without running any of them."""

from __future__ import annotations

import ast
import configparser
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from buildpacks.api import BuildpackError, RepoView

__all__ = ["Needs", "read_needs"]

_TEST_GROUPS = ("test", "tests", "testing", "dev", "develop", "development")
# Build backends that ask for this package only when they build an editable, which nobody could know from the files.
_ASK_FOR_EDITABLES = frozenset({"hatchling", "pdm-backend"})
_REQUIREMENT_FILES = (
    "requirements.txt",
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "requirements/dev.txt",
    "tests/requirements.txt",
)


@dataclass(frozen=True, slots=True)
class Needs:
    """A project's declarations: run-time and test requirements, those of its build, and the versions it runs on.

    `build` is empty for a project that is not installed but only put on the path.
    """

    requirements: tuple[str, ...]
    build: tuple[str, ...]
    python: str
    sources: tuple[str, ...]


def read_needs(view: RepoView) -> Needs:
    """Collect the declarations of pyproject.toml, setup.cfg, setup.py and requirement files.

    Raises `BuildpackError` for a pyproject.toml or setup.cfg that cannot be read.
    """
    pyproject = _toml(view, "pyproject.toml")
    project: dict[str, Any] = pyproject.get("project", {})
    found: list[str] = list(project.get("dependencies", ()))
    found += _test_group(project.get("optional-dependencies", {}), {})
    groups = pyproject.get("dependency-groups", {})
    found += _test_group(groups, groups)
    python = str(project.get("requires-python", ""))
    sources = [name for name in ("pyproject.toml", "setup.cfg", "setup.py") if view.exists(name)]
    if view.exists("setup.cfg"):
        more, setup_python = _setup_cfg(view)
        found += more
        python = python or setup_python
    if view.exists("setup.py"):
        more, setup_python = _setup_py(view)
        found += more
        python = python or setup_python
    for name in _REQUIREMENT_FILES:
        if view.exists(name):
            sources.append(name)
            found += _requirement_file(view, name, set())
    installable = "build-system" in pyproject or "project" in pyproject or view.exists("setup.py")
    default = ["setuptools>=40.8", "wheel"] if installable else []
    build = list(pyproject.get("build-system", {}).get("requires", default))
    if any(_name(text) in _ASK_FOR_EDITABLES for text in build):
        build.append("editables")
    own = canonicalize_name(str(project.get("name", "")))
    kept = {text: None for text in found if _name(text) not in {None, own}}
    return Needs(tuple(kept), tuple(build), python, tuple(sources))


def _name(text: str) -> str | None:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return None


def _toml(view: RepoView, path: str) -> dict[str, Any]:
    if not view.exists(path):
        return {}
    try:
        return tomllib.loads(view.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildpackError(f"{path} cannot be read: {error}") from error


def _test_group(groups: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    """The requirements of the first group that is named as test requirements usually are."""
    named: dict[str, str] = {canonicalize_name(name): name for name in groups}
    for wanted in _TEST_GROUPS:
        if wanted in named:
            yield from _expanded(groups[named[wanted]], known, depth=0)
            return


def _expanded(entries: list[Any], groups: dict[str, Any], depth: int) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and depth < 10:  # PEP 735 forbids cycles; a hostile file has them
            yield from _expanded(groups.get(entry.get("include-group", ""), []), groups, depth + 1)


def _setup_cfg(view: RepoView) -> tuple[list[str], str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(view.read("setup.cfg").decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BuildpackError(f"setup.cfg cannot be read: {error}") from error
    found = parser.get("options", "install_requires", fallback="").splitlines()
    found += parser.get("options", "tests_require", fallback="").splitlines()
    if parser.has_section("options.extras_require"):
        extras = {name: text.splitlines() for name, text in parser.items("options.extras_require")}
        found += _test_group(extras, {})
    return [line.strip() for line in found if line.strip()], parser.get("options", "python_requires", fallback="")


def _setup_py(view: RepoView) -> tuple[list[str], str]:
    """The literal arguments of the call of `setup`; what is computed there is not known before it runs."""
    try:
        tree = ast.parse(view.read("setup.py"))
    except (SyntaxError, ValueError):
        return [], ""
    literals: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "setup":
            for keyword in node.keywords:
                try:
                    literals[keyword.arg or ""] = ast.literal_eval(keyword.value)
                except ValueError:
                    continue
    found = [*_strings(literals.get("install_requires")), *_strings(literals.get("tests_require"))]
    extras = literals.get("extras_require")
    if isinstance(extras, dict):
        found += _test_group({str(name): _strings(value) for name, value in extras.items()}, {})
    return found, str(literals.get("python_requires", ""))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []


def _requirement_file(view: RepoView, path: str, seen: set[str]) -> Iterator[str]:
    """The requirements of a file and those it includes; editable installs and options are left out."""
    if path in seen or not view.exists(path):
        return
    seen.add(path)
    for raw in view.read(path).decode(errors="replace").splitlines():
        line = raw.split(" #")[0].split(" --")[0].strip()
        if line.startswith(("-r ", "--requirement ")):
            yield from _requirement_file(view, normpath(join(dirname(path), line.split(maxsplit=1)[1])), seen)
        elif line and not line.startswith(("#", "-", ".", "/")):
            yield line
