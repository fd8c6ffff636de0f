"""The messages of a session: what models were sent, what they answered and what that cost.

They are also the cassette of `rfsn.models.doubles.ReplayedModel`. The journal and its blobs have all of it, and no key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rfsn.errors import JournalError
from rfsn.machine.text import to_json
from rfsn.sessions.events import CallEnded, CallStarted
from rfsn.sessions.record import Record

__all__ = ["cassette", "messages"]


def messages(record: Record) -> Iterator[dict[str, Any]]:
    """Every call that a session made, in the order in which they ended.

    One that is not known to have ended comes before the next attempt at its sample, or last if there was none.

    Raises `JournalError` for a journal or a blob that no session wrote.
    """
    under_way: dict[tuple[str, int], CallStarted] = {}
    for entry in record.entries():
        event = entry.event
        if isinstance(event, CallStarted):
            if lost := under_way.get((event.proposal, event.sample)):
                yield _message(record, lost, None)
            under_way[event.proposal, event.sample] = event
        elif isinstance(event, CallEnded):
            started = under_way.pop((event.proposal, event.sample), None)
            if started is None or started.attempt != event.attempt:
                raise JournalError(f"line {entry.sequence + 1} of the journal ends a call that never began")
            yield _message(record, started, event)
    for started in under_way.values():
        yield _message(record, started, None)


def cassette(record: Record) -> Iterator[str]:
    """The messages as JSON Lines, without those that have no answer."""
    return (to_json(message) + "\n" for message in messages(record) if message["answer"] is not None)


def _message(record: Record, started: CallStarted, ended: CallEnded | None) -> dict[str, Any]:
    message: dict[str, Any] = {
        "proposal": started.proposal,
        "sample": started.sample,
        "attempt": started.attempt,
        "model": started.model,
        "request": _request(record, started),
        "finish": "failed",
        "status": "lost",
        "answer": None,
        "usage": None,
        "cost_usd": started.reserved_usd,
        "latency_s": 0.0,
        "problem": "the controller ended before the call did",
    }
    if ended is None:
        return message
    return message | {
        "finish": ended.finish,
        "status": ended.status,
        "answer": asdict(record.blobs.answer(ended.answer)) if ended.answer else None,
        "usage": asdict(ended.usage) if ended.usage else None,
        "cost_usd": ended.cost_usd,
        "latency_s": ended.latency_s,
        "problem": ended.problem,
    }


def _request(record: Record, started: CallStarted) -> Any:
    """What was sent; None if it is gone: no call waits for the disk to have it, and a power cut may come first."""
    try:
        text = record.blobs.output(started.request)
    except JournalError:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JournalError(f"{started.proposal}: its request {started.request} is not JSON: {error}") from error
