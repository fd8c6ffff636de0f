"""The projection of a journal: what its events add up to so far, as a fold over them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from gate import Proposal
from planners.state import State
from rfsn.sessions.events import (
    CallEnded,
    CallStarted,
    EnvironmentReady,
    Event,
    ModelsReady,
    Observed,
    Proposed,
    Recalled,
    Resumed,
    SessionEnded,
    SessionStarted,
    SourceTaken,
)

__all__ = ["Call", "Projection", "fold", "state_hash"]

_STATE: TypeAdapter[State] = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model in the step that is under way. `ended` is None if it is not known to have ended."""

    started: CallStarted
    ended: CallEnded | None = None

    @property
    def cost_usd(self) -> float:
        """What it cost, or its reservation until that is known."""
        return self.started.reserved_usd if self.ended is None else self.ended.cost_usd


@dataclass(frozen=True, slots=True)
class Projection:
    """What the events add up to so far. `state` is the part that planners see.

    `calls` are those of the step that is under way, in the order in which they began, also by a controller that was
    killed; `spent_usd` is what all calls of the session cost, with the reservations of those under way.
    """

    started: SessionStarted | None = None
    source: SourceTaken | None = None
    recalled: Recalled | None = None
    models: ModelsReady | None = None
    environment: EnvironmentReady | None = None
    state: State = field(default_factory=State)
    pending: Proposal | None = None
    ended: SessionEnded | None = None
    used_ids: frozenset[str] = frozenset()
    cpu_s: float = 0.0
    calls: tuple[Call, ...] = ()
    spent_usd: float = 0.0


def fold(projection: Projection, event: Event) -> Projection:
    """The projection after one more event."""
    match event:
        case SessionStarted():
            return replace(projection, started=event)
        case SourceTaken():
            return replace(projection, source=event)
        case Recalled():
            return replace(projection, recalled=event)
        case ModelsReady():
            return replace(projection, models=event)
        case EnvironmentReady():
            return replace(projection, environment=event)
        case Proposed(proposal=proposal):
            return replace(projection, pending=proposal)
        case CallStarted(reserved_usd=reserved_usd):
            calls = (*projection.calls, Call(event))
            return replace(projection, calls=calls, spent_usd=projection.spent_usd + reserved_usd)
        case CallEnded():
            return _settled(projection, event)
        case Observed(observation=observation, cpu_s=cpu_s) if projection.pending is not None:
            return replace(
                projection,
                state=projection.state.after(projection.pending, observation),
                used_ids=projection.used_ids | {projection.pending.id},
                pending=None,
                cpu_s=projection.cpu_s + cpu_s,
                calls=(),
            )
        case Resumed():
            return replace(projection, pending=None)
        case SessionEnded():
            state = projection.state.without_verified() if event.withdrawn else projection.state
            return replace(projection, state=state, ended=event)
    return projection


def _settled(projection: Projection, event: CallEnded) -> Projection:
    """The projection after a call ended: its cost takes the place of its reservation."""
    key = (event.proposal, event.sample, event.attempt)
    calls = list(projection.calls)
    for place, call in enumerate(calls):
        started = call.started
        if call.ended is None and (started.proposal, started.sample, started.attempt) == key:
            calls[place] = Call(started, event)
            spent_usd = projection.spent_usd + event.cost_usd - started.reserved_usd
            return replace(projection, calls=tuple(calls), spent_usd=spent_usd)
    return projection


def state_hash(state: State) -> str:
    """The hash of a state, without its history: the events before it are hashed already."""
    return hashlib.sha256(_STATE.dump_json(state, exclude={"history"})).hexdigest()
