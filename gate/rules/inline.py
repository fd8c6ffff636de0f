"""Tests that stand in product files, as in Rust, define what is right as test files do."""

from __future__ import annotations

import re

from gate.decision import Context, DenialKind, Denied
from gate.languages.api import Analyzer, Kind
from gate.patch import Change
from gate.sources import introduced

__all__ = ["InlineTests"]

_BEFORE = re.compile(r"^(?:\s|#!?\[[^\]]*\]|//[^\n]*\n)+")


class InlineTests:
    """Denies adding, changing or removing a test in a file that is no test file, unless tests may change."""

    id = "tamper.inline-tests"
    incremental = False

    def reads(self, analyzer: Analyzer) -> bool:
        del analyzer  # one that finds none reads a language whose tests are in files of their own
        return True

    def check(self, change: Change, context: Context) -> Denied | None:
        for fresh in () if context.test_edits else introduced(change, context):
            for construct, path in (*fresh.removed_tests, *fresh.constructs):
                if construct.kind is Kind.TEST:
                    reason = f"{path} changes a test: {_title(construct.name)}"
                    hint = "change the source that the tests exercise; --allow-test-edits lifts this"
                    return Denied(self.id, DenialKind.TAMPER, reason, hint)
        return None


def _title(text: str) -> str:
    """The first line without attributes and comments."""
    lines = _BEFORE.sub("", text).splitlines()
    return lines[0][:60] if lines else text[:60]
