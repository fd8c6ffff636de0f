"""Which releases of Python a project names: in .python-version, tox, CI and its trove classifiers.

The files are read as text, without running or parsing them: each may be malformed or hostile, and a release that is
misread only decides which of this machine's interpreters is tried first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from buildpacks.api import RepoView

__all__ = ["Named", "Release", "named_releases"]

type Release = tuple[int, int]
"""A minor release, as (major, minor)."""

_MAX_BYTES = 256 << 10
_MAX_WORKFLOWS = 50
_MAX_EXPANDED = 500
_PINNED = re.compile(r"(?:c?python-?)?(\d{1,2})\.(\d{1,2})(?:\.\w+)?\s*", re.IGNORECASE | re.ASCII)
_CLASSIFIER = re.compile(r"^[^#\n]*Programming Language :: Python :: (\d)\.(\d{1,2})\b", re.MULTILINE | re.ASCII)
_ENVLIST = re.compile(r"^[ \t]*(?:env_?list)[ \t]*=(.*(?:\n(?:[ \t]+.*|[ \t]*\]?))*)", re.MULTILINE)
_TOXENV = re.compile(r"\bTOXENV\s*[:=]\s*(.*)")
_BRACES = re.compile(r"([\w.]{0,20})\{([^{}\n]{0,2000})\}")
_FACTOR = re.compile(r"(?<![a-z])py(?:thon)?-?(\d)\.?(\d{1,2})(?!\d)", re.ASCII)
_KEY = re.compile(r"(?P<indent>[ \t]*(?:-[ \t]+)?)[\"']?(?:python|py)(?:[-_]?versions?)?[\"']?[ \t]*:(?P<value>.*)")
# Releases under development have a suffix: 3.8-dev, 3.14.0-rc.1
_NUMBER = re.compile(r"(?<![\w.])(\d)\.(\d{1,2})(?![\w-]|\.\d+-)", re.ASCII)
_TOX_FILES = ("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml")
_CLASSIFIED = ("pyproject.toml", "setup.cfg", "setup.py")
_CI_FILES = (".travis.yml", ".gitlab-ci.yml")
_WORKFLOWS = re.compile(r"\.github/workflows/[^/]+\.ya?ml")


@dataclass(frozen=True, slots=True)
class Named:
    """The releases that a project names, each with the first file that does.

    `pinned` are those of .python-version, in its order: the project asks for one of them. It supports those `listed`.
    """

    pinned: dict[Release, str] = field(default_factory=dict)
    listed: dict[Release, str] = field(default_factory=dict)


def named_releases(view: RepoView) -> Named:
    """The releases that the files of a tree name; none if it says nothing."""
    named = Named()
    for line in _text(view, ".python-version").splitlines():
        if match := _PINNED.fullmatch(line):
            named.pinned.setdefault(_release(match), ".python-version")
    for path, releases in _listed(view):
        for release in releases:
            named.listed.setdefault(release, path)
    return named


def _listed(view: RepoView) -> Iterator[tuple[str, Iterator[Release]]]:
    for path in _TOX_FILES:
        yield path, (release for found in _ENVLIST.finditer(_text(view, path)) for release in _factors(found[1]))
    workflows = [path for path in view.files() if _WORKFLOWS.fullmatch(path)][:_MAX_WORKFLOWS]
    for path in (*workflows, *_CI_FILES):
        yield path, _of_ci(_text(view, path))
    for path in _CLASSIFIED:
        yield path, map(_release, _CLASSIFIER.finditer(_text(view, path)))


def _factors(envlist: str) -> Iterator[Release]:
    """The releases in a list of tox's environments, such as `py{36,37}-lint` and `py3.8`."""

    def expanded(match: re.Match[str]) -> str:
        return ",".join(match[1] + inner.strip() for inner in match[2].split(",")[:_MAX_EXPANDED])

    return map(_release, _FACTOR.finditer(_BRACES.sub(expanded, envlist)))


def _of_ci(text: str) -> Iterator[Release]:
    """The releases in the values of keys like `python-version` of a YAML file, and in those of TOXENV."""
    lines = [line.partition(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#")]
    for at, line in enumerate(lines):
        if match := _KEY.match(line):
            yield from map(_release, _NUMBER.finditer(_value(match, lines[at + 1 : at + 1 + _MAX_EXPANDED])))
        if match := _TOXENV.search(line):
            yield from _factors(match[1])


def _value(key: re.Match[str], following: list[str]) -> str:
    """The value of a key: what is on its line, and the items of the list below it."""
    parts = [key["value"]]
    if "[" in parts[0]:
        for line in following:
            if "]" in parts[-1]:
                break
            parts.append(line)
    elif not parts[0].strip():
        for line in following:
            indent = line[: len(line) - len(line.lstrip(" \t-"))]
            if not line.lstrip().startswith("-") or len(indent) < len(key["indent"]):
                break
            parts.append(line)
    return "\n".join(parts)


def _release(match: re.Match[str]) -> Release:
    return int(match[1]), int(match[2])


def _text(view: RepoView, path: str) -> str:
    """The beginning of a file; empty if there is none."""
    return view.read(path)[:_MAX_BYTES].decode(errors="replace") if view.exists(path) else ""
