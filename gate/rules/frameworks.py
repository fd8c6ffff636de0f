"""Product code does not know its tests: it neither skips nor steers the test runner."""

from __future__ import annotations

from gate.decision import Rejection
from gate.rules.source import SourceRule

__all__ = ["NoTestFrameworks"]


class NoTestFrameworks(SourceRule):
    """Denies importing, patching or steering a test framework in product code.

    A file that already imports it, a package of helpers for tests, and the framework's own source may go on doing so.
    """

    id = "tamper.frameworks"
    rejection_type = Rejection.TAMPER
    hint = "change what the product does: it runs without any test framework"
