"""The process whose forks import the tree again: a change that reaches beyond functions is tried in one of them.

It was forked off before any import of the tree. Once the server knows what such an import takes, the stem does that
part of it which no change of the tree affects: it compiles the tree's files as they are on the base, and imports what
they import of others. A fork then collects only the files of the probes, since most changes fail them; one under which
a probe passes is tried again with everything.
"""

import importlib
import importlib.machinery
import json
import os
import sys
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, TextIO, Tuple

from .added import add_files, remove_files
from .child import fork, in_child, watch
from .chosen import files_of
from .swap import INVALID

Split = Callable[[Dict[str, Any]], Tuple[Dict[str, bytes], Dict[str, bytes]]]
"""Gives the content of the files that a candidate adds, and of those that it edits, by their paths on the disk."""

_PRELOAD_S = 30.0


class Attempt(NamedTuple):
    """What a fork of the stem is for: a request, where to write the answer, and the only files to collect, if any."""

    request: Dict[str, Any]
    writing: int
    files: Sequence[str]


class Stem:
    """Answers requests from the server, until that has ended."""

    def __init__(self, root: str, link: TextIO, split: Split) -> None:
        self._root = root + os.sep
        self._link = link
        self._split = split
        self._sources = _Sources()

    def serve(self) -> Optional[Attempt]:
        """Answer requests; in the fork for an attempt, return it. None: the server has ended."""
        for line in self._link:
            request = json.loads(line)
            self._prepare(request.pop("modules", []), request.pop("compiled", []))
            try:
                new, edited = self._split(request)
                made = add_files(new)
            except (OSError, *INVALID) as error:
                answer = {"outcome": "invalid", "id": type(error).__name__}
            else:
                attempt, answer = self._tried(request, edited)
                if attempt:
                    return attempt
                remove_files(made)
            print(json.dumps(answer), file=self._link, flush=True)
        return None

    def _tried(self, request: Dict[str, Any], edited: Dict[str, bytes]) -> Tuple[Optional[Attempt], Dict[str, Any]]:
        """Fork for the probes alone, then for everything if one of them passes. The attempt is None in this process."""
        files = files_of(request["probes"])
        for chosen in ([files] if files and all(map(os.path.isfile, files)) else []) + [[]]:
            reading, writing = os.pipe()
            child = fork()
            if child == 0:
                os.close(reading)
                self._sources.override(edited)
                return Attempt(request, writing, chosen), {}
            os.close(writing)
            answer = watch(child, reading, request["limit"])[0]
            if chosen and answer["outcome"] not in ("passed", "missing"):
                break
        return None, answer

    def _prepare(self, modules: List[str], files: List[str]) -> None:
        """Import these modules of others, if they import nothing of the tree, and compile these files of the tree."""
        if modules:
            answer, _ = in_child(lambda _: {"outcome": "", "modules": self._imported(modules)}, _PRELOAD_S)
            self._imported(answer.get("modules", []))
        for path in files:
            self._sources.compile(path)

    def _imported(self, modules: List[str]) -> List[str]:
        """Import modules; those that could be, or none if that starts threads or reaches the tree."""
        done = []
        for name in modules:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001, S112  # it needs something that the tree does first
                continue
            done.append(name)
        inside = (str(getattr(module, "__file__", "")) for module in list(sys.modules.values()))
        clean = threading.active_count() == 1 and not any(file.startswith(self._root) for file in inside)
        return done if clean else []


class _Sources:
    """What imports find in the files of the tree: compiled code of the base, or the bytes of a candidate."""

    def __init__(self) -> None:
        self._compiled: Dict[str, Any] = {}
        self._edited: Dict[str, bytes] = {}
        loader = importlib.machinery.SourceFileLoader
        original = loader.get_code

        def get_code(loading: importlib.machinery.SourceFileLoader, fullname: str) -> Any:
            path = str(loading.path)
            if path in self._edited:
                return compile(self._edited[path], path, "exec", dont_inherit=True)
            return self._compiled.get(path) or original(loading, fullname)

        loader.get_code = get_code  # type: ignore[method-assign,assignment]  # what imports from now on go through

    def compile(self, path: str) -> None:
        """Compile a file of the base, unless it is no longer what it was."""
        try:
            with open(path, "rb") as file:
                self._compiled[path] = compile(file.read(), path, "exec", dont_inherit=True)
        except (OSError, *INVALID):
            return

    def override(self, edited: Dict[str, bytes]) -> None:
        """Make every later import of these files compile these bytes instead."""
        self._edited = edited
