"""The versions of packages that a project's lock file names, read as text: the file may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from buildpacks.api import BuildpackError, RepoView
from buildpacks.python.needed import OF_PYTEST, supported
from buildpacks.python.provide import parsed
from buildpacks.python.tables import content_of

__all__ = ["locked_versions"]

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_MAX_BYTES = 8 << 20
_MOST = 2_000
# The tools write each package as a table of an array, and its name and version as the first two keys.
_TABLE = re.compile(r"^\[\[packages?\]\]\r?$\n", re.MULTILINE)
_PACKAGE = re.compile(r'name = "([\w.-]+)"\s*\nversion = "([\w.+!-]+)"')
# A version from anywhere but a registry is none that a registry is asked for.
_ELSEWHERE = re.compile(
    r"^(?:source = \{ (?!registry)|\[package\.source\]|(?:git|path|url|vcs|directory|archive)\b)", re.MULTILINE
)


def locked_versions(view: RepoView) -> tuple[str, tuple[str, ...]]:
    """The first lock file of a tree, and each package that it has in one version, as exact requirements in their order.

    Versions of pytest with which the runner does not work are left out, and where none is named, so are those of what
    belongs to it: they would decide on its age. Both are empty if there is no lock file, or nothing that can be read in
    it.
    """
    for path in _LOCKS:
        if view.exists(path):
            try:
                text = content_of(view, path, _MAX_BYTES).decode(errors="replace")
            except BuildpackError:
                return "", ()
            found = _of_pipfile(text) if path.endswith("Pipfile.lock") else _of_tables(text)
            versions: dict[str, set[str]] = {}
            for name, version in found:
                if parsed(f"{name}=={version}"):
                    versions.setdefault(canonicalize_name(name), set()).add(version)
            exact = [f"{name}=={version}" for name, (version, *others) in sorted(versions.items()) if not others]
            fit = tuple(one for one in supported(exact[:_MOST]) if "==" in one)
            names = [one.partition("==")[0] for one in fit]
            if "pytest" not in names:
                fit = tuple(one for one, name in zip(fit, names, strict=True) if not OF_PYTEST.fullmatch(name))
            return (path, fit) if fit else ("", ())
    return "", ()


def _of_tables(text: str) -> Iterator[tuple[str, str]]:
    for table in _TABLE.split(text)[1:]:
        if (package := _PACKAGE.match(table)) and not _ELSEWHERE.search(table):
            yield package[1], package[2]


def _of_pipfile(text: str) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    for part in ("default", "develop"):
        table = content.get(part) if isinstance(content, dict) else None
        for name, entry in table.items() if isinstance(table, dict) else ():
            version = entry.get("version") if isinstance(entry, dict) else None
            if isinstance(version, str) and version.startswith("=="):
                yield name, version.removeprefix("==")
