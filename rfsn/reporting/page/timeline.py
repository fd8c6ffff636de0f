"""The timeline: every step with its reasons, the gate's decision and the observation."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator

from gate import (
    Action,
    Allowed,
    ApplyPatch,
    AskModel,
    Denied,
    Finish,
    GiveUp,
    NotApplied,
    Patch,
    ReadFile,
    RunCommand,
    RunTests,
    SearchCode,
    TryPatches,
    Verdict,
)
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
from rfsn.machine.text import counted
from rfsn.reporting.page.markup import Html, folded, lines, tag
from rfsn.sessions.events import (
    EnvironmentReady,
    Event,
    Interrupted,
    ModelsReady,
    Observed,
    Proposed,
    Recalled,
    Resumed,
    SessionEnded,
    SourceTaken,
)
from rfsn.sessions.journal import Entry

__all__ = ["timeline"]

_SHORT = 100


def timeline(entries: Iterable[Entry]) -> Html:
    """Every step of a session, and what happened between them, in order."""
    return tag("ol", *_items(entries), class_="timeline")


def _items(entries: Iterable[Entry]) -> Iterator[Html]:
    proposed: Entry | None = None
    for entry in entries:
        match entry.event:
            case Proposed():
                proposed = entry
            case Observed() if proposed is not None:
                yield _step(proposed, entry)
                proposed = None
            case event if note := _note(event):
                if proposed is not None:
                    yield _step(proposed, None)
                    proposed = None
                yield tag("li", _when(entry, None), tag("div", note), class_="note")
    if proposed is not None:
        yield _step(proposed, None)


def _note(event: Event) -> str:
    match event:
        case SourceTaken(origin=origin, files=files):
            return f"The source was taken: {origin}, {counted(files, 'file')}"
        case EnvironmentReady() as ready:
            instead = f", instead of {ready.why}" if ready.why else ""
            return f"The environment is ready: {ready.description} in {ready.backend}{instead}"
        case ModelsReady() as ready:
            return f"Models may be asked: {', '.join(card.name for card in ready.cards)}"
        case Recalled():
            return "Read how edit operators did in earlier sessions"
        case Interrupted():
            return "Interrupted"
        case Resumed():
            return "Resumed"
        case SessionEnded(status=status, reason=reason):
            return f"Ended: {status.replace('_', ' ')}: {reason}"
    return ""


def _step(begun: Entry, ended: Entry | None) -> Html:
    assert isinstance(begun.event, Proposed)
    proposal, decision = begun.event.proposal, begun.event.decision
    observed = ended.event if ended else None
    facts = [
        ("hypothesis", tag("span", proposal.hypothesis)),
        ("action", _action(proposal.action, begun.event.candidates)),
        ("decision", _decision(decision)),
    ]
    if isinstance(observed, Observed):
        facts.append(("observation", _observation(observed.observation)))
    else:
        facts.append(("observation", tag("span", "none: the step was not finished")))
    head = tag("h3", tag("span", proposal.phase, class_="phase"), " ", proposal.intent, " ", tag("small", proposal.id))
    listed = tag("dl", *(part for name, value in facts for part in (tag("dt", name), tag("dd", value))))
    kind = "step denied" if isinstance(decision, Denied) else "step"
    return tag("li", _when(begun, ended), tag("div", head, listed), class_=kind)


def _when(begun: Entry, ended: Entry | None) -> Html:
    """When something began, and how long it took."""
    parts = [tag("time", f"{begun.clock:.1f} s", datetime=begun.time, title=begun.time)]
    if ended is not None and isinstance(ended.event, Observed):
        parts.append(tag("small", f"took {ended.clock - begun.clock:.2f} s"))
        parts.append(tag("small", f"CPU {ended.event.cpu_s:.2f} s"))
    return tag("div", *parts, class_="when")


def _decision(decision: Denied | Allowed) -> Html:
    if isinstance(decision, Allowed):
        silent = (part for rules in decision.not_applied for part in (tag("br"), "Not applied to ", *_silent(rules)))
        return tag("span", "allowed", *silent)
    kind = f" ({decision.rejection_type})"
    denial = [tag("strong", "denied"), " by ", tag("code", decision.rule), kind, ": ", lines(decision.reason)]
    return tag("span", *denial, tag("br"), "Hint: ", lines(decision.hint))


def _silent(rules: NotApplied) -> tuple[Html | str, ...]:
    more = f" and {rules.more} more" if rules.more else ""
    return tag("code", ", ".join(rules.files)), f"{more}: ", tag("code", ", ".join(rules.rules))


def _action(action: Action, candidates: int) -> Html:
    match action:
        case ReadFile(path, line):
            return tag("span", "read ", tag("code", path), f" from line {line}" if line > 1 else "")
        case SearchCode(text, pattern):
            return tag("span", "search ", tag("code", text), " in ", tag("code", pattern))
        case RunTests(ids, collect):
            what = f"run {counted(len(ids), 'test')}" if ids else "run all tests"
            listed = [folded("which", tag("pre", lines("\n".join(ids))))] if ids else []
            return tag("div", f"{what}, for the {collect}", *listed)
        case RunCommand(argv):
            return tag("span", "run ", tag("code", shlex.join(argv)))
        case TryPatches(offset=offset):
            return tag("span", f"try {counted(candidates, 'candidate')}, from number {offset}")
        case AskModel(model, purpose, max_tokens=most):
            return tag("span", "ask ", tag("code", model), f" ({purpose}), at most {most} tokens each")
        case ApplyPatch(patch):
            return tag("span", "apply a patch to ", tag("code", ", ".join(_paths(patch))))
        case Finish():
            return tag("span", "finish")
        case GiveUp(reason):
            return tag("span", f"give up: {reason}")


def _paths(patch: Patch) -> list[str]:
    return sorted({operation.path for operation in patch})


def _observation(observation: Observation) -> Html:
    match observation:
        case Denial():
            return tag("span", "denied: nothing was done")
        case SuiteRan(problem=problem) if problem:
            return tag("span", "the tests could not run: ", lines(problem))
        case SuiteRan() as ran:
            return tag("span", f"{ran.failing_total} of {counted(ran.total, 'test')} failed ({ran.duration_s:.2f} s)")
        case SpectrumReady(cases=cases, duration_s=duration):
            return tag("span", f"traced {counted(cases, 'test')} ({duration:.2f} s)")
        case Batch() as batch:
            return _batch(batch)
        case ModelReplied() as replied:
            return _replied(replied)
        case VerdictReached(verdict):
            return _verdict(verdict)
        case Output(text, exit_code):
            return _output(text, exit_code)
        case Ended(reason):
            return tag("span", reason)


def _replied(replied: ModelReplied) -> Html:
    answers = sum(bool(reply.blob) for reply in replied.replies)
    problems = dict.fromkeys(reply.problem for reply in replied.replies if reply.problem)
    whole = f"{answers} of {counted(len(replied.replies), 'sample')} answered"
    return tag(
        "div",
        f"{whole} ({replied.cost_usd:.4f} USD, {replied.duration_s:.2f} s)",
        *(tag("div", lines(problem)) for problem in problems),
    )


def _batch(batch: Batch) -> Html:
    counts = ", ".join(
        f"{count} {TrialOutcome(letter).label}" for letter, count in Counter(batch.outcomes).most_common()
    )
    named = batch.plausible or batch.partial[:1]
    best = "".join(f"; number {trial.index}: {trial.operator} at {trial.location}" for trial in named)
    return tag("span", f"{counts or 'none was tried'}{best} ({batch.duration_s:.2f} s)")


def _verdict(verdict: Verdict) -> Html:
    if verdict.accepted:
        return tag(
            "span", f"accepted after {counted(verdict.runs, 'cold run')}; {len(verdict.fixed)} fixed, nothing broken"
        )
    result = f"kept: it repairs {counted(len(verdict.fixed), 'target')}:" if verdict.partly else f"{verdict.result}:"
    return tag("div", result, tag("ul", *(tag("li", reason) for reason in verdict.reasons)))


def _output(text: str, exit_code: int | None) -> Html:
    code = "" if exit_code is None else f" (exit code {exit_code})"
    if len(text) <= _SHORT and "\n" not in text:
        return tag("span", text, code)
    return folded(f"{counted(len(text), 'character')}{code}", tag("pre", lines(text)))
