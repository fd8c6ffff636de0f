"""Test commands: the pytest command for the one that the user gave, or for none.

The cases of unittest are run by pytest too, so that each has an id, a limit and an outcome of its own.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from fnmatch import fnmatch
from posixpath import basename
from typing import NoReturn

from buildpacks.api import BuildpackError, RepoView
from buildpacks.python.tables import Malformed, read_ini, read_toml, table_at

__all__ = [
    "CONFIGURATIONS",
    "PYTEST",
    "command_for",
    "configured_files",
    "is_known",
    "is_test_file",
    "located",
    "managed",
    "options_of",
    "split",
    "unittest_files",
]

PYTEST = ("python", "-m", "pytest")
"""The command that runs all tests."""

CONFIGURATIONS = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml")
"""Where a project can configure pytest, relative to its folder."""

_SECTIONS = ("pytest", "tool:pytest")
_TELLING = re.compile(r"\w.*\.py$")
_PYTEST_FILES = ("test_*.py", "*_test.py")
_UNITTEST_FILES = "test*.py"
_WITH_VALUE = frozenset(
    {"-o", "-p", "-c", "-k", "-m", "-W", "-n", "--rootdir", "--confcutdir", "--ignore", "--ignore-glob", "--deselect",
     "--import-mode", "--maxfail", "--tb", "--capture", "--basetemp", "--log-level", "--cov", "--timeout",
     "--cov-report", "--cov-config", "--cov-fail-under", "--cov-context", "--cov-precision", "--reruns",
     "--reruns-delay", "--only-rerun", "--rerun-except", "--numprocesses", "--dist", "--tx", "--maxprocesses",
     "--max-worker-restart", "--randomly-seed", "--random-order-bucket", "--random-order-seed"}
)  # fmt: skip


def is_known(command: Sequence[str]) -> bool:
    """Whether a command is one of pytest, of unittest or of Django."""
    match [basename(command[0]) if command else "", *command[1:]]:
        case [python, "-m", "unittest" | "pytest", *_]:
            return bool(re.fullmatch(r"python[\d.]*", python))
        case ["pytest" | "py.test", *_]:
            return True
    return managed(command) is not None


def managed(command: Sequence[str]) -> tuple[str, list[str]] | None:
    """The path of the `manage.py` whose tests a command runs, and its arguments; None for another command."""
    python = bool(command) and re.fullmatch(r"python[\d.]*", basename(command[0]))
    match [*command[1 if python else 0 :]]:
        case [path, "test", *arguments] if basename(path) == "manage.py":
            return path.removeprefix("./"), arguments
    return None


def command_for(view: RepoView, given: Sequence[str] | None) -> tuple[str, ...]:
    """The pytest command that runs what the command `given` would run, or all tests if it is None.

    Raises `BuildpackError` if it is a command of another runner.
    """
    if given is None:
        return PYTEST if not _only_unittest_names(view) else (*PYTEST, "-o", f"python_files={_UNITTEST_FILES}")
    match given:
        case [python, "-m", "unittest", *arguments] if re.fullmatch(r"python[\d.]*", basename(python)):
            return (*PYTEST, *_translated(arguments, view))
    split(given)
    return tuple(given)


def unittest_files(view: RepoView) -> list[str]:
    """Files that unittest would discover and pytest would not."""
    names = (path for path in view.files() if fnmatch(basename(path), _UNITTEST_FILES))
    return [path for path in names if not is_test_file(path) and re.search(rb"\bTestCase\b", view.read(path))]


def split(command: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Pytest's arguments in a command, and whether it is started as a module (which puts the tree on the path)."""
    match [basename(command[0]) if command else "", *command[1:]]:
        case [python, "-m", "pytest", *arguments] if re.fullmatch(r"python[\d.]*", python):
            return tuple(arguments), True
        case ["pytest" | "py.test", *arguments]:
            return tuple(arguments), False
    raise BuildpackError(
        f"the Python buildpack runs pytest, not {' '.join(command)!r}: say --test 'python -m pytest ...'"
    )


def options_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments that are options: tests that are named by id replace the paths of the command."""
    kept: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if argument.startswith("-") or (before in _WITH_VALUE and kept and kept[-1] == before):
            kept.append(argument)
    return tuple(kept)


def is_test_file(path: str) -> bool:
    """Whether pytest's default patterns match a file of this name."""
    return any(fnmatch(basename(path), pattern) for pattern in _PYTEST_FILES)


def configured_files(view: RepoView) -> list[str]:
    """The patterns by which the project itself names its files of tests; none that would match every source file."""
    found: list[str] = []
    for path in filter(view.exists, CONFIGURATIONS):
        try:
            value = _configured(view, path)
        except (BuildpackError, Malformed):
            continue  # whoever plans the tests says so
        found += value.split() if isinstance(value, str) else map(str, value)
    return [pattern for pattern in dict.fromkeys(found) if _TELLING.search(pattern) and pattern[0] not in "!#"]


def _configured(view: RepoView, path: str) -> str | list[str]:
    """The setting `python_files` in one file."""
    if path.endswith(".toml"):
        names = ("tool", "pytest", "ini_options") if path == "pyproject.toml" else ("pytest",)
        value = table_at(read_toml(view, path), *names).get("python_files", "")
        return value if isinstance(value, str | list) else ""
    sections = read_ini(view, path)
    return next((sections.get(name, "python_files", fallback="") for name in _SECTIONS if name in sections), "")


def _only_unittest_names(view: RepoView) -> bool:
    """Whether unittest would find files, and pytest none by its default patterns or by the project's."""
    if any(is_test_file(path) for path in view.files()):
        return False
    configured = (view.read(name) for name in CONFIGURATIONS if view.exists(name))
    return not any(b"python_files" in text for text in configured) and bool(unittest_files(view))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BuildpackError(f"the test command of unittest cannot be read: {message}")


def _translated(arguments: Sequence[str], view: RepoView) -> list[str]:
    """A command line of unittest, translated to arguments of pytest."""
    discover = not arguments or arguments[0] == "discover" or all(argument.startswith("-") for argument in arguments)
    parser = _Parser(prog="unittest", add_help=False)
    for flag in ("-v", "-q", "-f", "-b", "-c", "--verbose", "--quiet", "--failfast", "--buffer", "--catch", "--locals"):
        parser.add_argument(flag, action="store_true", dest="ignored")
    parser.add_argument("-k", action="append", default=[])
    parser.add_argument("-s", "--start-directory", default=".")
    parser.add_argument("-p", "--pattern", default=_UNITTEST_FILES)
    parser.add_argument("-t", "--top-level-directory")
    parser.add_argument("names", nargs="*")
    known = parser.parse_args(
        [argument for argument in arguments if argument != "discover"] if discover else list(arguments)
    )
    wanted = ["-k", " or ".join(pattern.strip("*") for pattern in known.k)] if known.k else []
    if not discover:
        return [*wanted, *(located(name, view) for name in known.names)]
    start, pattern = [*known.names, known.start_directory][0], [*known.names[1:2], known.pattern][0]
    path = [] if start in {".", ""} else ["-o", f"pythonpath={known.top_level_directory or start}", start]
    return [*wanted, "-o", f"python_files={pattern}", *path]


def located(name: str, view: RepoView, below: str = "") -> str:
    """The node id for unittest's name: a file, or a dotted module, class and method; modules are `below` a folder.

    Raises `BuildpackError` if there is no such module.
    """
    if view.exists(below + name):
        return below + name
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        place = below + "/".join(parts[:count])
        if view.exists(f"{place}.py"):
            return "::".join([f"{place}.py", *parts[count:]])
        if any(path.startswith(f"{place}/") for path in view.files()):
            break
    raise BuildpackError(f"the test command names an unknown module {name}")
