"""Files that Python runs without being asked: at start-up, or in place of another module."""

from __future__ import annotations

import sys
from functools import lru_cache
from posixpath import basename, dirname

from gate.languages.api import Tree
from gate.patch import Change

__all__ = ["PythonPlaces"]

_STARTUP = frozenset({"sitecustomize", "usercustomize", "_virtualenv", "__editable__"})
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
        """The module of the standard library or of the test runner that a new file would shadow, if any."""
        name = basename(path)
        folder = dirname(path)
        if name.startswith("__init__."):
            name, folder = basename(folder), dirname(folder)
        elif not name.endswith((".py", ".pyw", ".pyi", ".so", ".pyc", ".pyd")):
            return None
        stem = name.partition(".")[0]
        if stem not in _RUNNER and stem not in sys.stdlib_module_names:
            return None
        package = f"{folder}/__init__.py" if folder else ""
        added = change.files.get(package)
        in_package = bool(package) and (package in tree.base.files or (added is not None and added.after is not None))
        known = f"{folder}/{stem}" if folder else stem
        there = f"{known}.py" in tree.base.files or f"{known}/__init__.py" in tree.base.files
        return None if in_package or there else stem


@lru_cache(maxsize=4096)
def _runs_at_start(path: str) -> bool:
    """Cached, because the candidates of a search change the same few files."""
    name = basename(path).casefold()
    parts = {part.partition(".")[0] for part in path.casefold().split("/")}
    return name.endswith((".pth", "._pth", "pyvenv.cfg")) or not parts.isdisjoint(_STARTUP)
