"""Replaying a journal without running anything: its chain, its states, and every proposal and decision again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gate import Gate, PatchError
from planners.api import Planner
from rfsn.compose import planner_of
from rfsn.plugins import load_rules
from rfsn.project.project import Project
from rfsn.sessions.events import PhaseEnded, Proposed
from rfsn.sessions.projection import Projection, fold, state_hash
from rfsn.sessions.record import Record

__all__ = ["Replay", "replay_session"]


@dataclass(frozen=True, slots=True)
class Replay:
    """How many steps were replayed, and every difference."""

    steps: int
    problems: tuple[str, ...]


def replay_session(folder: Path, planner: Planner | None = None) -> Replay:
    """Fold the journal again, asking planner and gate again at each proposal.

    Raises `JournalError` if the chain is broken, and `UsageError` if there is no such session.
    """
    record = Record.read(folder)
    planner = planner or planner_of(record)
    project = Project(record) if record.projection.source else None
    gate = Gate(further=load_rules(record.config.gate_rules))
    projection, steps = Projection(), 0
    problems: list[str] = []
    for entry in record.entries():
        event = entry.event
        if isinstance(event, Proposed) and project is not None:
            steps += 1
            try:
                proposal = planner.propose(projection.state, project.planner_context(projection))
            except PatchError as error:
                problems.append(f"line {entry.sequence + 1}: {record.base} no longer matches the journal: {error}")
                projection = fold(projection, event)
                continue
            again = Proposed.of(proposal, gate.decide(proposal, project.gate_context(projection)))
            if again != event:
                problems.append(
                    f"line {entry.sequence + 1}: {event.proposal.id} is proposed or decided differently now"
                )
        projection = fold(projection, event)
        if isinstance(event, PhaseEnded) and event.state != state_hash(projection.state):
            problems.append(f"line {entry.sequence + 1}: the state at the end of {event.phase} is different")
    return Replay(steps, tuple(problems))
