"""Whether the assertions of tests count: in this run, the tests' own code is marked (see `marking.py`).

Of each watched test that passes, the line that failed on the base must have been passed, and the assertions that the
test always comes to. Failures that code under test handles, and objects that equal everything, are findings always.
"""

import ast
import os
from typing import Any, Dict, Generator, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

import pytest
from _pytest.assertion import rewrite

from .chosen import spelled
from .marked import Marked
from .marking import Marker, Prober
from .record import RECORD
from .result_lines import Channel
from .sides import TestSide

_REWRITE: Any = rewrite
_MATCHERS = ("Approx",)


class Witness:
    """Marks the tests' files as pytest loads them, and sends what it finds of the watched tests."""

    def __init__(self, channel: Channel, side: TestSide, watched: Mapping[str, Sequence[Any]]) -> None:
        """`watched` are the lines of the tests' own code, as (path, line, function), that failed, by the test's id."""
        self._channel = channel
        self._side = side
        self._watched = watched
        self._outcomes: List[str] = []
        self._errors: List[BaseException] = []
        self._wanted: Dict[str, Set[int]] = {}
        for path, line, _ in (place for places in watched.values() for place in places):
            self._wanted.setdefault(side.root + path, set()).add(line)
        RECORD.side = side
        self._rewrite = _REWRITE.rewrite_asserts
        _REWRITE.rewrite_asserts = self._rewritten
        # Code with marks is made anew, and is of no use in other processes.
        _REWRITE._read_pyc = lambda *_, **__: None  # noqa: SLF001
        _REWRITE._write_pyc = lambda *_, **__: False  # noqa: SLF001

    def _rewritten(self, tree: ast.Module, *arguments: Any, **named: Any) -> None:
        filename = next(
            (os.fsdecode(one) for one in (*arguments[1:], *arguments[:1]) if isinstance(one, (str, os.PathLike))), ""
        )
        if not self._side.inside(filename):
            self._rewrite(tree, *arguments, **named)
            return
        first = sum(len(marked.marks) for marked in RECORD.files.values())
        marker = Marker(filename, self._wanted.get(filename, ()), first)
        marker.mark(tree)
        RECORD.files[filename] = marker.marked
        self._rewrite(tree, *arguments, **named)
        Prober().visit(tree)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        """See whether the tests of files that could not be loaded on the base are all there."""
        there = {spelled(item.nodeid).partition("[")[0] for item in items}
        for file in sorted({id.partition("::")[0] for id in there} & set(self._watched)):
            marked = RECORD.files.get(self._side.root + file)
            for name in marked.tests if marked else ():
                if f"{file}::{name}" not in there:
                    self._send(file, f"missing {name}", f"its test {name} is not there when the tests are collected")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        id = spelled(item.nodeid)
        file = id.partition("::")[0]
        watched = id in self._watched or file in self._watched
        self._outcomes, self._errors = [], []
        RECORD.begin(watching=watched)
        yield
        RECORD.watching = False
        if watched:
            found = [*self._forged(), *self._swallowed()]
            if set(self._outcomes) == {"passed"}:
                found += self._unmet(item, self._watched.get(id, ()))
            for about, text in found:
                self._send(id, about, text)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        self._outcomes.append("expected" if hasattr(report, "wasxfail") else report.outcome)
        error: Optional[BaseException] = call.excinfo.value if call.excinfo else None
        while error is not None and not any(error is one for one in self._errors):
            self._errors.append(error)
            error = error.__cause__ or error.__context__

    def _forged(self) -> Iterator[Tuple[str, str]]:
        for forgery, filename, line in RECORD.forgeries:
            marked = RECORD.files.get(filename)
            meant = not self._side.inside(forgery.filename) and _is_named(forgery.kind, marked)
            if not meant and not self._side.holds(forgery.filename):
                place = self._place(filename, line)
                yield f"forgery {forgery.name}", f"{place} compares an object of {forgery.name}, which {forgery.how}"

    def _swallowed(self) -> Iterator[Tuple[str, str]]:
        for error, number, handler in RECORD.failures:
            if not any(error is one for one in self._errors):
                yield (
                    f"handled {handler}",
                    f"the assertion at {self._mark(number)} fails, and {handler} keeps that from it",
                )

    def _unmet(self, item: pytest.Item, places: Sequence[Any]) -> Iterator[Tuple[str, str]]:
        name = (getattr(item, "originalname", None) or item.name).partition("[")[0]
        inner = [place for number, place in enumerate(places) if place[2] == name or number == len(places) - 1]
        for path, line, function in inner:
            marked = RECORD.files.get(self._side.root + path)
            passed = RECORD.passed_marks if function == name else RECORD.ever
            if marked is not None and marked.unmet(line, passed, RECORD.ended):
                yield f"unmet {path}:{line}", f"it passes without {path}:{line}, where it failed on the base"
                return
        scope = spelled(item.nodeid).partition("[")[0].split("::")[1:]
        marked = RECORD.files.get(str(item.fspath))
        function = marked.functions.get(".".join(scope)) if marked else None
        if function is None:
            return
        needed = {*function.certain, *(() if places or function.last is None else (function.last,))}
        for number in sorted(needed - RECORD.passed_marks)[:1]:
            yield f"unmet {self._mark(number)}", f"it passes without its assertion at {self._mark(number)}"

    def _mark(self, number: int) -> str:
        for filename, marked in RECORD.files.items():
            for mark in marked.marks:
                if mark.number == number:
                    return self._place(filename, mark.lines[0])
        return ""

    def _place(self, filename: str, line: int) -> str:
        return f"{filename[len(self._side.root) :]}:{line}"

    def _send(self, id: str, about: str, message: str) -> None:
        self._channel.write({"finding": id, "about": about, "message": message})


def _is_named(kind: type, marked: Optional[Marked]) -> bool:
    """Whether a test names a library's class whose objects are to equal much, such as `ANY`."""
    name = kind.__name__.strip("_")
    words = ("approx",) if name.startswith(_MATCHERS) else (name,)
    return marked is not None and not marked.names.isdisjoint(words)
