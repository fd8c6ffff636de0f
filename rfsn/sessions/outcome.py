"""How a session ends: its status and its exit code."""

from __future__ import annotations

from collections.abc import Mapping

from planners.confidence import Confidence
from planners.state import State
from rfsn.config import Config
from rfsn.sessions.events import SessionEnded
from rfsn.sessions.projection import Projection

__all__ = ["EXIT_CODES", "conclude", "status_problem"]

EXIT_CODES: Mapping[str, int] = {
    "repaired": 0,
    "nothing_to_repair": 0,
    "partly_repaired": 1,
    "not_repaired": 1,
    "denied": 1,
    "flaky": 1,
    "usage_error": 2,
    "infra_error": 3,
    "interrupted": 130,
}
"""Each status, and the exit code of a command that ends with it."""


def conclude(
    state: State,
    problem: str | None,
    *,
    issue: bool = False,
    confidence: Confidence | None = None,
    min_confidence: float = 0.0,
) -> SessionEnded:
    """The end of a session whose planner has ended it, or whose budget is used up (`problem` says how).

    With an `issue`, tests that all pass are no sign that there is nothing to repair. A patch whose `confidence` is less
    than the least that is asked for does not count.
    """
    status = _status(state)
    if status == "nothing_to_repair" and issue:
        status = "not_repaired"
    reason = problem or (state.ended.reason if state.ended else "")
    if status == "infra_error" and state.baseline:
        reason = state.baseline.problem
    if status == "partly_repaired" and state.kept:
        fixed, left = len(state.kept.verdict.fixed), len(state.kept.verdict.unfixed)
        reason = f"the patch repairs {fixed} of {fixed + left} targets and breaks nothing; {reason}"
    if state.unfinished and not state.verified and state.unfinished.verdict.reasons[0] not in reason:
        reason = f"{reason}; {state.unfinished.verdict.reasons[0]}"
    if confidence is None:
        return SessionEnded(status=status, reason=reason)
    withdrawn = confidence.value < min_confidence
    if withdrawn:
        less = f"its confidence of {confidence.value:g} is below {min_confidence:g}"
        reason = f"a patch passes every test, but {less}" if status == "repaired" else f"{reason}; {less}"
        status = "not_repaired"
    return SessionEnded(
        status=status, reason=reason, confidence=confidence.value, because=confidence.reasons, withdrawn=withdrawn
    )


def status_problem(projection: Projection, config: Config) -> str | None:
    """How the status of a session that has ended is not what its steps lead to; None if it is.

    A failure of the machine or a mistake of the user may end a session at any time: then there is no repair to show.
    """
    ended = projection.ended
    if ended is None or ended.status in {"infra_error", "usage_error"}:
        return None
    if ended.withdrawn:
        less = ended.confidence is not None and ended.confidence < config.min_confidence
        return None if less and ended.status == "not_repaired" else "a patch was withdrawn without a reason"
    status = conclude(projection.state, None, issue=bool(config.issue)).status
    return None if status == ended.status else f"the status is {ended.status}, and the journal leads to {status}"


def _status(state: State) -> str:
    baseline = state.baseline
    if state.verified and not state.verified[1].accepted:
        return "partly_repaired"
    if state.verified and baseline is not None and baseline.failing_total:
        return "repaired"
    if baseline is not None and baseline.problem:
        return "infra_error"
    if state.denials:
        return "denied"
    if baseline is not None and baseline.note and not baseline.failing_total:
        return "not_repaired"  # there was no time to see whether some tests end
    if baseline is not None and (not baseline.failing_total or baseline.wanted_pass):
        return "nothing_to_repair" if state.last_verdict is None or state.last_verdict.accepted else "not_repaired"
    untraced = state.spectrum is None and state.last_verdict is None
    return "flaky" if state.ended and state.repeat is not None and untraced else "not_repaired"
