"""Reads package.json, and where the packages of a workspace are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pathspec

from buildpacks.api import BuildpackError, RepoView

__all__ = ["MANIFEST", "folders_of", "packages_of", "read_manifest", "scripts_of", "uses"]

MANIFEST = "package.json"
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LISTED = re.compile(r"^\s*-\s*['\"]?([^'\"#\n]+?)['\"]?\s*(?:#.*)?$")


def read_manifest(view: RepoView, folder: str = "") -> Mapping[str, Any]:
    """The package.json of a folder, empty if there is none. Raises `BuildpackError` for one that is not JSON."""
    path = f"{folder}/{MANIFEST}".removeprefix("/")
    if not view.exists(path):
        return {}
    try:
        read = json.loads(view.read(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BuildpackError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(read, dict):
        raise BuildpackError(f"{path} is not a JSON object")
    return read


def packages_of(manifest: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The dependencies of one kind, by name, as they are written."""
    found = manifest.get(kind)
    return {str(name): str(spec) for name, spec in found.items()} if isinstance(found, dict) else {}


def scripts_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The scripts of a package, by name."""
    return packages_of(manifest, "scripts")


def uses(manifest: Mapping[str, Any], name: str) -> bool:
    """Whether a package depends on another one, in any way."""
    return any(name in packages_of(manifest, kind) for kind in _DEPENDENCIES)


def folders_of(view: RepoView) -> tuple[str, ...]:
    """The folders of the workspace's packages, besides the root, sorted."""
    patterns = list(_patterns(view))
    if not patterns:
        return ()
    spec = pathspec.GitIgnoreSpec.from_lines([f"/{pattern.removeprefix('./').strip('/')}" for pattern in patterns])
    folders = (path.rpartition("/")[0] for path in view.files() if path.endswith(f"/{MANIFEST}"))
    return tuple(
        sorted(folder for folder in folders if "node_modules" not in folder.split("/") and _is_listed(folder, spec))
    )


def _is_listed(folder: str, spec: pathspec.GitIgnoreSpec) -> bool:
    """Whether a pattern names the folder itself: a pattern of gitignore also matches what is inside."""
    return spec.match_file(folder) and not spec.match_file(folder.rpartition("/")[0] or "/")


def _patterns(view: RepoView) -> Iterator[str]:
    declared: Any = read_manifest(view).get("workspaces")
    if isinstance(declared, dict):
        declared = declared.get("packages")
    if isinstance(declared, list):
        yield from (str(pattern) for pattern in declared if not str(pattern).startswith("!"))
    if view.exists("pnpm-workspace.yaml"):
        yield from _listed(view.read("pnpm-workspace.yaml").decode(errors="replace").splitlines())


def _listed(lines: Sequence[str]) -> Iterator[str]:
    """The list under `packages:` in pnpm's YAML."""
    inside = False
    for line in lines:
        if not line.startswith((" ", "-")) and line.strip():
            inside = line.startswith("packages:")
        elif inside and (found := _LISTED.match(line)) and not found[1].startswith("!"):
            yield found[1]
