"""The product must not end the process that runs the tests."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["NoExits"]


class NoExits(SourceRule):
    """Denies ending the process: at once, by a signal or at its exit; and in any way outside a main program."""

    id = "tamper.exits"
    rejection_type = DenialKind.TAMPER
    capability = "exits"
    hint = "raise an ordinary exception; end the process only in the main function of a program"
