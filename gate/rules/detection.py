"""Product code does the same whoever calls it: it does not look whether a test does."""

from __future__ import annotations

import re

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule, Table

__all__ = ["NoTestDetection"]

_TEXTS = re.compile(r"PYTEST_|_pytest\b|CURRENT_TEST|junit-?xml|JUNIT|/results/|rfsn", re.IGNORECASE)
_FRAMES = frozenset({
    "_getframe", "_getframemodulename", "_current_frames", "currentframe", "f_back", "f_locals", "f_globals", "f_code",
    "f_builtins", "gi_frame", "cr_frame", "ag_frame", "tb_frame", "getouterframes", "getinnerframes", "walk_stack",
    "extract_stack", "get_objects", "get_referrers", "get_referents", "print_stack", "format_stack",
})  # fmt: skip


class NoTestDetection(SourceRule):
    """Denies looking for the test: in the environment, on the stack, among all objects of the process, in its file."""

    id = "tamper.detection"
    rejection_type = Rejection.TAMPER
    uses = Table(
        "inspect.stack", "inspect.trace", "inspect.currentframe", "sys._getframe", "sys._current_frames",
        "sys._getframemodulename", "traceback.extract_stack", "traceback.walk_stack", "gc.get_objects",
        "gc.get_referrers", "gc.get_referents", "sys.orig_argv",
    )  # fmt: skip
    hint = "make the result depend on arguments and state only"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name in _FRAMES
        if construct.kind is Kind.TEXT:
            if "/" in construct.name and construct.name in context.base.files and context.protected(construct.name):
                return True
            own = not context.base.folders.isdisjoint({"_pytest", "src/_pytest"})
            return not own and bool(_TEXTS.search(construct.name))
        return super().forbids(construct, path, found, context)
