"""Finds an interpreter for a project, without running one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from buildpacks.api import BuildpackError

__all__ = ["Interpreter", "asked", "find"]

_OLDEST = (3, 6)
"""The oldest release on which the runner works."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: its version as (major, minor), its executable, and the prefix folder that it needs."""

    version: tuple[int, int]
    executable: Path
    prefix: Path


def find(requires: str) -> Interpreter | None:
    """The interpreter that runs rfsn if it satisfies `requires` (a version specifier), else the newest that does."""
    wanted = SpecifierSet(requires)
    running = _running()
    if _satisfies(running, wanted):
        return running
    others = sorted(_on_this_machine(), key=lambda known: known.version, reverse=True)
    return next((known for known in others if _satisfies(known, wanted)), None)


def asked(name: str) -> Interpreter:
    """The interpreter that the user names, by its release or its path. Raises `BuildpackError` if it is not there."""
    here = {known.version: known for known in (*_on_this_machine(), _running())}
    release = re.fullmatch(r"(\d+\.\d+)(?:\.\d+)?", name, re.ASCII)
    interpreter = _at(Path(name)) if "/" in name else here.get(_release(release[1])) if release else None
    if interpreter is None:
        there = ", ".join(f"{major}.{minor}" for major, minor in sorted(here))
        raise BuildpackError(f"--python {name}: no such interpreter; there are {there}: name one, or install it")
    if interpreter.version < _OLDEST:
        raise BuildpackError("--python {}: rfsn runs tests on Python {}.{} or later".format(name, *_OLDEST))
    return interpreter


def _release(name: str) -> tuple[int, int]:
    major, _, minor = name.partition(".")
    return int(major), int(minor)


def _at(path: Path) -> Interpreter | None:
    """The interpreter at a path; that of a virtual environment is the one that it was made with."""
    if not (path.is_file() and os.access(path, os.X_OK)):
        return None
    executable = path.resolve()
    prefix = executable.parent.parent
    libraries = (entry.name for entry in _entries(prefix / "lib") if (entry / "os.py").is_file())
    names = [executable.name, *sorted(libraries, reverse=True)]  # /usr/lib has those of several releases
    match = next(filter(None, (re.fullmatch(r"python(\d+\.\d+)", name) for name in names)), None)
    return Interpreter(_release(match[1]), executable, prefix) if match else None


def _satisfies(interpreter: Interpreter, wanted: SpecifierSet) -> bool:
    """Whether its minor release satisfies the specifier: >=3.9.2 accepts any 3.9, which may be older than that."""
    major, minor = interpreter.version
    return f"{major}.{minor}.99" in wanted or f"{major}.{minor}" in wanted


def _running() -> Interpreter:
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return Interpreter((sys.version_info[0], sys.version_info[1]), executable, Path(sys.base_prefix).resolve())


def _on_this_machine() -> Iterator[Interpreter]:
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    folders += [version / "bin" for version in _entries(versions)]
    for folder in folders:
        if folder.name == "shims":  # pyenv's: scripts that choose an interpreter when they run
            continue
        for entry in _entries(folder):
            if match := re.fullmatch(r"python(3)\.(\d+)", entry.name):
                executable = entry.resolve()
                version = (int(match[1]), int(match[2]))
                if version >= _OLDEST and os.access(executable, os.X_OK):
                    yield Interpreter(version, executable, executable.parent.parent)


def _entries(folder: Path) -> list[Path]:
    """The entries of a folder; none if it is missing or unreadable."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
