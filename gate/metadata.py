"""What a maintainer's pull request changes besides code: notes, the version, dependencies; never how tests run."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from posixpath import basename, dirname
from typing import Any

from gate.patch import Change, FileChange

__all__ = ["is_metadata", "new_requirements"]

_NOTES = re.compile(
    r"(?i:(?:change(?:s|log)|history|news|release|authors|contributors|readme|version)"
    r"(?:[^/.]*|[^/]*\.(?:md|markdown|rst|txt|adoc|asciidoc|org|textile)))"
)
_LOCKS = re.compile(r"(?:uv|poetry|pdm)\.lock|Pipfile\.lock|pylock[^/]*\.toml")
_LISTS = re.compile(r"(?:requirements|constraints)[^/]*\.(?:txt|in)")
_REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[\w\s,.-]*\])?\s*(?:[<>=!~;(^*\s][^@]*)?")
_RUNNER = re.compile(r"(?i:pytest.*|pluggy)")
_ABOUT = frozenset({
    "version", "description", "authors", "maintainers", "classifiers", "keywords", "urls", "readme", "license",
    "license-files", "requires-python", "python_requires", "dependencies", "dev-dependencies", "optional-dependencies",
    "group", "extras", "install_requires", "extras_require", "author", "author_email", "url", "long_description",
})  # fmt: skip
"""The keys of a project's own table, whatever the tool calls them."""


def is_metadata(path: str, file: FileChange) -> bool:
    """Whether a change of a protected file is of this kind."""
    name = basename(path)
    if file.after is None:
        return False
    if _NOTES.fullmatch(name) or _LOCKS.fullmatch(name):
        return True
    if _LISTS.fullmatch(name) or (basename(dirname(path)) == "requirements" and name.endswith((".txt", ".in"))):
        return _allowed(_lines(file.before), _lines(file.after))
    split = _SPLIT.get(name)
    if split is None or file.before is None:
        return False
    try:
        (rest, declared), (rest_after, declared_after) = split(file.before.decode()), split(file.after.decode())
    except (ValueError, SyntaxError, RecursionError, configparser.Error):
        return False
    return rest == rest_after and _allowed(declared, declared_after)


def new_requirements(change: Change) -> tuple[str, ...]:
    """The requirements that a change declares for packages that its files did not name before."""
    new: dict[str, str] = {}
    for path, file in change.files.items():
        if not is_metadata(path, file) or _LOCKS.fullmatch(basename(path)) or file.after is None:
            continue
        before, after = (_declared(path, content) for content in (file.before, file.after))
        known = {name for text in before if (name := _name(text))}
        new |= {name: text for text in sorted(after - before) if (name := _name(text)) and name not in known}
    return tuple(new.values())


def _declared(path: str, content: bytes | None) -> set[str]:
    split = _SPLIT.get(basename(path))
    if content is None or _NOTES.fullmatch(basename(path)):
        return set()
    return split(content.decode())[1] if split else _lines(content)


def _allowed(before: set[str], after: set[str]) -> bool:
    """Whether what is declared anew are requirements by name, and none of the test runner's."""
    names = [_name(text) for text in before ^ after]
    return all(name and not _RUNNER.fullmatch(name) for name in names)


def _name(text: str) -> str:
    found = _REQUIREMENT.fullmatch(text)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def _lines(content: bytes | None) -> set[str]:
    """The requirements of a list, one a line."""
    lines = (line.partition(" #")[0].strip() for line in (content or b"").decode("utf-8", "replace").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def _texts(value: object, name: str = "") -> Iterator[str]:
    """The requirements in a value: a list of them, a text of lines, a table of lists, or of versions by name."""
    match value:
        case str():
            yield from (line.strip() for line in value.splitlines() if line.strip())
        case [*values]:
            for inner in values:
                yield from _texts(inner)
        case dict():
            for key, inner in value.items():
                if name in {"dependencies", "dev-dependencies"}:  # of poetry: versions, or tables with one
                    yield f"{key} {inner if isinstance(inner, str) else ''}".strip()
                else:
                    yield from _texts(inner, str(key))


_REQUIRING = frozenset(
    ("dependencies", "dev-dependencies", "optional-dependencies", "group", "install_requires", "extras_require")
)


def _of_table(table: dict[str, Any]) -> set[str]:
    """Take what may change out of a project's own table; the requirements in it are given back."""
    taken = {key: table.pop(key) for key in [*table] if key in _ABOUT}
    return {text for key, value in taken.items() if key in _REQUIRING for text in _texts(value, key)}


def _toml(text: str) -> tuple[object, set[str]]:
    tree = tomllib.loads(text)
    tool = tree.get("tool", {})
    declared = set(_texts(tree.pop("dependency-groups", {})))
    for table in (tree.get("project", {}), tool.get("poetry", {})):
        declared |= _of_table(table)
    for name in ("bumpversion", "commitizen", "towncrier"):
        tool.pop(name, None)
    return tree, declared


def _ini(text: str) -> tuple[object, set[str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    tree: dict[str, dict[str, Any]] = {name: dict(parser[name]) for name in parser.sections()}
    extras = tree.pop("options.extras_require", {})
    declared = {text for value in extras.values() for text in _texts(value)}
    for name in ("metadata", "options"):
        declared |= _of_table(tree.get(name, {}))
    return {name: table for name, table in tree.items() if not name.startswith("bumpversion")}, declared


def _script(text: str) -> tuple[object, set[str]]:
    """A setup.py: literals of keywords that are about the project may change, and so may constants of the version."""
    tree, declared = ast.parse(text), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in _ABOUT and node.arg is not None:
            value = ast.literal_eval(node.value) if _is_literal(node.value) else None
            if value is not None:
                declared |= set(_texts(value, node.arg)) if node.arg in _REQUIRING else set()
                node.value = ast.Constant(None)
        elif isinstance(node, ast.Assign) and _is_literal(node.value) and _is_version(node.targets[0]):
            node.value = ast.Constant(None)
    return ast.dump(tree), declared


def _is_version(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.lower().strip("_") == "version"


def _is_literal(node: ast.expr) -> bool:
    kinds = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Load)
    return all(isinstance(inner, kinds) for inner in ast.walk(node))


_SPLIT: Mapping[str, Callable[[str], tuple[object, set[str]]]] = {
    "pyproject.toml": _toml,
    "setup.cfg": _ini,
    "setup.py": _script,
}
"""How a file is read: what must stay as it is, and the requirements that it declares."""
