"""Finds Node and npm on this machine, without running them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildpacks.api import RepoView
from buildpacks.node.manifest import read_manifest

__all__ = ["Node", "find", "wanted_major"]

_IN_PATH = re.compile(r"/v?(\d+\.\d+\.\d+)(?:/|$)")
_MACRO = re.compile(r"#define NODE_(MAJOR|MINOR|PATCH)_VERSION (\d+)")
_MAJOR = re.compile(r"v?(\d+)")
_LEAST = 20
_SYSTEM = Path("/usr")


@dataclass(frozen=True, slots=True)
class Node:
    """An executable of Node, its version if a file or its path tells it, the folder that it needs, and npm."""

    executable: Path
    version: str
    prefix: Path
    npm: Path | None

    @property
    def is_system(self) -> bool:
        """Whether all of it is in /usr, which every sandbox has."""
        return all(path is None or path.is_relative_to(_SYSTEM) for path in (self.executable, self.npm))

    @property
    def identity(self) -> str:
        """What changes when it is replaced by another one."""
        about = self.executable.stat()
        return f"{self.executable} {self.version} {about.st_size} {about.st_mtime_ns}"


def find(major: int | None) -> Node | None:
    """The Node of the wanted major version, else the first on the PATH; None if there is none."""
    known = list(_installed())
    fitting = [node for node in known if major is not None and node.version.startswith(f"{major}.")]
    return next(iter([*fitting, *known]), None)


def wanted_major(view: RepoView) -> int | None:
    """The major version that .nvmrc, .node-version or `engines` names, if it is one number."""
    for name in (".nvmrc", ".node-version"):
        if view.exists(name) and (found := _MAJOR.match(view.read(name).decode(errors="replace").strip())):
            return int(found[1])
    engines = read_manifest(view).get("engines")
    node = str(engines.get("node", "")) if isinstance(engines, dict) else ""
    exact = re.fullmatch(r"[\^~v]?(\d+)(?:\.[\dx*]+)*", node)
    return int(exact[1]) if exact else None


def _installed() -> Iterator[Node]:
    home = Path.home()
    managed = [home / ".nvm/versions/node", home / ".local/share/fnm/node-versions", home / ".volta/tools/image/node"]
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for root in managed:
        versions = sorted(root.glob("v*"), reverse=True) if root.is_dir() else []
        folders += [version / inside for version in versions for inside in ("bin", "installation/bin")]
    seen: set[Path] = set()
    for folder in folders:
        executable = folder / "node"
        if executable.is_file() and os.access(executable, os.X_OK) and (real := executable.resolve()) not in seen:
            seen.add(real)
            node = _node(real)
            if not node.version or int(node.version.partition(".")[0]) >= _LEAST:
                yield node


def _node(executable: Path) -> Node:
    prefix = executable.parent.parent
    found = prefix / "lib/node_modules/npm/bin/npm-cli.js"
    other = shutil.which("npm")
    npm = found if found.is_file() else Path(other).resolve() if other else None
    return Node(executable, _version(executable, prefix), prefix, npm if npm and npm.suffix == ".js" else None)


def _version(executable: Path, prefix: Path) -> str:
    header = prefix / "include/node/node_version.h"
    if header.is_file():
        numbers = dict(_MACRO.findall(header.read_text(errors="replace")))
        if len(numbers) == len(("MAJOR", "MINOR", "PATCH")):
            return "{MAJOR}.{MINOR}.{PATCH}".format(**numbers)
    named = _IN_PATH.search(str(executable))
    return named[1] if named else ""
