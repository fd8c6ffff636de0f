"""The lines of progress: what happens in a session, one line for each event."""

from __future__ import annotations

from gate import Allowed, Proposal, ReadFile, SearchCode
from planners.observations import Batch, Denial, ModelReplied, SpectrumReady, SuiteRan, VerdictReached
from rfsn.machine.terminal import say
from rfsn.machine.text import counted, one_line
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import (
    EnvironmentReady,
    Event,
    Observed,
    Proposed,
    Resumed,
    SessionEnded,
    SessionStarted,
    SourceTaken,
)
from rfsn.sessions.projection import Projection
from rfsn.sessions.session import Session

__all__ = ["Lines", "line_of"]

_WORTH_SAYING_S = 10.0
_MAX_LINE = 400
"""The most characters of a line of progress; the report has all of it."""


class Lines:
    """A listener of a session that prints one line for each event worth showing."""

    def __init__(self, session: Session) -> None:
        self._session = session
        say(f"session {session.name}  ({session.folder})", whole=True)
        session.watchers.append(self._doing)

    def _doing(self, what: str) -> None:
        say(f"{self._session.journal.clock:7.1f} s  environment  {one_line(what)}")

    def __call__(self, event: Event, projection: Projection) -> None:
        """Print the line of an event, if it has one."""
        if text := line_of(event, projection, self._session.blobs):
            say(f"{self._session.journal.clock:7.1f} s  {text}")


def line_of(event: Event, projection: Projection, blobs: BlobStore) -> str | None:
    """The line for an event, with control characters escaped; None if the event is not worth one."""
    text = one_line(_line_of(event, projection, blobs) or "")
    return f"{text[:_MAX_LINE]}..." if len(text) > _MAX_LINE else text or None


def _line_of(event: Event, projection: Projection, blobs: BlobStore) -> str | None:
    match event:
        case SourceTaken(files=files, origin=origin) as taken:
            return f"source       {origin}: {counted(files, 'file')}{_missing(taken)}"
        case EnvironmentReady() as ready:
            instead = f"; instead of {ready.why}" if ready.why else ""
            return f"environment  {ready.description} in {ready.backend}; tests: {ready.test}{instead}"
        case Proposed(proposal=Proposal(action=ReadFile() | SearchCode()) as step, decision=Allowed()):
            return f"{step.phase:<12} {step.intent}"
        case Observed(observation=SuiteRan() as ran):
            return f"reproduce    {_suite(ran, blobs, again=projection.state.repeat is not None)}"
        case Observed(observation=SpectrumReady(cases=cases)):
            return f"localize     traced {counted(cases, 'test')}" if cases else None
        case Observed(observation=Batch() as batch):
            rate = len(batch.outcomes) / batch.duration_s if batch.duration_s else 0.0
            best = ""
            if named := batch.plausible or batch.partial:
                what = "plausible" if batch.plausible else f"partial: {counted(len(batch.partial[0].fixed), 'target')}"
                best = f"; {what}: {named[0].operator} at {named[0].location}"
            state = projection.state
            return f"{state.phase:<12} tried {counted(state.tried, 'candidate')} ({rate:.0f}/s){best}"
        case Observed(observation=ModelReplied() as replied):
            return f"{projection.state.phase:<12} {_replied(replied)}; {projection.spent_usd:.4f} USD so far"
        case Observed(observation=VerdictReached(verdict=verdict)):
            result = f"accepted after {verdict.runs} cold runs" if verdict.accepted else "; ".join(verdict.reasons)
            if verdict.accepted and verdict.narrow:
                result = f"{result}, but NARROW"
            if verdict.partly:
                targets = len(verdict.fixed + verdict.unfixed)
                result = f"{len(verdict.fixed)} of {targets} targets pass, nothing is broken"
            return f"verify       {result}"
        case Observed(observation=Denial(denied=denied)):
            return f"denied       {denied.rule}: {denied.reason}"
        case Resumed():
            return "resumed"
        case SessionStarted() | SessionEnded() | _:
            return None


def _suite(ran: SuiteRan, blobs: BlobStore, *, again: bool) -> str:
    if ran.problem:
        return f"the tests could not run ({ran.duration_s:.1f} s)"
    note = f"; {ran.note}" if ran.note else ""
    kept = (
        f"; {ran.reserve_s:.0f} s are reserved for the verdict" if not again and ran.reserve_s > _WORTH_SAYING_S else ""
    )
    skipped = blobs.report(ran.report).skipped
    left_out = f", {skipped} skipped" if skipped else ""
    what = f"{'again' if again else 'tests'}: {ran.failing_total} of {ran.total} fail{left_out}"
    return f"{what} ({ran.duration_s:.1f} s{kept}){note}"


def _replied(replied: ModelReplied) -> str:
    """How many samples a model answered, and why the others have no answer."""
    answers = sum(bool(reply.blob) for reply in replied.replies)
    problems = dict.fromkeys(reply.problem for reply in replied.replies if reply.problem)
    said = f"answered {answers} of {counted(len(replied.replies), 'sample')} ({replied.duration_s:.1f} s)"
    return "; ".join((said, *problems))


def _missing(taken: SourceTaken) -> str:
    """What the source names but the snapshot does not contain."""
    parts = [f"submodule {path}" for path in taken.submodules]
    if taken.pointers:
        parts.append(f"Git LFS pointers: {', '.join(taken.pointers)}")
    return f"; not fetched: {'; '.join(parts)}" if parts else ""
