"""Who calls `pytest.xfail`: a test may say that it cannot pass yet, but what it tests may not excuse itself."""

import fnmatch
import os
from types import CodeType
from typing import Any, Dict, Generator, List, Sequence, Tuple

import pytest
from _pytest import outcomes
from _pytest.assertion.rewrite import AssertionRewritingHook

Place = Tuple[CodeType, Dict[str, Any]]
"""The code of a frame, and the globals that it sees."""

_PYTEST = os.path.dirname(outcomes.__file__) + os.sep


class Excuses:
    """Counts a call of `pytest.xfail` as a failure unless tests make it: the innermost code of the tree is theirs.

    Theirs are the test's own file, every conftest.py, those that the patterns in the options name, and those whose
    asserts pytest rewrites. The caller has to know what it calls, too: the tree may give a test `pytest.xfail` under
    another name.
    """

    def __init__(self, options: Dict[str, Any]) -> None:
        self._root = os.getcwd() + os.sep
        self._patterns: Sequence[str] = options["tests"]

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
        inside = [place for place in places if place[0].co_filename.startswith(self._root)]
        if not inside:
            return True
        calling = [code for code, _ in places if not code.co_filename.startswith(_PYTEST)][-1]
        return "xfail" in calling.co_names + calling.co_freevars and self._is_test_code(item, *inside[-1])

    def _is_test_code(self, item: pytest.Item, code: CodeType, names: Dict[str, Any]) -> bool:
        if (
            code.co_filename == str(item.fspath)
            or os.path.basename(code.co_filename) == "conftest.py"
            or isinstance(names.get("__loader__"), AssertionRewritingHook)
        ):
            return True
        *folders, name = code.co_filename[len(self._root) :].split(os.sep)
        parts: List[str] = [*(f"{folder}/" for folder in folders), name]
        return any(fnmatch.fnmatch(part, pattern) for part in parts for pattern in self._patterns)


def _places(traceback: Any) -> List[Place]:
    places: List[Place] = []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code, traceback.tb_frame.f_globals))
        traceback = traceback.tb_next
    return places
