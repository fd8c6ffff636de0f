"""The steps of a session so far, in short: what was proposed, and with what outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

from gate import Phase, Proposal, RunTests
from planners.observations import Batch, Denial, Ended, Observation, Output, SpectrumReady, SuiteRan, VerdictReached
from planners.trial import TrialOutcome

__all__ = ["MAX_HISTORY", "MAX_INTENT", "Step", "remembered"]

MAX_HISTORY = 64
"""The most steps that a state remembers: the newest."""

MAX_INTENT = 300
"""The most characters of a proposal's intent that a step keeps; the journal has the whole text."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, denied or not, for planners that decide by earlier steps rather than by aggregates.

    A step is small and refers to large contents: `blobs` are the report or the spectrum (see
    `planners.api.ReportView`), and `proposal` is the id under which the journal has the rest. `action` is the type of
    the action; for test runs, `run_tests` followed by what is collected. `outcome` is one word: `denied` (then `rule`
    is the id of the rule), `ran`, `failed` (tests or a command that could not run), `traced`, `tried`, the
    result of a verdict, `done`, or `ended`. `counts` are the numbers of the step: tests passed and
    failing, candidates by outcome, targets fixed and unfixed and tests broken, or an exit code.
    """

    number: int
    phase: Phase
    action: str
    proposal: str
    intent: str
    outcome: str
    rule: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    blobs: tuple[str, ...] = ()

    @classmethod
    def of(cls, number: int, proposal: Proposal, observation: Observation) -> Self:
        """The step with this number, in short."""
        action = proposal.action
        kind = f"{action.type} {action.collect}" if isinstance(action, RunTests) else action.type
        rule = observation.denied.rule if isinstance(observation, Denial) else ""
        intent = proposal.intent[:MAX_INTENT]
        outcome, counts, blobs = _outcome(observation)
        return cls(number, proposal.phase, kind, proposal.id, intent, outcome, rule, tuple(counts.items()), blobs)


def remembered(history: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    """The newest steps of a history, after one more."""
    return (*history, step)[-MAX_HISTORY:]


def _outcome(observation: Observation) -> tuple[str, dict[str, int], tuple[str, ...]]:
    """An observation in a word, with its counts and its blobs."""
    match observation:
        case Denial():
            return "denied", {}, ()
        case SuiteRan() as ran:
            counts = {"passed": ran.passed, "failing": ran.failing_total, "total": ran.total}
            return "failed" if ran.problem else "ran", counts, (ran.report,)
        case SpectrumReady(spectrum, cases):
            return "traced", {"cases": cases}, (spectrum,)
        case Batch(outcomes=letters):
            tallied = Counter(letters)
            return "tried", {known.label: tallied[known] for known in TrialOutcome if tallied[known]}, ()
        case VerdictReached(verdict):
            named = {"fixed": verdict.fixed, "unfixed": verdict.unfixed, "broken": verdict.broken}
            return verdict.result, {name: len(ids) for name, ids in named.items()}, ()
        case Output(exit_code=code):
            return "failed" if code else "done", {} if code is None else {"exit_code": code}, ()
        case Ended():
            return "ended", {}, ()
