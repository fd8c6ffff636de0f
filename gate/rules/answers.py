"""A repair computes its results; it does not hard-code answers to the inputs of a test."""

from __future__ import annotations

from gate.decision import DenialKind
from gate.rules.source import SourceRule

__all__ = ["NoKnownAnswers"]


class NoKnownAnswers(SourceRule):
    """Denies a branch that returns a literal for an input literal that occurs in a test but not in the product."""

    id = "tamper.answers"
    rejection_type = DenialKind.TAMPER
    hint = "compute the result from the input, for every input of its kind"
