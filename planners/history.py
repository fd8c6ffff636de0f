"""The steps of a session so far, in short: what was proposed, and with what outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

from gate import AskModel, Phase, Proposal, RunTests
from planners.observations import (
    Batch,
    Denial,
    Ended,
    ModelReplied,
    Observation,
    Output,
    SpectrumReady,
    SuiteRan,
    VerdictReached,
)
from planners.trial import TrialOutcome

__all__ = ["MAX_HISTORY", "MAX_INTENT", "MAX_NOTE", "Step", "remembered"]

MAX_HISTORY = 128
"""The most steps that a state remembers: the newest."""

MAX_INTENT = 300
"""The most characters of a proposal's intent that a step keeps; the journal has the whole text."""

MAX_NOTE = 600
"""The most characters of a step's note."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, denied or not, for planners that decide by earlier steps rather than by aggregates.

    A step is small and refers to large contents: `blobs` are the report, the spectrum, the answers or the output (see
    `planners.api.ReportView`), and `proposal` is the id under which the journal has the rest. `action` is the type of
    the action; for test runs, `run_tests` followed by what is collected; for models, `ask_model` and the purpose.
    `outcome` is one word: `denied` (then `rule` is the id of the rule), `ran`, `failed` (tests or a command that could
    not run, or a model that did not answer), `answered`, `traced`, `tried`, the result of a verdict, `done` or `ended`.
    `counts` are the numbers of the step: tests passed and failing, candidates by outcome, samples, answers and tokens,
    targets fixed and unfixed and tests broken, or an exit code. `note` is what a planner is told in words: why it was
    denied, what a verdict says, or the beginning of an output.
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
    note: str = ""

    @classmethod
    def of(cls, number: int, proposal: Proposal, observation: Observation) -> Self:
        """The step with this number, in short."""
        action = proposal.action
        match action:
            case RunTests(collect=collect):
                kind = f"{action.type} {collect}"
            case AskModel(purpose=purpose):
                kind = f"{action.type} {purpose}"
            case _:
                kind = action.type
        rule = observation.denied.rule if isinstance(observation, Denial) else ""
        intent = proposal.intent[:MAX_INTENT]
        outcome, counts, blobs = _outcome(observation)
        note = _note(observation)[:MAX_NOTE]
        return cls(number, proposal.phase, kind, proposal.id, intent, outcome, rule, tuple(counts.items()), blobs, note)


def remembered(history: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    """The newest steps of a history, after one more."""
    return (*history, step)[-MAX_HISTORY:]


def _note(observation: Observation) -> str:
    """What an observation says in words."""
    match observation:
        case Denial(denied):
            return f"{denied.reason}; {denied.hint}"
        case VerdictReached(verdict):
            return "; ".join(verdict.reasons)
        case ModelReplied(replies):
            return "; ".join(dict.fromkeys(reply.problem for reply in replies if reply.problem))
        case Output(text):
            return text
        case SuiteRan(problem=problem):
            return problem
    return ""


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
        case ModelReplied(replies):
            usages = [reply.usage for reply in replies if reply.usage]
            counts = {
                "samples": len(replies),
                "answers": sum(bool(reply.blob) for reply in replies),
                "input_tokens": sum(usage.input for usage in usages),
                "output_tokens": sum(usage.output for usage in usages),
            }
            return "answered" if counts["answers"] else "failed", counts, tuple(r.blob for r in replies if r.blob)
        case VerdictReached(verdict):
            named = {"fixed": verdict.fixed, "unfixed": verdict.unfixed, "broken": verdict.broken}
            return verdict.result, {name: len(ids) for name, ids in named.items()}, ()
        case Output(exit_code=code, blob=blob):
            counts = {} if code is None else {"exit_code": code}
            return "failed" if code else "done", counts, (blob,) if blob else ()
        case Ended():
            return "ended", {}, ()
