"""Product code behaves the same whoever calls it: it does not detect whether it runs under a test."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["NoTestDetection"]


class NoTestDetection(SourceRule):
    """Denies detecting the test: in the environment, on the stack, among all objects of the process, in its file."""

    id = "tamper.detection"
    rejection_type = DenialKind.TAMPER
    capability = "introspection"
    hint = "make the result depend on arguments and state only"
