"""Product code does not know its tests: it neither skips nor steers the test runner."""

from __future__ import annotations

from posixpath import basename

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoTestFrameworks"]

_HELPERS = frozenset({
    "_testing", "_testutils", "test", "test_utils", "testing", "testlib", "testsuite", "testutil", "testutils",
})  # fmt: skip
_FRAMEWORKS = (
    "pytest", "_pytest", "pluggy", "iniconfig", "unittest", "unittest2", "nose", "nose2", "doctest", "hypothesis",
    "mock", "xdist", "pytest_asyncio", "pytest_cov", "rfsn_runner", "coverage",
)  # fmt: skip


class NoTestFrameworks(SourceRule):
    """Denies importing, patching or steering a test framework in product code.

    A file that already imports it, a package of helpers for tests, and the framework's own source may go on doing so.
    """

    id = "tamper.frameworks"
    rejection_type = Rejection.TAMPER
    uses = Table(*(f"{name}.*" for name in _FRAMEWORKS))
    hint = "change what the product does: it runs without any test framework"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if _is_helper(path):
            return False
        if construct.kind is Kind.DEFINE:
            hook = construct.name.startswith("pytest_") or construct.name in {"collect_ignore", "collect_ignore_glob"}
            return hook and not self._is_own("_pytest", context)
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name in {"__unittest_skip__", "__unittest_expecting_failure__", "pytestmark"}
        module = self.uses.module_of(construct.name)
        if module is None or self._is_own(module, context):
            return False
        return super().forbids(construct, path, found, context)

    @staticmethod
    def _is_own(module: str, context: Context) -> bool:
        return not context.base.folders.isdisjoint({module, f"src/{module}"})


def _is_helper(path: str) -> bool:
    parts = path.split("/")
    return not _HELPERS.isdisjoint(parts[:-1]) or basename(path).removesuffix(".py") in _HELPERS
