"""How far a failing candidate gets: whether it may be the first half of a repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildpacks import CaseTrace, Outcome
from buildpacks.warm import WarmResult
from planners.trial import TrialOutcome

__all__ = ["progress_of"]

_REFUTED = frozenset({"AssertionError", "Failed"})
"""What a test raises if it came to a result, and the result is wrong."""


def progress_of(
    outcome: TrialOutcome, fixed: Sequence[str], result: WarmResult | None, failing: Mapping[str, CaseTrace]
) -> tuple[int, ...] | None:
    """The progress of a candidate (see `Trial`); None if nothing that counts changes under it.

    `outcome` and `fixed` are fields of its trial, `result` is the answer of a warm worker, and `failing` has the traces
    of the tests that fail on the base.
    """
    if outcome is TrialOutcome.PARTIAL:
        return 3, len(fixed)
    if outcome is not TrialOutcome.FAILED or result is None:
        return None
    base = failing.get(result.id)
    if base is None:
        return (2,)  # the targets pass, and a test fails that passes on the base
    lines = tuple(frame.line for frame in base.frames if frame.path == base.parsed.file)
    if lines and result.lines > lines:
        return 1, *result.lines
    before = "" if base.outcome is Outcome.TIMEOUT else base.message.partition(":")[0].rpartition(".")[2]
    return (0,) if result.exception in _REFUTED and before not in _REFUTED else None
