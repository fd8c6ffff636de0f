"""What each kind of file declares: pyproject.toml and its tools' tables, setup.cfg, setup.py, Pipfile, tox.ini.

Nothing of the project is run. A declaration that only running it would tell is left out.
"""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from buildpacks.api import BuildpackError, RepoView

__all__ = ["Declared", "Groups", "declarations"]

type Groups = Mapping[str, list[str]]
"""Requirements by the name of their group or extra."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One table's word: run-time requirements, named groups of others, and the Python versions that it runs on.

    `files` are further files of requirements that it names, `places` other packages by their folders.
    """

    requirements: list[str] = field(default_factory=list)
    groups: Groups = field(default_factory=dict)
    python: str = ""
    files: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


def declarations(view: RepoView) -> Iterator[tuple[str, Declared]]:
    """Every declaration of the tree, with the file that it is from; the most specific first.

    Raises `BuildpackError` for a file that cannot be read.
    """
    if view.exists("pyproject.toml"):
        pyproject = _toml(view, "pyproject.toml")
        for table in (_standard, _grouped, _poetry, _tools):
            yield "pyproject.toml", _read("pyproject.toml", table, pyproject)
    if view.exists("setup.cfg"):
        yield "setup.cfg", _setup_cfg(_ini(view, "setup.cfg"))
    if view.exists("setup.py"):
        yield "setup.py", _setup_py(view.read("setup.py"))
    if view.exists("Pipfile"):
        yield "Pipfile", _read("Pipfile", _pipfile, _toml(view, "Pipfile"))
    if view.exists("tox.ini"):
        yield "tox.ini", _tox(_ini(view, "tox.ini"))


def _read(path: str, table: Callable[[Mapping[str, Any]], Declared], content: Mapping[str, Any]) -> Declared:
    """What a table of a TOML file says; in a file that is written wrongly, anything may stand where a table belongs."""
    try:
        return table(content)
    except (AttributeError, TypeError, ValueError) as error:
        raise BuildpackError(f"{path} cannot be read: {error}") from error


def _toml(view: RepoView, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(view.read(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildpackError(f"{path} cannot be read: {error}") from error


def _ini(view: RepoView, path: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(view.read(path).decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BuildpackError(f"{path} cannot be read: {error}") from error
    return parser


def _standard(pyproject: Mapping[str, Any]) -> Declared:
    """The `project` table (PEP 621), and the files that setuptools takes its dependencies from."""
    project = pyproject.get("project", {})
    dynamic = pyproject.get("tool", {}).get("setuptools", {}).get("dynamic", {})
    return Declared(
        list(project.get("dependencies", ())),
        project.get("optional-dependencies", {}),
        str(project.get("requires-python", "")),
        _strings(dynamic.get("dependencies", {}).get("file")),
    )


def _grouped(pyproject: Mapping[str, Any]) -> Declared:
    """The dependency groups (PEP 735)."""
    groups = pyproject.get("dependency-groups", {})
    return Declared(groups={name: list(_expanded(entries, groups, depth=0)) for name, entries in groups.items()})


def _expanded(entries: Iterable[Any], groups: Mapping[str, Any], depth: int) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and depth < 10:  # PEP 735 forbids cycles; a hostile file has them
            yield from _expanded(groups.get(entry.get("include-group", ""), []), groups, depth + 1)


def _poetry(pyproject: Mapping[str, Any]) -> Declared:
    """Poetry's own tables, in which versions are written in its own way."""
    poetry = pyproject.get("tool", {}).get("poetry", {})
    found = dict(poetry.get("dependencies", {}))
    python = found.pop("python", "")
    groups = {name: group.get("dependencies", {}) for name, group in poetry.get("group", {}).items()}
    groups |= {"dev": poetry["dev-dependencies"]} if "dev-dependencies" in poetry else {}
    return Declared(
        list(_poetry_requirements(found)),
        {name: list(_poetry_requirements(table)) for name, table in groups.items()},
        _poetry_versions(python) if isinstance(python, str) else "",
        places=[place for table in (found, *groups.values()) for place in _places(table)],
    )


def _poetry_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    for name, constraints in table.items():
        for constraint in constraints if isinstance(constraints, list) else [constraints]:
            local = isinstance(constraint, dict) and constraint.keys() & {"path", "git", "url"}
            optional = isinstance(constraint, dict) and constraint.get("optional")
            if not local and not optional:
                yield _poetry_requirement(name, constraint)


def _places(table: Mapping[str, Any]) -> Iterator[str]:
    """The folders that a table names in place of versions."""
    for given in table.values():
        for constraint in given if isinstance(given, list) else [given]:
            if isinstance(constraint, dict) and isinstance(constraint.get("path"), str):
                yield constraint["path"]


def _poetry_requirement(name: str, constraint: Any) -> str:
    from poetry.core.factory import Factory  # noqa: PLC0415  # a third of a second that few projects need

    try:
        text = Factory.create_dependency(name, constraint).to_pep_508()
    except (ValueError, TypeError) as error:
        raise BuildpackError(f"pyproject.toml cannot be read: {name} in tool.poetry: {error}") from error
    return name if "||" in text else text


def _poetry_versions(text: str) -> str:
    from poetry.core.constraints.version import parse_constraint  # noqa: PLC0415  # the same

    try:
        versions = str(parse_constraint(text or "*"))
    except ValueError as error:
        raise BuildpackError(f"pyproject.toml cannot be read: python in tool.poetry: {error}") from error
    return "" if versions == "*" or "||" in versions else versions


def _tools(pyproject: Mapping[str, Any]) -> Declared:
    """The groups of uv, pdm and hatch."""
    tool = pyproject.get("tool", {})
    environments = tool.get("hatch", {}).get("envs", {})
    return Declared(
        places=list(_places(tool.get("uv", {}).get("sources", {}))),
        groups=_merged(
            {"dev": _strings(tool.get("uv", {}).get("dev-dependencies"))},
            tool.get("pdm", {}).get("dev-dependencies", {}),
            {
                "test" if name in {"default", "hatch-test"} else name: [
                    *_strings(environment.get("dependencies")),
                    *_strings(environment.get("extra-dependencies")),
                ]
                for name, environment in environments.items()
            },
        ),
    )


def _setup_cfg(parser: configparser.ConfigParser) -> Declared:
    found = [
        line
        for option in ("install_requires", "tests_require")
        for line in _lines(parser.get("options", option, fallback=""))
    ]
    extras = dict(parser.items("options.extras_require")) if parser.has_section("options.extras_require") else {}
    python = parser.get("options", "python_requires", fallback="")
    return Declared(found, {name: _lines(text) for name, text in extras.items()}, python)


def _setup_py(source: bytes) -> Declared:
    """The arguments of the call of `setup` that are literals, or names of literals."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return Declared()
    names: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names.setdefault(name, _literal(value, names))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "setup":
            given |= {keyword.arg or "": _literal(keyword.value, names) for keyword in node.keywords}
    extras = given.get("extras_require")
    return Declared(
        [*_strings(given.get("install_requires")), *_strings(given.get("tests_require"))],
        {str(name): _strings(value) for name, value in extras.items()} if isinstance(extras, dict) else {},
        str(given.get("python_requires") or ""),
    )


def _literal(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a literal, of a name that stands for one, or of a sum of lists; None where it is none of these."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, names), _literal(node.right, names)
        return left + right if isinstance(left, list) and isinstance(right, list) else left or right
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return None


def _pipfile(pipfile: Mapping[str, Any]) -> Declared:
    return Declared(
        list(_pipenv_requirements(pipfile.get("packages", {}))),
        {"dev": list(_pipenv_requirements(pipfile.get("dev-packages", {})))},
        places=[place for part in ("packages", "dev-packages") for place in _places(pipfile.get(part, {}))],
    )


def _pipenv_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    for name, given in table.items():
        options = given if isinstance(given, dict) else {"version": str(given)}
        if options.keys() & {"path", "git", "file"}:
            continue
        extras = ",".join(_strings(options.get("extras")))
        version = str(options.get("version", "*"))
        markers = f" ; {options['markers']}" if "markers" in options else ""
        yield f"{name}{f'[{extras}]' if extras else ''}{'' if version == '*' else version}{markers}"


def _tox(parser: configparser.ConfigParser) -> Declared:
    """What tox installs for every environment; what it does for some of them only is left out."""
    entries = _lines(parser.get("testenv", "deps", fallback=""))
    files = [entry.removeprefix("-r").strip() for entry in entries if entry.startswith("-r")]
    plain = [entry for entry in entries if not re.match(r"-|\.|/|[\w,{}!.-]+\s*:", entry) and "{" not in entry]
    return Declared(groups={"test": plain}, files=[name for name in files if "{" not in name])


def _merged(*tables: Groups) -> Groups:
    """The groups of several tables; those of the same name are one."""
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
