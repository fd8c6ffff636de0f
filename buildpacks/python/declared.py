"""What each kind of file declares: pyproject.toml and its tools' tables, setup.cfg, setup.py, Pipfile, tox.ini.

Nothing of the project is run. A declaration that only running it would tell is left out. The files are hostile: what
is not of the kind that its place asks for is an error that names the file and the place.
"""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from buildpacks.api import BuildpackError, RepoView

__all__ = [
    "Declared",
    "Groups",
    "build_requirements",
    "content_of",
    "declarations",
    "parse_toml",
    "project_name",
    "unreadable",
    "workspace_members",
]

_DEFAULT_BUILD = ("setuptools>=40.8", "wheel")
_MAX_BYTES = 4 << 20
_MAX_TOML_BYTES = 512 << 10
_MAX_TEXT = 1_000
_MAX_DOTS = 4_000_000
"""The most squares of dots in a line, over all lines: the time to parse a key grows with the square of its parts."""

_MAX_SOURCE_BYTES = 1 << 20
_MAX_ENTRIES = 10_000
_MAX_SAID = 300
_PLACES = frozenset({"git", "path", "url", "workspace"})
_MAX_MEMBERS = 200

type Groups = Mapping[str, list[str]]
"""Requirements by the name of their group or extra."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One table's word: run-time requirements, named groups of others, and the Python versions that it runs on.

    `files` are further files of requirements that it names, `places` other packages by their folders, `name` is that of
    the distribution that it makes. `elsewhere` are the names of requirements that no registry is to be asked for.
    """

    requirements: list[str] = field(default_factory=list)
    groups: Groups = field(default_factory=dict)
    python: str = ""
    files: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    name: str = ""
    elsewhere: list[str] = field(default_factory=list)


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


def project_name(view: RepoView) -> str:
    """The project's name in pyproject.toml, empty where it has none there. Raises `BuildpackError`."""
    if not view.exists("pyproject.toml"):
        return ""
    pyproject = _toml(view, "pyproject.toml")
    return _read("pyproject.toml", lambda content: _text(_table(content, "project"), "name", "project"), pyproject)


def workspace_members(view: RepoView) -> list[str]:
    """The patterns of the folders that uv's workspace has. Raises `BuildpackError`."""
    if not view.exists("pyproject.toml"):
        return []
    pyproject = _toml(view, "pyproject.toml")
    found = _read("pyproject.toml", lambda one: _listed(_table(one, "tool", "uv", "workspace"), "members"), pyproject)
    if len(found) > _MAX_MEMBERS:
        raise unreadable("pyproject.toml", f"more than {_MAX_MEMBERS} patterns in tool.uv.workspace.members")
    return found


def build_requirements(view: RepoView) -> list[str]:
    """What the project's build asks for; nothing where it has no build. Raises `BuildpackError`."""
    pyproject = _toml(view, "pyproject.toml") if view.exists("pyproject.toml") else {}
    if "build-system" not in pyproject:
        return [*_DEFAULT_BUILD] if "project" in pyproject or view.exists("setup.py") else []

    def asked(content: Mapping[str, Any]) -> list[str]:
        table = _table(content, "build-system")
        return _listed(table, "requires") if "requires" in table else [*_DEFAULT_BUILD]

    return _read("pyproject.toml", asked, pyproject)


def unreadable(path: str, why: object) -> BuildpackError:
    """The error for a file that is not what its name says."""
    said = " ".join(str(why).split())
    return BuildpackError(f"{path} cannot be read: {said[:_MAX_SAID]}: correct it, or take it out")


class _Malformed(ValueError):
    """Something stands where something of another kind belongs."""


def _read[Found](path: str, table: Callable[[Mapping[str, Any]], Found], content: Mapping[str, Any]) -> Found:
    """What a table of a TOML file says."""
    try:
        return table(content)
    except (_Malformed, RecursionError) as error:
        raise unreadable(path, error) from error


def _toml(view: RepoView, path: str) -> dict[str, Any]:
    return parse_toml(content_of(view, path, _MAX_TOML_BYTES), path)


def parse_toml(content: bytes, path: str) -> dict[str, Any]:
    """A TOML file of strangers. Raises `BuildpackError`, naming `path`, for one that is wrong or takes too long."""
    if len(content) > _MAX_TOML_BYTES:
        raise unreadable(path, f"it has more than {_MAX_TOML_BYTES >> 10} KiB")
    if sum(line.count(b".") ** 2 for line in content.split(b"\n")) > _MAX_DOTS:
        raise unreadable(path, "its keys have too many parts")
    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise unreadable(path, "it is nested too deeply") from error
    except ValueError as error:  # also of its encoding, and of dates and numbers that there are not
        raise unreadable(path, error) from error


def _ini(view: RepoView, path: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        lines = content_of(view, path).decode().split("\n")
        parser.read_string("\n".join(map(_squeezed, lines)))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    return parser


def _squeezed(line: str) -> str:
    """A line with single spaces after its indentation: the parser takes the square of their number in time."""
    return line[: len(line) - len(line.lstrip())][:_MAX_SAID] + " ".join(line.split())


def content_of(view: RepoView, path: str, limit: int = _MAX_BYTES) -> bytes:
    """The content of a file of declarations. Raises `BuildpackError` for one that is far too large to be one."""
    content = view.read(path)
    if len(content) > limit:
        raise unreadable(path, f"it has {len(content)} bytes, more than any such file needs")
    return content


def _table(content: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The table at the end of a path of names, empty where there is none."""
    found: Any = content
    for number, name in enumerate(names):
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise _Malformed(f"{'.'.join(names[: number + 1])} is {_kind(found)}, not a table")
    return found  # type: ignore[no-any-return]  # a dict, as was just seen


def _tables(content: Mapping[str, Any], *names: str) -> Mapping[str, Mapping[str, Any]]:
    """The tables of a table, by their names."""
    return {name: _table(content, *names, name) for name in _table(content, *names)}


def _listed(table: Mapping[str, Any], name: str, *, alone: bool = False) -> list[str]:
    """The texts of a list, none where it is not there; a text that stands `alone` may be one."""
    found = table.get(name, [])
    if alone and isinstance(found, str):
        return [found]
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise _Malformed(f"{name} is {_kind(found)}, not a list of texts")
    return found


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    found = table.get(name, "")
    if not isinstance(found, str):
        raise _Malformed(f"{where}.{name} is {_kind(found)}, not a text")
    return found


def _kind(value: object) -> str:
    kinds = {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    if isinstance(value, list) and value and not all(isinstance(entry, str) for entry in value):
        return "a list of other things"
    return kinds.get(type(value), "a date or a time")


def _standard(pyproject: Mapping[str, Any]) -> Declared:
    """The `project` table (PEP 621), and the files that setuptools takes its dependencies from."""
    project = _table(pyproject, "project")
    extras = _table(pyproject, "project", "optional-dependencies")
    return Declared(
        _listed(project, "dependencies"),
        {name: _listed(extras, name) for name in extras},
        _text(project, "requires-python", "project"),
        _listed(_dynamic(pyproject), "file", alone=True),
        name=_text(project, "name", "project"),
    )


def _dynamic(pyproject: Mapping[str, Any]) -> Mapping[str, Any]:
    return _table(pyproject, "tool", "setuptools", "dynamic", "dependencies")


def _grouped(pyproject: Mapping[str, Any]) -> Declared:
    """The dependency groups (PEP 735)."""
    groups = _table(pyproject, "dependency-groups")
    return Declared(groups={name: list(_expanded(name, groups, set())) for name in groups})


def _expanded(name: str, groups: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """The requirements of a group and of those that it includes, each once: what is hostile has cycles."""
    seen.add(name)
    entries = groups.get(name, [])
    if not isinstance(entries, list):
        raise _Malformed(f"dependency-groups.{name} is {_kind(entries)}, not a list")
    for entry in entries:
        included = entry.get("include-group") if isinstance(entry, dict) else None
        if isinstance(entry, str):
            yield entry
        elif not isinstance(included, str):
            raise _Malformed(f"dependency-groups.{name} has {_kind(entry)} that includes no group")
        elif included not in seen:
            yield from _expanded(included, groups, seen)


def _poetry(pyproject: Mapping[str, Any]) -> Declared:
    """Poetry's own tables, in which versions are written in its own way."""
    found = dict(_table(pyproject, "tool", "poetry", "dependencies"))
    python = found.pop("python", "")
    named = _tables(pyproject, "tool", "poetry", "group")
    groups = {name: _table(group, "dependencies") for name, group in named.items()}
    if dev := _table(pyproject, "tool", "poetry", "dev-dependencies"):
        groups |= {"dev": dev}
    return Declared(
        list(_poetry_requirements(found)),
        {name: list(_poetry_requirements(table)) for name, table in groups.items()},
        _poetry_versions(python) if isinstance(python, str) else "",
        places=[place for table in (found, *groups.values()) for place in _places(table)],
        name=_text(_table(pyproject, "tool", "poetry"), "name", "tool.poetry"),
    )


def _poetry_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    for name, constraints in table.items():
        for constraint in constraints if isinstance(constraints, list) else [constraints]:
            local = isinstance(constraint, dict) and constraint.keys() & {"path", "file", "git", "url"}
            optional = isinstance(constraint, dict) and constraint.get("optional")
            if not local and not optional:
                yield _poetry_requirement(name, constraint)


def _places(table: Mapping[str, Any]) -> Iterator[str]:
    """The folders that a table names in place of versions."""
    for given in table.values():
        for constraint in given if isinstance(given, list) else [given]:
            if isinstance(constraint, dict) and isinstance(constraint.get("path"), str):
                yield constraint["path"]


def _is_elsewhere(given: object) -> bool:
    """Whether one of the sources of a package is a place: a package of that name in a registry may be anybody's."""
    sources = given if isinstance(given, list) else [given]
    return any(isinstance(source, dict) and not _PLACES.isdisjoint(source) for source in sources)


def _poetry_requirement(name: str, constraint: Any) -> str:
    from poetry.core.factory import Factory  # noqa: PLC0415  # a third of a second that few projects need

    if len(str(constraint)) > _MAX_TEXT:
        raise _Malformed(f"{name:.100} in tool.poetry is too long")
    try:
        text = Factory.create_dependency(name, constraint).to_pep_508()
    except Exception as error:  # it raises whatever comes of what is written there
        raise _Malformed(f"{name} in tool.poetry: {error}") from error
    return name if "||" in text else text


def _poetry_versions(text: str) -> str:
    from poetry.core.constraints.version import parse_constraint  # noqa: PLC0415  # the same

    try:
        versions = str(parse_constraint(text[:_MAX_TEXT] or "*"))
    except Exception as error:  # the same
        raise _Malformed(f"python in tool.poetry: {error}") from error
    return "" if versions == "*" or "||" in versions else versions


def _tools(pyproject: Mapping[str, Any]) -> Declared:
    """The groups of uv, pdm and hatch."""
    pdm = _table(pyproject, "tool", "pdm", "dev-dependencies")
    environments = _tables(pyproject, "tool", "hatch", "envs")
    sources = _table(pyproject, "tool", "uv", "sources")
    return Declared(
        places=list(_places(sources)),
        elsewhere=[name for name, given in sources.items() if _is_elsewhere(given)],
        groups=_merged(
            {"dev": _listed(_table(pyproject, "tool", "uv"), "dev-dependencies")},
            {name: _listed(pdm, name) for name in pdm},
            *(
                {
                    "test" if name in {"default", "hatch-test"} else name: [
                        *_listed(environment, "dependencies"),
                        *_listed(environment, "extra-dependencies"),
                    ]
                }
                for name, environment in environments.items()
            ),
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
    own = parser.get("metadata", "name", fallback="")
    return Declared(found, {name: _lines(text) for name, text in extras.items()}, python, name=own)


def _setup_py(source: bytes) -> Declared:
    """The arguments of the call of `setup` that are literals, or names of literals; none of what cannot be parsed."""
    if len(source) > _MAX_SOURCE_BYTES:
        return Declared()
    try:
        given = _arguments_of_setup(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Declared()
    extras = given.get("extras_require")
    python = given.get("python_requires")
    return Declared(
        [*_strings(given.get("install_requires")), *_strings(given.get("tests_require"))],
        {str(name): _strings(value) for name, value in extras.items()} if isinstance(extras, dict) else {},
        python if isinstance(python, str) else "",
        name=name if isinstance(name := given.get("name"), str) else "",
    )


def _arguments_of_setup(tree: ast.Module) -> dict[str, Any]:
    names: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names.setdefault(name, _literal(value, names))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup"), keywords=keywords):
                given |= {keyword.arg or "": _literal(keyword.value, names) for keyword in keywords}
    return given


def _literal(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a literal, of a name that stands for one, or of a sum of lists; None where it is none of these."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, names), _literal(node.right, names)
        if not isinstance(left, list) or not isinstance(right, list):
            return left or right
        return left + right if len(left) + len(right) <= _MAX_ENTRIES else None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def _pipfile(pipfile: Mapping[str, Any]) -> Declared:
    return Declared(
        list(_pipenv_requirements(_table(pipfile, "packages"))),
        {"dev": list(_pipenv_requirements(_table(pipfile, "dev-packages")))},
        places=[place for part in ("packages", "dev-packages") for place in _places(_table(pipfile, part))],
    )


def _pipenv_requirements(table: Mapping[str, Any]) -> Iterator[str]:
    for name, given in table.items():
        options = {"version": given} if isinstance(given, str) else _table(table, name)
        if options.keys() & {"path", "git", "file"}:
            continue
        extras = ",".join(_listed(options, "extras"))
        version = _text(options, "version", name) or "*"
        markers = f" ; {_text(options, 'markers', name)}" if "markers" in options else ""
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
