"""Files that Python runs without being asked: at start-up, or in place of another module."""

from __future__ import annotations

import sys
from functools import lru_cache
from posixpath import basename, dirname

from gate.languages.api import Tree
from gate.patch import Change
from gate.paths import BasePaths, path_prefixes

__all__ = ["PythonPlaces"]

_STARTUP = frozenset({"sitecustomize", "usercustomize", "_virtualenv", "__editable__"})
_SUFFIXES = (".py", ".pyw", ".pyi", ".so", ".pyc", ".pyd")
_RUNNER = frozenset({
    "_pytest", "_pytest_asyncio", "anyio", "asynctest", "attr", "attrs", "colorama", "coverage", "exceptiongroup",
    "execnet", "faker", "freezegun", "hypothesis", "iniconfig", "mock", "nose", "nose2", "packaging", "pip",
    "pkg_resources", "pluggy", "py", "pygments", "pytest", "pytest_asyncio", "pytest_cov", "pytest_django",
    "pytest_mock", "pytest_timeout", "rerunfailures", "rfsn_runner", "setuptools", "tomli", "tox", "typing_extensions",
    "wheel", "xdist",
})  # fmt: skip


class PythonPlaces:
    """Any folder without `__init__.py` may be on the import path; inside a package, any name is free."""

    def runs_at_start(self, path: str) -> bool:
        """Whether every interpreter that starts beside this file runs it."""
        return _runs_at_start(path)

    def shadowed(self, path: str, change: Change, tree: Tree) -> str | None:
        """The module that a new file would shadow: its twin, one of the tests, of the runner, or a standard one."""
        name = basename(path)
        folder = dirname(path)
        if name.startswith("__init__."):
            name, folder = basename(folder), dirname(folder)
        elif not name.endswith(_SUFFIXES):
            return None
        stem = name.partition(".")[0]
        if twin := _twin(path, change, tree.base) or _of_tests(folder, stem, change, tree):
            return twin
        if stem not in _RUNNER and stem not in sys.stdlib_module_names:
            return None
        known = f"{folder}/{stem}" if folder else stem
        there = f"{known}.py" in tree.base.files or f"{known}/__init__.py" in tree.base.files
        return None if _in_package(folder, change, tree.base) or there else stem


def _twin(path: str, change: Change, base: BasePaths) -> str | None:
    """The module beside a new package of its name, or the package beside a new module: only one of them is imported."""
    for prefix in path_prefixes(path)[:-1]:
        module = f"{prefix}.py"
        is_new = prefix not in base.folders or path.startswith(f"{prefix}/__init__.")
        if is_new and module in base.files and not _is_removed(module, change):
            return module
    place = f"{dirname(path)}/{basename(path).partition('.')[0]}".removeprefix("/")
    if basename(path).startswith("__init__.") or not path.endswith((".py", ".pyw")):  # nobody reads a compiled one
        return None
    if f"{place}.py" != path and f"{place}.py" in base.files and not _is_removed(f"{place}.py", change):
        return f"{place}.py"
    inside = (other for other in base.files if other.startswith(f"{place}/") and other.endswith(_SUFFIXES))
    if place in base.folders and any(not _is_removed(other, change) for other in inside):
        return f"{place}/"
    return None


def _of_tests(folder: str, stem: str, change: Change, tree: Tree) -> str | None:
    """The module of the tests that a new one at the top of an import path has the name of, if there is one."""
    if _in_package(folder, change, tree.base):
        return None
    for other in tree.base.files:
        if not other.endswith((f"/{stem}.py", f"/{stem}/__init__.py")) or not tree.protected(other):
            continue
        above = dirname(dirname(other)) if other.endswith("/__init__.py") else dirname(other)
        if above != folder and f"{above}/__init__.py" not in tree.base.files:
            return other
    return None


def _in_package(folder: str, change: Change, base: BasePaths) -> bool:
    package = f"{folder}/__init__.py"
    added = change.files.get(package)
    return bool(folder) and (package in base.files or (added is not None and added.after is not None))


def _is_removed(path: str, change: Change) -> bool:
    return path in change.files and change.files[path].after is None


@lru_cache(maxsize=4096)
def _runs_at_start(path: str) -> bool:
    """Cached, because the candidates of a search change the same few files."""
    name = basename(path).casefold()
    parts = {part.partition(".")[0] for part in path.casefold().split("/")}
    return name.endswith((".pth", "._pth", "pyvenv.cfg")) or not parts.isdisjoint(_STARTUP)
