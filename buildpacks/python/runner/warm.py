"""The warm worker: imports the project and collects its tests once, then tries candidates in forks of itself.

Two processes wait for requests. The *stem* has not loaded any conftest: its children import the tree again, which works
for any change. The *server* is its child after collection: its children only swap function code, which is much faster.
These are of two kinds: one tries a single candidate, with the final answer of this worker, and a *screener*
(`screening`) tries many and reports only which of them fail. Requests and answers are JSON lines on the standard
streams; their meaning is in `buildpacks/warm.py`.
"""

import gc
import json
import os
import select
import socket
import sys
import threading
import time
from types import FunctionType
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Set, TextIO, Tuple

import pytest

from .attempt import Limited, Recorder, Runner
from .child import answer_and_exit, in_child
from .direct import direct_calls, direct_calls_are_right
from .near import Call, Repeater, shown
from .observe import Observer
from .rehearse import LEAST_S, MORE, prepare_screen
from .screen import Answer, Candidate, Screen
from .screening import tried
from .sources import Source, spliced
from .spent import Spent
from .stem import Attempt, Stem
from .swap import INVALID, LiveFunctions, NeedsImport, Replacement, put
from .trace import CalledCode, LineTracer, read_trace

_FURTHER = 4.0
"""How many times longer a further rehearsal is than the one before."""


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
        self._runner = Runner(self._recorder)
        self._called = CalledCode()
        self._early: Set[str] = set()
        self._loaded: FrozenSet[str] = frozenset()
        self._variables: Dict[str, str] = {}
        self._common: Dict[str, Any] = {}
        self._stem: Optional[TextIO] = None
        self._attempt: Optional[Attempt] = None
        self._targets: Dict[str, float] = {}
        self._tests: Dict[str, float] = {}
        self._first: Dict[str, float] = {}
        self._items: Dict[str, pytest.Item] = {}
        self._sources: Dict[str, Source] = {}
        self._screen: Optional[Screen] = None
        self._unfit = ""
        self._rehearsal_s = self._alone_s = 0.0
        self._observer: Optional[Observer] = None
        self._repeater: Optional[Repeater] = None
        self._spent = Spent()

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        self._grow_stem()  # here, because a conftest.py may import files that a candidate changes

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        session.config.pluginmanager.register(self._recorder, "rfsn-recorder")
        if self._attempt and self._attempt.files:
            session.config.args = [*self._attempt.files]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        self._items = {item.nodeid: item for item in session.items}
        if self._attempt:
            request, writing, files = self._attempt
            self._targets, self._tests = request["targets"], request["tests"]
            run = self._run_probes if files else self._run
            answer_and_exit(lambda _: run(request["probes"]), writing, request["limit"])
        self._serve(session)
        os._exit(0)

    # The stem

    def _grow_stem(self) -> None:
        """Fork: the child continues to collect and serve; the parent stays here, before any import of the tree.

        Plugins that are named on the command line may be in the tree, and are imported by now.
        """
        loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        self._loaded, self._variables = frozenset(sys.modules), dict(os.environ)
        self._early = {path for path in loaded if path and path.startswith(self._root + os.sep)}
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            ours.close()
            self._stem = theirs.makefile("rw", encoding="utf-8")
            self._called.start()
            return
        theirs.close()
        self._attempt = Stem(self._root, ours.makefile("rw", encoding="utf-8"), self._split).serve()
        if self._attempt:
            return
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF if hasattr(os, "waitstatus_to_exitcode") else 1)

    def _imports(self) -> Dict[str, Any]:
        """What the stem may do once for all of its forks: `modules` of others to import, files to be `compiled`.

        Nothing is imported in advance if the tree changes what others may look at while they are imported.
        """
        inside = self._root + os.sep
        files = {name: str(getattr(module, "__file__", "")) for name, module in list(sys.modules.items())}
        others = [name for name, file in files.items() if name not in self._loaded and not file.startswith(inside)]
        compiled = sorted({file for file in files.values() if file.startswith(inside) and file.endswith(".py")})
        return {"modules": others if dict(os.environ) == self._variables else [], "compiled": compiled}

    def _split(self, candidate: Candidate) -> Tuple[Dict[str, bytes], Dict[str, bytes]]:
        """The content of the files that a candidate adds, and of those that it edits, by their paths on the disk."""
        new, edited = {}, {}
        for path, edits in candidate["files"].items():
            if self._is_new(path):
                new[self._file(path)] = spliced(b"", edits)
            else:
                edited[self._file(path)] = self._source(path).edited(edits)
        return new, edited

    # The server

    def _serve(self, session: pytest.Session) -> None:
        self._called.stop()
        self._common = self._imports()
        self._live = LiveFunctions(self._root + "/", self._called.code)
        self._threads = threading.active_count() > 1
        self._direct = direct_calls_are_right(session.config)
        _freeze()
        imported = self._called.lines(self._root)
        self._answer({"ready": sorted(self._items), "errors": session.testsfailed, "imported": imported})
        for line in self._requests:
            request = json.loads(line)
            getattr(self, "_do_" + request["op"])(request)

    def _answer(self, answer: Dict[str, Any]) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)

    def _do_plan(self, request: Dict[str, Any]) -> None:
        self._targets = {id: limit for id, limit in request["targets"] if id in self._items}
        self._tests = {id: limit for id, limit in request["tests"] if id in self._items}
        self._first = {}
        self._rehearsal_s, self._alone_s = LEAST_S, 0.0
        self._screen, self._unfit = self._prepare_screen() if self._targets else (None, "no target is known")
        self._observer = None
        self._spent.reset()
        screened = len(self._screen.screened) if self._screen else 0
        self._answer({"planned": len(self._targets) + len(self._tests), "screened": screened, "why": self._unfit})

    def _do_trace(self, request: Dict[str, Any]) -> None:
        item = self._items.get(request["id"])
        if item is None:
            self._answer({"id": request["id"], "outcome": "missing"})
            return
        limit = request["limit"]

        def trace(out: int) -> Dict[str, Any]:
            return self._runner.trace(item, limit, LineTracer(self._root, out))

        answer, written = in_child(trace, limit)
        lines, kinds = read_trace(written)
        self._answer(dict(answer, id=request["id"], lines=lines, kinds=kinds if request["kinds"] else {}))

    def _do_try(self, request: Dict[str, Any]) -> None:
        candidates: List[Candidate] = request["candidates"]
        screened: Iterator[Answer] = iter([None] * len(candidates))
        if self._screen and request["screen"]:
            self._rehearse_more()
            screened = tried(self._screen, candidates)
        for candidate, answer in zip(candidates, screened):
            began = time.monotonic()
            final = answer or self._try_alone(candidate)
            self._alone_s += time.monotonic() - began
            self._answer({**final, "index": candidate["index"]})
            self._put_first(final.get("id", ""))
            if select.select([self._requests], [], [], 0)[0]:
                return  # the rest was cancelled

    def _put_first(self, id: str) -> None:
        """Run a test first that a candidate broke: another candidate for the same place often breaks it as well."""
        if id in self._tests:
            self._first = {id: self._tests[id], **self._first}
        if self._screen and id in self._screen.tests:
            self._screen = self._screen._replace(tests=[id, *(other for other in self._screen.tests if other != id)])

    def _rehearse_more(self) -> None:
        """Screen more tests, if forks that run them have taken as long as it takes to rehearse them."""
        longer_s = _FURTHER * self._rehearsal_s
        if self._unfit == MORE and self._alone_s > longer_s:
            self._rehearsal_s, self._alone_s = longer_s, 0.0
            screen, why = self._prepare_screen()
            self._screen, self._unfit = screen or self._screen, why

    def _do_observe(self, request: Dict[str, Any]) -> None:
        try:
            replacements = self._replacements(request)
        except (NeedsImport, *INVALID):
            self._answer({"behaviour": []})
            return
        if self._observer is None:
            self._observer = self._prepare_observer()
        self._answer(self._observer.observe(replacements))

    def _do_repeat(self, request: Dict[str, Any]) -> None:
        try:
            replacements = self._replacements(request)
        except (NeedsImport, *INVALID):
            self._answer({"unknown": True})
            return
        if self._repeater is None:
            self._repeater = Repeater(self._observed(), self._runner, self._root, self._own_files())
        if "tests" in request:
            targets, tests = (
                self._limited({id: limit for id, limit in request[key] if id in self._items})
                for key in ("targets", "tests")
            )
            calls = self._repeater.recorded(targets, tests, replacements)
        else:
            calls = [Call.read(text) for text in request["calls"]]
            calls = self._repeater.near(calls) if request["near"] else calls
        # Calls that were asked for keep their names: the same value can be written in several ways.
        again = "tests" not in request and not request["near"]
        names = request["calls"] if again else [call.written() for call in calls]
        answers = self._repeater.answers(calls, replacements)
        named = [[name, shown(call), *answer] for name, call, answer in zip(names, calls, answers)]
        self._answer({"repeated": named})

    def _do_spent(self, _request: Dict[str, Any]) -> None:
        self._answer({"spent": self._spent.read()})

    def _do_end(self, _request: Dict[str, Any]) -> None:
        self._answer({"ended": True})

    # Trying candidates

    def _try_alone(self, candidate: Candidate) -> Dict[str, Any]:
        """Try a candidate in a fork of its own."""
        limit = sum(self._targets.values()) + sum(self._tests.values())
        try:
            replacements = self._replacements(candidate)
        except NeedsImport:
            if not self._early.isdisjoint(map(self._file, candidate["files"])):
                return {"outcome": "unknown"}
            ask = {"targets": self._targets, "tests": self._tests, "limit": limit, **candidate, **self._common}
            self._common = {}
            with self._spent.on("imports"):
                print(json.dumps(ask), file=self._stem, flush=True)
                answer: Dict[str, Any] = json.loads(self._stem.readline()) if self._stem else {}
            return answer
        except INVALID as error:
            return {"outcome": "invalid", "id": type(error).__name__}

        def swap_and_run(_: int) -> Dict[str, Any]:
            put(replacements)
            with self._spent.on("tests in forks"):
                return self._run(candidate["probes"])

        with self._spent.on("forks"):
            return in_child(swap_and_run, limit)[0]

    def _replacements(self, candidate: Candidate, *, afresh: bool = True) -> List[Replacement]:
        """The replacements for a candidate. Raises `NeedsImport`, or one of `INVALID` if it is not valid Python."""
        replacements: List[Replacement] = []
        with self._spent.on("compile"):
            for path, edits in candidate["files"].items():
                if self._is_new(path):
                    raise NeedsImport(path)
                replacements += self._replaced(path, edits, afresh=afresh)
        if self._threads:  # a fork of this process does not have them
            raise NeedsImport
        return replacements

    def _replaced(self, path: str, edits: List[Tuple[int, int, str]], *, afresh: bool) -> List[Replacement]:
        """The replacements for the edits of one file."""
        file, source = self._file(path), self._source(path)
        try:
            parts = source.compiled(edits)
            return [one for part in parts for one in self._live.replacements(file, *part, afresh=afresh)]
        except NeedsImport:
            defaults = None if afresh else source.defaults(edits)
            if defaults is None:
                raise
            return [*self._live.with_defaults(file, defaults)]

    def _screened(self, candidate: Candidate) -> List[Replacement]:
        """The replacements for a screener: those that fail in it are not tried again, unless they are tried afresh."""
        return self._replacements(candidate, afresh=candidate["afresh"])

    def _run(self, probes: Sequence[str]) -> Dict[str, Any]:
        missing = [id for id in (*self._targets, *self._tests) if id not in self._items]
        if missing:
            return {"outcome": "missing", "id": missing[0]}
        first = {id: self._targets[id] for id in probes}
        tests = {**self._first, **self._tests}
        return self._runner.try_out(self._limited(first), self._limited(self._targets), self._limited(tests))

    def _run_probes(self, probes: Sequence[str]) -> Dict[str, Any]:
        """Run probes until one passes: the answer is a final one if none does."""
        missing = [id for id in probes if id not in self._items]
        if missing:
            return {"outcome": "missing", "id": missing[0]}
        _, done = self._runner.first_passing(self._limited({id: self._targets[id] for id in probes}))
        return done or {"outcome": "passed"}

    def _limited(self, limits: Mapping[str, float]) -> List[Limited]:
        return [(self._items[id], limit) for id, limit in limits.items()]

    def _prepare_screen(self) -> Tuple[Optional[Screen], str]:
        """A screen for the plan, or the reason why there is none and every candidate gets a fork of its own."""
        self._runner.calls = {}
        if self._threads:
            return None, "threads are alive after the import"
        targets, tests = self._limited(self._targets), self._limited(self._tests)
        calls = direct_calls([item for item, _ in (*targets, *tests)]) if self._direct else {}
        code = tuple(self._live.code())
        try:
            screen, why = prepare_screen(
                self._runner,
                calls,
                self._root + "/",
                targets,
                tests,
                code,
                self._screened,
                self._spent,
                self._rehearsal_s,
            )
        except Exception as error:  # noqa: BLE001  # looking at objects runs code of the tree and of its libraries
            return None, f"{type(error).__name__} while the state was read: {error}"
        if screen is not None:
            self._live.ran = screen.ran
            self._runner.calls = {item: call for item, call in calls.items() if item.nodeid in screen.screened}
            _freeze()
        return screen, why

    def _prepare_observer(self) -> Observer:
        targets, tests = self._limited(self._targets), self._limited(self._tests)
        return Observer(self._observed(), self._runner, self._root + "/", self._own_files(), targets, tests)

    def _observed(self) -> List[FunctionType]:
        """The functions whose calls are repeated."""
        return [f for f in self._live.all() if os.path.basename(f.__code__.co_filename) != "conftest.py"]

    def _own_files(self) -> Set[str]:
        """The files of the tests."""
        return {str(item.fspath) for item in self._items.values()}

    # Sources

    def _file(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _is_new(self, path: str) -> bool:
        return path not in self._sources and not os.path.lexists(self._file(path))

    def _source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = Source(self._file(path))
        return self._sources[path]


def _freeze() -> None:
    """Keep the collector of garbage from touching what forks share, if it can be told (since 3.7)."""
    if hasattr(gc, "freeze"):
        gc.freeze()
