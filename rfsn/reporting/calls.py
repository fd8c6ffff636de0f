"""What a session asked of models, and what that cost: folded from its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from gate import AskModel, Denied, ModelCard, Proposal
from rfsn.sessions.events import CallEnded, CallStarted, Proposed
from rfsn.sessions.record import Record

__all__ = ["models_report"]

_TOKENS = ("input", "output", "cached", "written", "reasoning")


def models_report(record: Record) -> dict[str, Any] | None:
    """Which models were asked what and why, and what each cost; None if the session may ask none."""
    ready = record.projection.models
    if ready is None:
        return None
    asked = [_question(entry.event) for entry in record.entries() if isinstance(entry.event, Proposed)]
    questions = [question for question in asked if question]
    redacted: Counter[str] = Counter()
    for question in questions:
        if question["denied"]:  # nothing was sent
            continue
        redacted.update(question["redacted"])
    calls = list(_calls(record))
    return {
        "cost_usd": round(record.projection.spent_usd, 9),
        "max_cost_usd": record.config.max_cost,
        "calls": len(calls),
        "each": [_model(card, [call for call in calls if call[0].model == card.name]) for card in ready.cards],
        "asked": questions,
        "redacted": dict(sorted(redacted.items())),
    }


def _calls(record: Record) -> Iterator[tuple[CallStarted, CallEnded | None]]:
    """Each call with its end, if it is known to have one. A step that is done again begins its attempts anew."""
    calls: list[tuple[CallStarted, CallEnded | None]] = []
    places: dict[tuple[str, int, int], int] = {}
    for entry in record.entries():
        match entry.event:
            case CallStarted() as started:
                places[started.proposal, started.sample, started.attempt] = len(calls)
                calls.append((started, None))
            case CallEnded() as ended:
                place = places.get((ended.proposal, ended.sample, ended.attempt))
                if place is not None:  # else the journal is somebody else's
                    calls[place] = calls[place][0], ended
    yield from calls


def _question(event: Proposed) -> dict[str, Any] | None:
    match event.proposal:
        case Proposal(action=AskModel() as action) as proposal:
            return {
                "proposal": proposal.id,
                "model": action.model,
                "purpose": action.purpose,
                "samples": event.samples,
                "intent": proposal.intent,
                "why": proposal.hypothesis,
                "files": list(action.files),
                "redacted": dict(action.redacted),
                "denied": event.decision.rule if isinstance(event.decision, Denied) else None,
            }
    return None


def _model(card: ModelCard, calls: list[tuple[CallStarted, CallEnded | None]]) -> dict[str, Any]:
    used = [ended.usage for _, ended in calls if ended and ended.usage]
    ends = [ended for _, ended in calls if ended]
    return {
        "model": card.name,
        "endpoint": card.endpoint,
        "priced": card.priced,
        "calls": len(calls),
        "answered": sum(bool(ended.answer) for ended in ends),
        "tokens": {kind: sum(getattr(usage, kind) for usage in used) for kind in _TOKENS},
        "cost_usd": round(sum(ended.cost_usd if ended else started.reserved_usd for started, ended in calls), 9),
        "seconds": round(sum(ended.latency_s for ended in ends), 3),
    }
