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
from buildpacks.python.releases import Named, Release

__all__ = ["Interpreter", "asked", "earlier", "find", "released"]

_OLDEST = (3, 6)
"""The oldest release on which the runner works."""

_RELEASED = {
    (3, 6): "2016-12-23",
    (3, 7): "2018-06-27",
    (3, 8): "2019-10-14",
    (3, 9): "2020-10-05",
    (3, 10): "2021-10-04",
    (3, 11): "2022-10-24",
    (3, 12): "2023-10-02",
    (3, 13): "2024-10-07",
    (3, 14): "2025-10-07",
}
"""When each release came out (https://peps.python.org/topic/release/)."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: its version as (major, minor), its executable, and the prefix folder that it needs."""

    version: Release
    executable: Path
    prefix: Path


def find(requires: str, named: Named | None = None) -> tuple[Interpreter | None, str]:
    """The interpreter for a project that `requires` a version (a specifier) and names releases, and the file that did.

    It is the one that the project pins, else the newest of those that it lists; if none of these is here, the next
    newer one: old code is likelier to run on that than on the newest. A project that names none gets the interpreter
    that runs rfsn, else the newest. There is none if no interpreter here satisfies what the project requires.
    """
    here, named = _here(requires), named or Named()
    pinned = next((release for release in named.pinned if release in here), None)
    if pinned:
        return here[pinned], named.pinned[pinned]
    if named.listed and here:
        listed = here.keys() & named.listed.keys()
        newest = max(named.listed)
        newer = [release for release in here if release > newest]
        chosen = max(listed) if listed else min(newer) if newer else max(here)
        return here[chosen], named.listed[chosen if listed else newest]
    running = _running()
    return here.get(running.version) or (here[max(here)] if here else None), ""


def released(release: Release | None) -> str:
    """The date (ISO 8601) at which a release came out; that of the newest one for one that is not known."""
    return _RELEASED.get(release or max(_RELEASED), max(_RELEASED.values()))


def earlier(requires: str, than: Release, date: str) -> list[Interpreter]:
    """The older interpreters for a project, first the one of the time of its commit, then from the newest on.

    That one is the newest which was released by the `date` (ISO 8601), or the oldest of all for a commit before that;
    there is none of that time if the date is not known.
    """
    here = {release: known for release, known in _here(requires).items() if release < than}
    downwards = sorted(here, reverse=True)
    then = [release for release in downwards if _RELEASED.get(release, "9999") <= date]
    first = (then[:1] or downwards[-1:]) if date else []
    return [here[release] for release in dict.fromkeys((*first, *downwards))]


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


def _here(requires: str) -> dict[Release, Interpreter]:
    """The interpreters of this machine that satisfy a specifier; of two of one release, the one that runs rfsn."""
    wanted = SpecifierSet(requires)
    here: dict[Release, Interpreter] = {}
    for known in (_running(), *_on_this_machine()):
        if _satisfies(known, wanted):
            here.setdefault(known.version, known)
    return here


def _release(name: str) -> Release:
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
