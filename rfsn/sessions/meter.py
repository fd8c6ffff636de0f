"""What sandboxes were used for and how much CPU time they took, counted across threads."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

from sandbox import CommandResult, Ending

__all__ = ["Meter", "Operation", "SandboxUse", "Used"]

type Operation = Literal["run", "spawn"]
"""A command run to its end, or a long-lived process from its start to its end."""


@dataclass(frozen=True, slots=True)
class SandboxUse:
    """Operations of one kind with the same ending: how many, and their wall-clock seconds in total."""

    backend: str
    operation: Operation
    outcome: Ending
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Used:
    """What one step used: CPU seconds, and sandbox operations in a fixed order."""

    cpu_s: float
    sandbox: tuple[SandboxUse, ...]


class Meter:
    """Adds up operations that have ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cpu_s = 0.0
        self._uses: dict[tuple[str, Operation, Ending], tuple[int, float]] = {}

    def add(self, backend: str, operation: Operation, result: CommandResult) -> None:
        """Count one operation of any thread."""
        key = (backend, operation, result.ending)
        with self._lock:
            count, seconds = self._uses.get(key, (0, 0.0))
            self._uses[key] = (count + 1, seconds + result.duration_s)
            self._cpu_s += result.cpu_s

    def take(self) -> Used:
        """The use that was added since the last call."""
        with self._lock:
            cpu_s, self._cpu_s = self._cpu_s, 0.0
            uses, self._uses = self._uses, {}
        ended = tuple(SandboxUse(*key, count, round(seconds, 3)) for key, (count, seconds) in sorted(uses.items()))
        return Used(round(cpu_s, 3), ended)
