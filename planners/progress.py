"""How far a candidate gets that is no repair: whether it may be the first half of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildpacks import CaseTrace, Outcome
from buildpacks.warm import Tried
from planners.trial import TrialOutcome

__all__ = ["progress_of"]

_REFUTED = frozenset({"AssertionError", "Failed"})
"""What a test raises that came to a result, and to a wrong one."""


def progress_of(
    outcome: TrialOutcome, fixed: Sequence[str], tried: Tried | None, failing: Mapping[str, CaseTrace]
) -> tuple[int, ...] | None:
    """The progress of a candidate (see `Evaluated`); None where it changes nothing that counts.

    `outcome` and `fixed` are those of its trial, `tried` is what a warm worker said of it, and
    `failing` are the traces of the tests that fail on the base.
    """
    if outcome is TrialOutcome.PARTIAL:
        return 3, len(fixed)
    if outcome is not TrialOutcome.FAILED or tried is None:
        return None
    base = failing.get(tried.id)
    if base is None:
        return (2,)  # it got past the targets: a test fails that passes on the base
    lines = tuple(frame.line for frame in base.frames if frame.path == base.parts.file)
    if lines and tried.lines > lines:
        return 1, *tried.lines
    before = "" if base.outcome is Outcome.TIMEOUT else base.message.partition(":")[0].rpartition(".")[2]
    return (0,) if tried.exception in _REFUTED and before not in _REFUTED else None
