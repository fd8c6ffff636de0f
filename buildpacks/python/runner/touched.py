"""Which files of the tree a run opens and imports, and whose code does: what tests read for themselves is theirs."""

import os
import sys
import traceback
import warnings
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

_MOST = 5_000
_OPENING = frozenset(["open", "sqlite3.connect"])
_WRITING = frozenset(
    ["os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.utime"]
)
"""Audit events whose first two arguments may be paths that are written to."""

_IMPORTING, _LOADING = "<frozen importlib", frozenset(["_find_and_load", "exec_module"])
"""The code that imports, and its functions that do nothing else: a loader can also read any file."""

_SHOWING = frozenset([traceback.__file__, warnings.__file__])
"""What reads sources to show lines of them in a message."""


class Touched:
    """Tells of the files in the tree, from when it is made until the end of the run.

    Whose code it was is the nearest file of the tree on the stack. Before Python 3.8 nothing is seen but what pytest
    itself knows.
    """

    def __init__(self) -> None:
        self._root = os.path.join(os.getcwd(), "")
        self._seen: Dict[Tuple[str, str, bool], None] = {}
        self._known: Dict[Tuple[Any, int], Any] = {}
        self._collected: Dict[str, None] = {}
        self._written: Dict[str, None] = {}
        self._config: Any = None
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self._audit)

    def pytest_configure(self, config: "pytest.Config") -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        """Remember the files with tests. What other plugins check in source files are no tests of those."""
        for item in items:
            path = str(getattr(item, "path", None) or item.fspath)  # since pytest 7, and before
            if path.startswith(self._root) and (isinstance(item, pytest.Function) or not path.endswith(".py")):
                self._collected[path] = None

    def told(self) -> Dict[str, Any]:
        """All of it, as `buildpacks/result_lines.py` has it."""
        seen = [(self._own(path), self._own(by) if by else "", is_import) for path, by, is_import in self._seen]
        return {
            "collected": [self._own(path) for path in self._collected],
            "plugins": [self._own(path) for path in self._plugins()],
            "imported": [(path, by) for path, by, is_import in seen if is_import],
            "opened": [(path, by) for path, by, is_import in seen if by and not is_import],
            "written": [self._own(path) for path in self._written],
        }

    def _own(self, path: str) -> str:
        return path[len(self._root) :]

    def _plugins(self) -> Iterator[str]:
        """The modules of the tree that `pytest_plugins` or `-p` name: those of an installed plugin are none."""
        if self._config is None:
            return
        names: List[str] = [*self._config.getoption("plugins")]
        for plugin in self._config.pluginmanager.get_plugins():
            named = getattr(plugin, "pytest_plugins", ())
            names += [named] if isinstance(named, str) else named
        for name in dict.fromkeys(names):
            path = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(path, str) and path.startswith(self._root):
                yield path

    def _audit(self, event: str, args: Tuple[Any, ...]) -> None:
        """An audit hook: it must be quick, and may raise nothing, because that would end what it looks at."""
        if event in _WRITING or event == "open":
            self._note_written(event, args)
        if event not in _OPENING or len(self._seen) >= _MOST:
            return
        try:
            frame = sys._getframe(1)  # noqa: SLF001  # nothing else is quick
            known = args[0], id(frame.f_code)
            if known in self._known or (event == "open" and args[2] & os.O_ACCMODE == os.O_WRONLY):
                return
            path = self._inside(args[0])
            if path is not None:
                by, is_import = self._opener(frame)
                self._seen.setdefault((path, by, is_import))
                if by == frame.f_code.co_filename:
                    self._known[known] = frame.f_code  # kept, so that no other code gets its id
        except Exception:  # noqa: BLE001, S110
            pass

    def _note_written(self, event: str, args: Tuple[Any, ...]) -> None:
        """Remember what is written to, created or taken away; nothing is raised, whatever code reports as an event."""
        try:
            if event == "open" and args[2] & os.O_ACCMODE == os.O_RDONLY:
                return
            for place in args[: 1 if event == "open" else 2]:
                path = self._inside(place) if isinstance(place, (str, bytes)) else None
                if path is not None and len(self._written) < _MOST:
                    self._written[path] = None
        except Exception:  # noqa: BLE001, S110
            pass

    def _inside(self, place: Any) -> Optional[str]:
        """The path of a file that is opened, if it is in the tree."""
        if isinstance(place, int):
            return None
        path = os.fsdecode(place)
        if not path.startswith("/") or "/.." in path or "/./" in path:
            path = os.path.abspath(path)
        return path if path.startswith(self._root) and not path.endswith(".pyc") else None

    def _opener(self, frame: Any) -> Tuple[str, bool]:
        """The nearest file of the tree on the stack, if there is one, and whether it imports what it opens."""
        is_import = False
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._root):
                return name, is_import
            if name in _SHOWING:
                return "", False
            is_import = is_import or (name.startswith(_IMPORTING) and frame.f_code.co_name in _LOADING)
            frame = frame.f_back
        return "", is_import
