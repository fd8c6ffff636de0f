"""Product code does not know its tests: it neither skips them nor controls the test runner."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["NoTestFrameworks"]


class NoTestFrameworks(SourceRule):
    """Denies importing, patching or controlling a test framework in product code.

    A file that already imports it, a package of test helpers, and the framework's own source may continue to do so.
    """

    id = "tamper.frameworks"
    rejection_type = DenialKind.TAMPER
    capability = "testing"
    hint = "change what the product does; it must run without any test framework"
