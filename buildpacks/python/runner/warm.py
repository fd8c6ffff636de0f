"""The warm worker: imports the project and collects its tests once, then forks for every candidate.

Two processes wait. The *stem* forked before collection: its children import the tree anew, which any change survives.
The *server* is its child after collection: its children only swap function code, which is much faster. Requests and
answers are JSON lines on the standard streams; their meaning is in `buildpacks/warm.py`.
"""

from __future__ import annotations

import gc
import json
import os
import socket
from types import CodeType
from typing import Any, Dict, List, Optional, TextIO, Tuple

import pytest

from .attempt import Limited, Recorder, answer_and_exit, in_child, trace_one, try_out, watch
from .swap import LiveFunctions, NeedsImport, Source, override_sources
from .trace import CalledCode, LineTracer, read_lines


class Worker:
    """The plugin that takes over pytest's collection and its run loop."""

    def __init__(self, _options: Dict[str, Any]) -> None:
        self._root = os.getcwd()
        self._requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
        self._answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(nothing, stream)
        self._recorder = Recorder(self._root)
        self._called = CalledCode()
        self._stem: Optional[TextIO] = None
        self._attempt: Optional[Tuple[Dict[str, Any], int]] = None
        self._targets: Dict[str, float] = {}
        self._tests: Dict[str, float] = {}
        self._items: Dict[str, pytest.Item] = {}
        self._sources: Dict[str, Source] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        session.config.pluginmanager.register(self._recorder, "rfsn-recorder")
        self._grow_stem()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        self._items = {item.nodeid: item for item in session.items}
        if self._attempt:
            request, writing = self._attempt
            self._targets, self._tests = request["targets"], request["tests"]
            answer_and_exit(lambda _: self._run(request["probes"]), writing, request["limit"])
        self._serve(session)
        os._exit(0)

    # The stem

    def _grow_stem(self) -> None:
        """Fork: the child goes on to collect and serve; the parent stays here, before any import of the tree."""
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            ours.close()
            self._stem = theirs.makefile("rw", encoding="utf-8")
            self._called.start()
            return
        theirs.close()
        link = ours.makefile("rw", encoding="utf-8")
        for line in link:
            request = json.loads(line)
            reading, writing = os.pipe()
            grandchild = os.fork()
            if grandchild == 0:
                os.close(reading)
                files = request["files"].items()
                sources = {self._file(path): self._source(path).edited(edits) for path, edits in files}
                override_sources(sources)
                self._attempt = request, writing
                return
            os.close(writing)
            print(json.dumps(watch(grandchild, reading, request["limit"])[0]), file=link, flush=True)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF if hasattr(os, "waitstatus_to_exitcode") else 1)

    # The server

    def _serve(self, session: pytest.Session) -> None:
        self._called.stop()
        self._live = LiveFunctions(self._root + "/", self._called.code)
        gc.freeze()
        self._answer({"ready": sorted(self._items), "errors": session.testsfailed})
        for line in self._requests:
            request = json.loads(line)
            self._answer(getattr(self, "_do_" + request["op"])(request))

    def _answer(self, answer: Dict[str, Any]) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)

    def _do_plan(self, request: Dict[str, Any]) -> Dict[str, Any]:
        self._targets = {id: limit for id, limit in request["targets"] if id in self._items}
        self._tests = {id: limit for id, limit in request["tests"] if id in self._items}
        return {"planned": len(self._targets) + len(self._tests)}

    def _do_trace(self, request: Dict[str, Any]) -> Dict[str, Any]:
        item = self._items.get(request["id"])
        if item is None:
            return {"id": request["id"], "outcome": "missing"}
        limit = request["limit"]

        def trace(out: int) -> Dict[str, Any]:
            return trace_one(item, limit, self._recorder, LineTracer(self._root, out))

        answer, written = in_child(trace, limit)
        return dict(answer, id=request["id"], lines=read_lines(written))

    def _do_try(self, request: Dict[str, Any]) -> Dict[str, Any]:
        files = {}
        try:
            for path, edits in request["files"].items():
                files[self._file(path)] = self._source(path).compiled(edits)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            return {"index": request["index"], "outcome": "invalid", "id": type(error).__name__}
        limit = sum(self._targets.values()) + sum(self._tests.values())
        answer, _ = in_child(lambda _: self._try_swapped(files, request["probes"]), limit)
        if answer["outcome"] == "needs_import" and self._stem is not None:
            ask = {"targets": self._targets, "tests": self._tests, "limit": limit, **request}
            print(json.dumps(ask), file=self._stem, flush=True)
            answer = json.loads(self._stem.readline())
        return dict(answer, index=request["index"])

    def _try_swapped(self, files: Dict[str, List[Tuple[CodeType, CodeType]]], probes: List[str]) -> Dict[str, Any]:
        try:
            for filename, changes in files.items():
                for base, changed in changes:
                    self._live.swap(filename, base, changed)
        except NeedsImport:
            return {"outcome": "needs_import"}
        return self._run(probes)

    def _run(self, probes: List[str]) -> Dict[str, Any]:
        missing = [id for id in (*self._targets, *self._tests) if id not in self._items]
        if missing:
            return {"outcome": "missing", "id": missing[0]}

        def limited(limits: Dict[str, float]) -> List[Limited]:
            return [(self._items[id], limit) for id, limit in limits.items()]

        first = {id: self._targets[id] for id in probes}
        return try_out(limited(first), limited(self._targets), limited(self._tests), self._recorder)

    # Sources

    def _file(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = Source(self._file(path))
        return self._sources[path]
