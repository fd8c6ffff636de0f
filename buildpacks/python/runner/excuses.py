"""Who calls `pytest.xfail`: a test may say that it cannot pass yet, but what it tests may not excuse itself."""

import os
from types import CodeType
from typing import Any, Dict, Generator, List, Tuple

import pytest
from _pytest import outcomes

from .sides import TestSide

Place = Tuple[CodeType, Dict[str, Any]]
"""The code of a frame, and the globals that it sees."""

_PYTEST = os.path.dirname(outcomes.__file__) + os.sep


class Excuses:
    """Counts a call of `pytest.xfail` as a failure unless tests make it: the innermost code of the tree is theirs.

    Theirs are the test's own file and those of the test side. The caller has to know what it calls, too: the tree may
    give a test `pytest.xfail` under another name.
    """

    def __init__(self, side: TestSide) -> None:
        self._side = side

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        outcome = yield
        report = outcome.get_result()
        if not hasattr(report, "wasxfail") or call.excinfo is None:
            return
        if isinstance(call.excinfo.value, pytest.xfail.Exception) and not self._is_of_tests(item, call.excinfo.tb):
            del report.wasxfail
            report.outcome = "failed"
            report.longrepr = f"{call.excinfo.value}: what is tested called pytest.xfail, which only tests may"

    def _is_of_tests(self, item: pytest.Item, traceback: Any) -> bool:
        """Whether tests made the call. A mark does if there is no frame of the tree: pytest itself raises then."""
        places = _places(traceback)
        inside = [place for place in places if self._side.inside(place[0].co_filename)]
        if not inside:
            return True
        calling = [code for code, _ in places if not code.co_filename.startswith(_PYTEST)][-1]
        code, names = inside[-1]
        theirs = code.co_filename == str(item.fspath) or self._side.holds(code.co_filename, names)
        return theirs and "xfail" in calling.co_names + calling.co_freevars


def _places(traceback: Any) -> List[Place]:
    places: List[Place] = []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code, traceback.tb_frame.f_globals))
        traceback = traceback.tb_next
    return places
