"""Reads Cargo.toml files: which packages a tree has, and which of them are built together."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from buildpacks.api import BuildpackError, RepoView
from buildpacks.text import has_endless_keys

__all__ = ["Package", "Packages", "joined", "parsed", "read_packages", "table"]

_MAX_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KINDS = (("lib", "lib"), ("bin", "bin"), ("test", "test"), ("bench", "bench"), ("example", "example"))


@dataclass(frozen=True, slots=True)
class Package:
    """One package: its folder in the tree and its manifest."""

    folder: str
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name; empty if it has none that cargo takes."""
        name = str(table(self.manifest, "package").get("name", ""))
        return name if _NAME.fullmatch(name) else ""

    def own_mains(self) -> Iterator[str]:
        """The test targets without libtest's harness, as `manifest kind name`."""
        path = joined(self.folder, "Cargo.toml")
        for key, kind in _KINDS:
            value = self.manifest.get(key, [])
            for target in value if isinstance(value, list) else [value]:
                if isinstance(target, dict) and target.get("harness") is False:
                    default = self.name.replace("-", "_") if kind == "lib" else ""
                    yield f"{path} {kind} {target.get('name', default)}"


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages that are built together, and the manifest at the top, with what they inherit from it."""

    top: Mapping[str, Any]
    members: tuple[Package, ...]

    @property
    def workspace(self) -> Mapping[str, Any]:
        """The table `[workspace]`; empty for a package alone."""
        return table(self.top, "workspace")

    def at(self, folder: str) -> Package | None:
        """The package in a folder of the tree."""
        return next((package for package in self.members if package.folder == folder), None)

    @property
    def release(self) -> str:
        """The highest `rust-version` of a member."""
        inherited = table(self.workspace, "package").get("rust-version", "")
        found = [table(package.manifest, "package").get("rust-version", "") for package in self.members]
        versions = [str(inherited if isinstance(version, dict) else version) for version in found]
        return max(versions, key=lambda version: [int(part) for part in re.findall(r"\d+", version)], default="")


def read_packages(view: RepoView) -> Packages:
    """The package or the workspace at the top. Raises `BuildpackError` if there is none, or it cannot be read."""
    if not view.exists("Cargo.toml"):
        raise BuildpackError(
            "there is no Cargo.toml: say `cargo init` in the folder of the project, or name it as REPO"
        )
    top = parsed(view, "Cargo.toml")
    manifests = sorted(path for path in view.files() if path.endswith("/Cargo.toml"))
    folders = {""} if "package" in top else set()
    if isinstance(workspace := top.get("workspace"), dict):
        members, excluded = texts(workspace, "members"), texts(workspace, "exclude")
        for path in manifests:
            folder = path.rpartition("/")[0]
            named = any(_matches(folder, pattern) for pattern in members)
            if named and not any(f"{folder}/".startswith(f"{normpath(place)}/") for place in excluded):
                folders.add(folder)
    packages: dict[str, Package] = {}
    waiting = sorted(folders)
    while waiting:
        folder = waiting.pop(0)
        if folder not in packages and view.exists(place := joined(folder, "Cargo.toml")):
            packages[folder] = Package(folder, top if folder == "" else parsed(view, place))
            waiting += _paths(packages[folder], table(top, "workspace"))
    if not any(package.name for package in packages.values()):
        raise BuildpackError("Cargo.toml names no package, and its workspace has no member")
    return Packages(top, tuple(package for _, package in sorted(packages.items()) if package.name))


def parsed(view: RepoView, path: str) -> Mapping[str, Any]:
    """A TOML file of the tree. Raises `BuildpackError` if it cannot be read."""
    data = view.read(path)
    if len(data) > _MAX_BYTES or has_endless_keys(data):
        raise BuildpackError(f"{path} is too large")
    try:
        return tomllib.loads(data.decode(errors="replace"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BuildpackError(f"{path} cannot be read: {error}") from error


def table(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of that name; empty if there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def texts(holder: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of the list of that name."""
    value = holder.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def joined(folder: str, path: str) -> str:
    """The path of what lies in a folder of the tree; begins with `..` if it is outside."""
    place = normpath(f"{folder}/{path}") if folder else normpath(path)
    return "" if place == "." else place


def _matches(folder: str, pattern: str) -> bool:
    """Whether a pattern of `members` names a folder; `*` stays within a part of the path."""
    parts, wanted = folder.split("/"), normpath(pattern).split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _paths(package: Package, workspace: Mapping[str, Any]) -> list[str]:
    """The folders in the tree that a package requires by their paths: cargo takes them for members."""
    holders = [package.manifest, *table(package.manifest, "target").values()]
    found: list[str] = []
    for holder in holders:
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, wanted in table(holder, kind).items() if isinstance(holder, dict) else ():
                base = package.folder
                value = wanted
                if isinstance(wanted, dict) and wanted.get("workspace") is True:
                    value, base = table(workspace, "dependencies").get(name), ""
                if isinstance(value, dict) and isinstance(value.get("path"), str):
                    found.append(joined(base, value["path"]))
    return [folder for folder in found if not folder.startswith(("..", "/"))]
