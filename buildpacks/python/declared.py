"""The declarations of each kind of file: pyproject.toml with the tools' tables, setup.cfg, setup.py, Pipfile, tox.ini.

Nothing of the project is run: a declaration that only running it would reveal is left out. The files are hostile: a
value of the wrong type is an error that names the file and the place.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from buildpacks.api import RepoView
from buildpacks.python.poetry import poetry_requirements, poetry_versions
from buildpacks.python.provide import parsed
from buildpacks.python.setup_script import arguments_of_setup
from buildpacks.python.tables import (
    Malformed,
    checked,
    kind_of,
    read_ini,
    read_toml,
    table_at,
    tables_at,
    text_of,
    texts_of,
    unreadable,
)

__all__ = ["Declared", "Groups", "build_requirements", "declarations", "project_name", "workspace_members"]

_DEFAULT_BUILD = ("setuptools>=40.8", "wheel")
_PLACES = frozenset({"git", "path", "url", "workspace"})
_MAX_MEMBERS = 200

type Groups = Mapping[str, list[str]]
"""Requirements by the name of their group or extra."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The declarations of one table: run-time requirements, named groups of others, and supported Python versions.

    `extras` are the groups that tests need besides. `files` are further files of requirements, `places` are the folders
    of other packages, and `name` is the name of the distribution. `elsewhere` are the names of requirements that no
    registry may be asked for.
    """

    requirements: list[str] = field(default_factory=list)
    groups: Groups = field(default_factory=dict)
    python: str = ""
    files: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    name: str = ""
    elsewhere: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def declarations(view: RepoView) -> Iterator[tuple[str, Declared]]:
    """Every declaration of the tree, with its file; the most specific first.

    Raises `BuildpackError` if a file cannot be read.
    """
    if view.exists("pyproject.toml"):
        pyproject = read_toml(view, "pyproject.toml")
        for table in (_standard, _grouped, _poetry, _tools):
            yield "pyproject.toml", checked("pyproject.toml", table, pyproject)
    if view.exists("setup.cfg"):
        yield "setup.cfg", _setup_cfg(read_ini(view, "setup.cfg"))
    if view.exists("setup.py"):
        yield "setup.py", _setup_py(arguments_of_setup(view.read("setup.py")))
    if view.exists("Pipfile"):
        yield "Pipfile", checked("Pipfile", _pipfile, read_toml(view, "Pipfile"))
    if view.exists("tox.ini"):
        yield "tox.ini", _tox(read_ini(view, "tox.ini"))


def project_name(view: RepoView) -> str:
    """The project's name in pyproject.toml; empty if it has none there. Raises `BuildpackError`."""
    if not view.exists("pyproject.toml"):
        return ""
    pyproject = read_toml(view, "pyproject.toml")
    return checked(
        "pyproject.toml", lambda content: text_of(table_at(content, "project"), "name", "project"), pyproject
    )


def workspace_members(view: RepoView) -> list[str]:
    """The patterns for the folders of uv's workspace. Raises `BuildpackError`."""
    if not view.exists("pyproject.toml"):
        return []
    pyproject = read_toml(view, "pyproject.toml")
    patterns = checked(
        "pyproject.toml", lambda content: texts_of(table_at(content, "tool", "uv", "workspace"), "members"), pyproject
    )
    if len(patterns) > _MAX_MEMBERS:
        raise unreadable("pyproject.toml", f"more than {_MAX_MEMBERS} patterns in tool.uv.workspace.members")
    return patterns


def build_requirements(view: RepoView) -> list[str]:
    """The requirements of the project's build; empty if it has none. Raises `BuildpackError`."""
    pyproject = read_toml(view, "pyproject.toml") if view.exists("pyproject.toml") else {}
    if "build-system" not in pyproject:
        if not view.exists("setup.py"):
            return [*_DEFAULT_BUILD] if "project" in pyproject else []
        arguments = arguments_of_setup(view.read("setup.py"))
        return [*_DEFAULT_BUILD, *(text for text in _strings(arguments.get("setup_requires")) if parsed(text))]

    def required(content: Mapping[str, Any]) -> list[str]:
        table = table_at(content, "build-system")
        return texts_of(table, "requires") if "requires" in table else [*_DEFAULT_BUILD]

    return checked("pyproject.toml", required, pyproject)


def _standard(pyproject: Mapping[str, Any]) -> Declared:
    """The `project` table (PEP 621), and the files from which setuptools reads the dependencies."""
    project = table_at(pyproject, "project")
    extras = table_at(pyproject, "project", "optional-dependencies")
    return Declared(
        texts_of(project, "dependencies"),
        {name: texts_of(extras, name) for name in extras},
        text_of(project, "requires-python", "project"),
        texts_of(_dynamic(pyproject), "file", alone=True),
        name=text_of(project, "name", "project"),
    )


def _dynamic(pyproject: Mapping[str, Any]) -> Mapping[str, Any]:
    return table_at(pyproject, "tool", "setuptools", "dynamic", "dependencies")


def _grouped(pyproject: Mapping[str, Any]) -> Declared:
    """The dependency groups (PEP 735)."""
    groups = table_at(pyproject, "dependency-groups")
    return Declared(groups={name: list(_expanded(name, groups, set())) for name in groups})


def _expanded(name: str, groups: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """The requirements of a group and of the groups that it includes, each once: a hostile file has cycles."""
    seen.add(name)
    entries = groups.get(name, [])
    if not isinstance(entries, list):
        raise Malformed(f"dependency-groups.{name} is {kind_of(entries)}, not a list")
    for entry in entries:
        included = entry.get("include-group") if isinstance(entry, dict) else None
        if isinstance(entry, str):
            yield entry
        elif not isinstance(included, str):
            raise Malformed(f"dependency-groups.{name} has {kind_of(entry)} that includes no group")
        elif included not in seen:
            yield from _expanded(included, groups, seen)


def _poetry(pyproject: Mapping[str, Any]) -> Declared:
    """The tables of Poetry."""
    dependencies = dict(table_at(pyproject, "tool", "poetry", "dependencies"))
    python = dependencies.pop("python", "")
    tables = tables_at(pyproject, "tool", "poetry", "group")
    groups = {name: table_at(table, "dependencies") for name, table in tables.items()}
    if dev := table_at(pyproject, "tool", "poetry", "dev-dependencies"):
        groups |= {"dev": dev}
    return Declared(
        list(poetry_requirements(dependencies)),
        {name: list(poetry_requirements(table)) for name, table in groups.items()},
        poetry_versions(python) if isinstance(python, str) else "",
        places=[place for table in (dependencies, *groups.values()) for place in _places(table)],
        name=text_of(table_at(pyproject, "tool", "poetry"), "name", "tool.poetry"),
    )


def _places(table: Mapping[str, Any]) -> Iterator[str]:
    """The folders that a table has in place of versions."""
    for value in table.values():
        for constraint in value if isinstance(value, list) else [value]:
            if isinstance(constraint, dict) and isinstance(constraint.get("path"), str):
                yield constraint["path"]


def _is_elsewhere(value: object) -> bool:
    """Whether a package has a source of its own: a package of that name in a registry may be anybody's."""
    sources = value if isinstance(value, list) else [value]
    return any(isinstance(source, dict) and not _PLACES.isdisjoint(source) for source in sources)


def _tools(pyproject: Mapping[str, Any]) -> Declared:
    """The groups of uv, pdm and hatch."""
    pdm = table_at(pyproject, "tool", "pdm", "dev-dependencies")
    environments = tables_at(pyproject, "tool", "hatch", "envs")
    sources = table_at(pyproject, "tool", "uv", "sources")
    return Declared(
        places=list(_places(sources)),
        elsewhere=[name for name, value in sources.items() if _is_elsewhere(value)],
        groups=_merged(
            {"dev": texts_of(table_at(pyproject, "tool", "uv"), "dev-dependencies")},
            {name: texts_of(pdm, name) for name in pdm},
            *(
                {
                    "test" if name in {"default", "hatch-test"} else name: [
                        *texts_of(environment, "dependencies"),
                        *texts_of(environment, "extra-dependencies"),
                    ]
                }
                for name, environment in environments.items()
            ),
        ),
    )


def _setup_cfg(parser: configparser.ConfigParser) -> Declared:
    requirements = [
        line
        for option in ("install_requires", "tests_require")
        for line in _lines(parser.get("options", option, fallback=""))
    ]
    extras = dict(parser.items("options.extras_require")) if parser.has_section("options.extras_require") else {}
    python = parser.get("options", "python_requires", fallback="")
    own = parser.get("metadata", "name", fallback="")
    return Declared(requirements, {name: _lines(text) for name, text in extras.items()}, python, name=own)


def _setup_py(arguments: Mapping[str, Any]) -> Declared:
    extras = arguments.get("extras_require")
    python = arguments.get("python_requires")
    name = arguments.get("name")
    return Declared(
        [*_strings(arguments.get("install_requires")), *_strings(arguments.get("tests_require"))],
        {str(name): _strings(value) for name, value in extras.items()} if isinstance(extras, dict) else {},
        python if isinstance(python, str) else "",
        name=name if isinstance(name, str) else "",
    )


def _pipfile(pipfile: Mapping[str, Any]) -> Declared:
    return Declared(
        list(_pipenv_requirements(table_at(pipfile, "packages"))),
        {"dev": list(_pipenv_requirements(table_at(pipfile, "dev-packages")))},
        places=[place for part in ("packages", "dev-packages") for place in _places(table_at(pipfile, part))],
    )


def _pipenv_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        options = {"version": value} if isinstance(value, str) else table_at(table, name)
        if options.keys() & {"path", "git", "file"}:
            continue
        extras = ",".join(texts_of(options, "extras"))
        version = text_of(options, "version", name) or "*"
        markers = f" ; {text_of(options, 'markers', name)}" if "markers" in options else ""
        yield f"{name}{f'[{extras}]' if extras else ''}{'' if version == '*' else version}{markers}"


def _tox(parser: configparser.ConfigParser) -> Declared:
    """What tox installs in every environment; requirements of some environments only are left out."""
    entries = _lines(parser.get("testenv", "deps", fallback=""))
    files = [entry.removeprefix("-r").strip() for entry in entries if entry.startswith("-r")]
    plain = [entry for entry in entries if not re.match(r"-|\.|/|[\w,{}!.-]+\s*:", entry) and "{" not in entry]
    extras = re.split(r"[\s,]+", parser.get("testenv", "extras", fallback="").strip())
    files = [name for name in files if "{" not in name]
    return Declared(groups={"test": plain}, extras=[name for name in extras if name], files=files)


def _merged(*tables: Groups) -> Groups:
    """The groups of several tables; groups of the same name are merged."""
    merged: dict[str, list[str]] = {}
    for table in tables:
        for name, entries in table.items():
            merged.setdefault(canonicalize_name(name), []).extend(entries)
    return merged


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []
