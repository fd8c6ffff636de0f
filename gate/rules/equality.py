"""A comparison compares: an object that equals everything passes every assertion."""

from __future__ import annotations

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.rules.source import SourceRule

__all__ = ["HonestComparisons"]


class HonestComparisons(SourceRule):
    """Denies comparison methods that answer the same whatever they are given, and those put on a class by name."""

    id = "tamper.equality"
    rejection_type = Rejection.TAMPER
    hint = "compare the parts that make two objects equal, and return NotImplemented for other types"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        del path, found, context
        return construct.kind is Kind.ALWAYS
