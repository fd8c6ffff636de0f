"""unittest's own way to leave a test: an exception that it swallows, and that code under test could raise as well."""

import contextlib
import unittest.case
from typing import Any, Iterator

__unittest = True  # pytest leaves the frames of this module out, like those of unittest


def count_as_failure_what_only_unittest_may_raise() -> None:
    """Let `_ShouldStop` end a test quietly only after a failure, which is when unittest raises it."""
    case: Any = unittest.case
    outcome, stop = case._Outcome, case._ShouldStop  # noqa: SLF001  # there is no other way
    part_of = outcome.testPartExecutor

    @contextlib.contextmanager
    def executor(self: Any, *arguments: Any, **named: Any) -> Iterator[None]:
        with part_of(self, *arguments, **named):
            try:
                yield
            except stop as error:
                if self.success and not self.expectedFailure:
                    raise AssertionError("what is tested raised unittest's _ShouldStop") from error
                raise

    outcome.testPartExecutor = executor
