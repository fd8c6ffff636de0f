"""The desk: carries out `AskModel`, journals each call before it is sent, and pays for none twice."""

from __future__ import annotations

from typing import Protocol

from gate import AskModel
from planners.observations import ModelReplied

__all__ = ["Desk"]


class Desk(Protocol):
    """Whatever answers for models. `rfsn.models.calls.JournaledDesk` does; importing it is left to who needs it."""

    def ask(self, proposal: str, action: AskModel, deadline_s: float) -> ModelReplied:
        """Ask for every sample of a step, for at most so many seconds. The reply of one that fails says why."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
