"""The projection of a journal: what its events add up to so far, as a fold over them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from gate import Proposal
from planners.state import State
from rfsn.sessions.events import (
    EnvironmentReady,
    Event,
    Observed,
    Proposed,
    Recalled,
    Resumed,
    SessionEnded,
    SessionStarted,
    SourceTaken,
)

__all__ = ["Projection", "fold", "state_hash"]

_STATE: TypeAdapter[State] = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Projection:
    """What the events add up to so far. `state` is the part that planners see."""

    started: SessionStarted | None = None
    source: SourceTaken | None = None
    recalled: Recalled | None = None
    environment: EnvironmentReady | None = None
    state: State = field(default_factory=State)
    pending: Proposal | None = None
    ended: SessionEnded | None = None
    used_ids: frozenset[str] = frozenset()
    cpu_s: float = 0.0


def fold(projection: Projection, event: Event) -> Projection:
    """The projection after one more event."""
    match event:
        case SessionStarted():
            return replace(projection, started=event)
        case SourceTaken():
            return replace(projection, source=event)
        case Recalled():
            return replace(projection, recalled=event)
        case EnvironmentReady():
            return replace(projection, environment=event)
        case Proposed(proposal=proposal):
            return replace(projection, pending=proposal)
        case Observed(observation=observation, cpu_s=cpu_s) if projection.pending is not None:
            return replace(
                projection,
                state=projection.state.after(projection.pending, observation),
                used_ids=projection.used_ids | {projection.pending.id},
                pending=None,
                cpu_s=projection.cpu_s + cpu_s,
            )
        case Resumed():
            return replace(projection, pending=None)
        case SessionEnded():
            return replace(projection, ended=event)
    return projection


def state_hash(state: State) -> str:
    """The hash of a state, without its history: the events before it are hashed already."""
    return hashlib.sha256(_STATE.dump_json(state, exclude={"history"})).hexdigest()
