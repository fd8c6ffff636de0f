"""A run in other circumstances than usual: what holds only by chance, only here or only at first shows itself."""

import copy
import itertools
import os
import sys
import tempfile
import time
from typing import Any, Generator, List, Mapping, Optional, Sequence, Tuple

import pytest
from _pytest.runner import runtestprotocol

from .chosen import spelled
from .result_lines import Channel
from .sides import TestSide
from .trace import frames_of

_MOST_TIMES = 30
_ONE_S = 0.2
_ALL_S = 2.0
_WAITING = 20.0
"""How many times its CPU time repeating may take by the clock: some tests wait, and some machines are busy."""

_PACKAGE = __name__.partition(".")[0]


def go_elsewhere() -> None:
    """Change what a process can learn of its surroundings, before any code of the tree runs.

    Nothing tells that the runner is there, where bytecode goes is Python's choice, and the user has another name, home
    and folder for temporary files, a shell and a terminal. The seed of hashes and the host's name are set from outside.
    """
    place = os.path.realpath(tempfile.mkdtemp(prefix="user-"))
    temporary = os.path.join(place, "tmp")
    os.mkdir(temporary)
    os.environ.update(HOME=place, TMPDIR=temporary, USER="user", LOGNAME="user")
    for name, value in (("SHELL", "/bin/sh"), ("TERM", "dumb")):
        os.environ.setdefault(name, value)
    tempfile.tempdir = None
    for name in ("PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    sys.dont_write_bytecode = False
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]


class _Spent:
    """The time since its beginning, in CPU seconds; waiting counts too, but little."""

    def __init__(self) -> None:
        self._cpu, self._clock = time.process_time(), time.monotonic()

    @property
    def ago_s(self) -> float:
        return max(time.process_time() - self._cpu, (time.monotonic() - self._clock) / _WAITING)


class Elsewhere:
    """Runs the files of tests in the opposite order, and tests that failed on the base several times.

    Nothing in a file is reordered. A test that passes, and then fails on the line on which it failed on the base, is a
    finding: what it tests is right for a while, or by chance.
    """

    def __init__(self, channel: Channel, side: TestSide, watched: Mapping[str, Sequence[Any]]) -> None:
        self._channel = channel
        self._side = side
        self._watched = watched
        self._left_s = _ALL_S
        self._outcomes: List[str] = []
        self._place: Optional[Tuple[str, int, str]] = None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> Generator[None, Any, None]:
        """Reverse the files before anything else sorts the tests: that has its reasons."""
        files = [list(group) for _, group in itertools.groupby(items, lambda item: item.nodeid.partition("::")[0])]
        items[:] = [item for group in reversed(files) for item in group]
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Generator[None, Any, None]:
        self._outcomes = []
        id = spelled(item.nodeid)
        places = [(path, line) for path, line, _ in self._watched.get(id, ())[-1:]]
        given = _parameters(item) if places else None
        yield
        if given is None or not places or not isinstance(item, pytest.Function) or set(self._outcomes) != {"passed"}:
            return
        began, limit_s = _Spent(), min(_ONE_S, self._left_s)
        for _ in range(_MOST_TIMES):
            if began.ago_s > limit_s:
                break
            self._outcomes, self._place = [], None
            _give(item, given)
            item._initrequest()  # noqa: SLF001  # there is no other way to run a test again
            runtestprotocol(item, log=False, nextitem=nextitem)
            if set(self._outcomes) != {"passed"}:
                if self._place and self._place[:2] in places:
                    text = "it passes, and fails as on the base when it runs again in the same process"
                    self._channel.write({"finding": id, "about": "again", "message": text})
                break
        self._left_s -= began.ago_s

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        outcome = yield
        self._outcomes.append(outcome.get_result().outcome)
        if call.excinfo is not None:
            frames = [frame for frame in frames_of(call.excinfo.tb, self._side.root) if self._is_theirs(frame)]
            self._place = frames[-1] if frames else None

    def _is_theirs(self, frame: Tuple[str, int, str]) -> bool:
        return self._side.holds(self._side.root + frame[0])


def _parameters(item: pytest.Item) -> Optional[List[Any]]:
    """Copies of the values that a test is given by its parameters, which it may change; None if there can be none."""
    try:
        return [copy.deepcopy(values) for values in _given(item)]
    except Exception:  # noqa: BLE001  # of any object
        return None


def _give(item: pytest.Item, copies: Sequence[Any]) -> None:
    """Give a test its parameters as they were."""
    for values, kept in zip(_given(item), copies):
        values.update(copy.deepcopy(kept))


def _given(item: pytest.Item) -> List[Any]:
    """Where pytest has the values of a test's parameters: `funcargs` before pytest 8."""
    callspec = getattr(item, "callspec", None)
    return [values for values in (getattr(callspec, name, None) for name in ("params", "funcargs")) if values]
