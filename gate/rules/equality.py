"""A comparison compares: an object that equals everything passes every assertion."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["HonestComparisons"]


class HonestComparisons(SourceRule):
    """Denies comparison methods that give the same answer for every input, and those set on a class by name."""

    id = "tamper.equality"
    rejection_type = DenialKind.TAMPER
    hint = "compare the parts that make two objects equal, and return NotImplemented for other types"
