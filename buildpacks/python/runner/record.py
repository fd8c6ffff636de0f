"""What the marks in tests report (see `marking.py`): which assertions held, which failed, and what they compared."""

import collections
import operator
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import pytest

from .forgeries import Forgery, forgery_in
from .marked import Marked
from .sides import TestSide

_OPERATORS: Dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "In": lambda one, other: one in other,
    "NotIn": lambda one, other: one not in other,
    "Sub": operator.sub,
}
_SEARCHED = (list, tuple, collections.deque)
_FAILURES = (AssertionError, pytest.fail.Exception)
_LIBRARY = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_RUNNERS = tuple(f"{os.sep}{name}{os.sep}" for name in ("_pytest", "pluggy", "pytest"))

Swallowed = Tuple[BaseException, int, str]
"""An assertion's failure, its mark, and what of the product may handle it."""


class Record:
    """The reports of one test at a time, as long as one is `watching`."""

    def __init__(self) -> None:
        self.files: Dict[str, Marked] = {}
        self.side: Optional[TestSide] = None
        self.ever: Set[int] = set()
        """The marks that were passed in any test: fixtures are shared."""
        self.begin(watching=False)

    def begin(self, *, watching: bool) -> None:
        """Forget the test before."""
        self.watching = watching
        self.passed_marks: Set[int] = set()
        self.ended: Set[int] = set()
        self.failures: List[Swallowed] = []
        self.forgeries: List[Tuple[Forgery, str, int]] = []
        self._managers: Dict[int, Any] = {}

    def passed(self, number: int) -> None:
        """Note that a marked statement ended as it should."""
        self.passed_marks.add(number)
        self.ever.add(number)

    def failed(self, number: int) -> None:
        """Note how an assertion ended: call it while its exception is handled."""
        error = sys.exc_info()[1]
        if not self.watching or error is None:
            return
        if not isinstance(error, _FAILURES):
            self.ended.add(number)
        else:
            handler = self._product_around()
            if handler:
                self.failures.append((error, number, handler))

    def value(self, number: int, value: Any) -> Any:
        """Note that the value in the header of a statement is there."""
        self.passed(number)
        return value

    def entered(self, number: int, manager: Any) -> Any:
        """Note which context manager a `with` has."""
        self._managers[number] = manager
        return manager

    def compared(self, name: str, one: Any, other: Any) -> Any:
        """The result of an operation, whose operands are looked at before."""
        self.operands(one, other)
        return _OPERATORS[name](one, other)

    def operand(self, value: Any) -> Any:
        """One operand of several in a row."""
        return self.operands(value)[0]

    def searched(self, holder: Any) -> Any:
        """What a method of lists searches, which compares its elements."""
        return self.operands(holder)[0] if isinstance(holder, _SEARCHED) else holder

    def matched(self, subject: Any, *values: Any) -> Any:
        """The subject of a match statement, whose patterns have these values."""
        return self.operands(subject, *values)[0]

    def operands(self, *values: Any) -> Tuple[Any, ...]:
        """The operands as they are, after a look at them."""
        if self.watching:
            forgery = forgery_in(values)
            if forgery:
                frame = sys._getframe(1)  # noqa: SLF001  # the test's, or that of another method
                while frame.f_code.co_filename == Record.operands.__code__.co_filename and frame.f_back:
                    frame = frame.f_back
                self.forgeries.append((forgery, frame.f_code.co_filename, frame.f_lineno))
        return values

    def _product_around(self) -> str:
        """What may keep the failure of the assertion that called `failed` from its test: product code around it.

        Empty if there is none, or if tests or a library may handle it before that code.
        """
        assert self.side is not None
        for frame in _frames_from(sys._getframe(2)):  # noqa: SLF001  # the test's own
            filename, line = frame.f_code.co_filename, frame.f_lineno
            marked = self.files.get(filename)
            if marked is not None:
                if any(first <= line <= last for first, last in marked.caught):
                    return ""
                for (first, last), number in reversed(marked.managed):
                    if first <= line <= last:
                        return _name_of(self._managers.get(number), self.side)
            elif self.side.product(filename, frame.f_globals):
                return f"{frame.f_code.co_name} ({filename[len(self.side.root) :]})"
            elif self.side.inside(filename) or _is_library(filename):
                return ""
        return ""


def _frames_from(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_library(filename: str) -> bool:
    return any(part in filename for part in _LIBRARY) and not any(part in filename for part in _RUNNERS)


def _name_of(manager: Any, side: TestSide) -> str:
    """The context manager, if it is the product's."""
    generator = getattr(manager, "gen", None)
    code = getattr(generator, "gi_code", getattr(getattr(type(manager), "__exit__", None), "__code__", None))
    if code is None or not side.product(code.co_filename):
        return ""
    return f"{code.co_name} ({code.co_filename[len(side.root) :]})"


RECORD = Record()
