"""The process that runs the tests is not the product's to end."""

from __future__ import annotations

from gate.decision import Rejection
from gate.rules.source import SourceRule

__all__ = ["NoExits"]


class NoExits(SourceRule):
    """Denies ending the process: at once, by a signal, at its exit; and in any way where no main program stands."""

    id = "tamper.exits"
    rejection_type = Rejection.TAMPER
    hint = "raise an ordinary exception, or end the process only in the main function of a program"
