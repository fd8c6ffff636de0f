"""Django projects whose tests `manage.py test` runs: pytest runs them with the same settings, by pytest-django."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import NoReturn

from buildpacks.api import BuildpackError, RepoView
from buildpacks.python.commands import CONFIGURATIONS, PYTEST, configured_files, located, managed

__all__ = ["PACKAGES", "SETTINGS", "Site", "site_for"]

PACKAGES, SETTINGS = ("django", "pytest-django"), "DJANGO_SETTINGS_MODULE"

_MANAGE = "manage.py"
_NAMED = re.compile(rf"""["']{SETTINGS}["']\]?\s*[,=]\s*["']([\w.]+)["']""")
_FILES = "test*.py"
"""What Django looks for, see `django.test.runner.DiscoverRunner`."""

_MAX_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Site:
    """A project with a `manage.py`: the name of its settings, and the pytest command for its tests."""

    settings: str
    test: tuple[str, ...]


def site_for(view: RepoView, given: Sequence[str] | None) -> Site | None:
    """The site that a test command means, or the tree's own if it is None; None if pytest needs no help.

    That is so where the command is another one, or pytest is already configured for Django. Raises `BuildpackError` for
    a command of `manage.py` that cannot be read, or whose settings are unknown.
    """
    if given is None:
        path = _only(view)
        settings = _settings(view, path) if path and not _is_configured(view) else ""
        return _site(view, path, settings) if settings else None
    command = managed(given)
    return _read(view, *command) if command else None


def _read(view: RepoView, path: str, arguments: Sequence[str]) -> Site:
    """The site of a command `manage.py test`, with its labels as pytest's arguments."""
    parser = _Parser(prog="manage.py test", add_help=False)
    for flag in ("--noinput", "--no-input", "--keepdb", "--failfast", "--no-color", "--traceback", "--buffer", "-b"):
        parser.add_argument(flag, action="store_true", dest="ignored")
    for option in (("-v", "--verbosity"), ("--parallel",)):
        parser.add_argument(*option, nargs="?", dest="ignored")
    parser.add_argument("-k", action="append", default=[])
    parser.add_argument("-p", "--pattern", default="")
    parser.add_argument("--settings")
    parser.add_argument("labels", nargs="*")
    known = parser.parse_args(list(arguments))
    settings = known.settings or (_settings(view, path) if view.exists(path) else "")
    if not settings:
        raise BuildpackError(f"{path} names no {SETTINGS}: add --settings MODULE to the test command")
    selected = ["-k", " or ".join(pattern.strip("*") for pattern in known.k)] if known.k else []
    return _site(view, path, settings, selected, known.labels, known.pattern)


def _site(
    view: RepoView,
    path: str,
    settings: str,
    selected: Sequence[str] = (),
    labels: Sequence[str] = (),
    pattern: str = "",
) -> Site:
    folder = path.rpartition("/")[0]
    pattern = pattern or ("" if configured_files(view) else _FILES)
    files = ("-o", f"python_files={pattern}") if pattern else ()
    beneath = ("-o", f"pythonpath={folder}") if folder else ()
    paths = [_path(label, folder, view) for label in labels] or ([folder] if folder else [])
    return Site(settings, (*PYTEST, *files, *beneath, *selected, *paths))


def _path(label: str, folder: str, view: RepoView) -> str:
    """The path or the id for a label: a folder, or a dotted package, module, class or method."""
    below = f"{folder}/" if folder else ""
    for place in (label.strip("/"), label.replace(".", "/")):
        if any(path.startswith(f"{below}{place}/") for path in view.files()):
            return below + place
    return located(label, view, below)


def _only(view: RepoView) -> str:
    """The path of the tree's only `manage.py`, at its top or in a folder there; empty if there is none."""
    if view.exists(_MANAGE):
        return _MANAGE
    beneath = [path for path in view.files() if path.count("/") == 1 and basename(path) == _MANAGE]
    return beneath[0] if len(beneath) == 1 else ""


def _settings(view: RepoView, path: str) -> str:
    """The settings that a `manage.py` names."""
    found = _NAMED.search(view.read(path)[:_MAX_BYTES].decode(errors="replace"))
    return found[1] if found else ""


def _is_configured(view: RepoView) -> bool:
    """Whether the project has settings for pytest-django."""
    return any(SETTINGS.encode() in view.read(path) for path in filter(view.exists, (*CONFIGURATIONS, "conftest.py")))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BuildpackError(f"the test command of manage.py cannot be read: {message}")
