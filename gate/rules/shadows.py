"""Some file names are code that runs without being asked for: at start-up, or in the place of another module."""

from __future__ import annotations

import sys
from posixpath import basename, dirname

from gate.decision import Context, Denied, Rejection
from gate.patch import Change

__all__ = ["NoShadowedModules", "NoStartupFiles"]

_STARTUP = frozenset({"sitecustomize", "usercustomize", "_virtualenv", "__editable__"})
_RUNNER = frozenset({
    "_pytest", "_pytest_asyncio", "anyio", "asynctest", "attr", "attrs", "colorama", "coverage", "exceptiongroup",
    "execnet", "faker", "freezegun", "hypothesis", "iniconfig", "mock", "nose", "nose2", "packaging", "pip",
    "pkg_resources", "pluggy", "py", "pygments", "pytest", "pytest_asyncio", "pytest_cov", "pytest_django",
    "pytest_mock", "pytest_timeout", "rerunfailures", "rfsn_runner", "setuptools", "tomli", "tox", "typing_extensions",
    "wheel", "xdist",
})  # fmt: skip


class NoStartupFiles:
    """Denies files that an interpreter runs when it starts."""

    id = "tamper.startup"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            name = basename(path).casefold()
            parts = {part.partition(".")[0] for part in path.casefold().split("/")}
            if (name.endswith((".pth", "._pth", "pyvenv.cfg")) or parts & _STARTUP) and not context.lifted(path):
                what = "removed" if file.after is None else "run by every interpreter that starts beside it"
                hint = "put code where a caller imports it"
                return Denied(self.id, Rejection.TAMPER, f"{path} would be {what}", hint)
        return None


class NoShadowedModules:
    """Denies new modules in the place of the standard library, the test runner or what the runner needs.

    A folder without `__init__.py` can be a place that modules are imported from; inside a package any name is free.
    """

    id = "tamper.shadow"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if file.before is not None or file.after is None or context.lifted(path):
                continue
            if shadowed := _shadowed(path, change, context):
                reason = f"{path} would be imported instead of the module {shadowed}"
                return Denied(self.id, Rejection.TAMPER, reason, "choose a name that no installed module has")
        return None


def _shadowed(path: str, change: Change, context: Context) -> str | None:
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
    in_package = bool(package) and (package in context.base.files or (added is not None and added.after is not None))
    known = f"{folder}/{stem}" if folder else stem
    there = f"{known}.py" in context.base.files or f"{known}/__init__.py" in context.base.files
    return None if in_package or there else stem
