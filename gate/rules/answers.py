"""A repair computes its results: it does not know the inputs of a test by heart."""

from __future__ import annotations

from gate.decision import Rejection
from gate.rules.source import SourceRule

__all__ = ["NoKnownAnswers"]


class NoKnownAnswers(SourceRule):
    """Denies a branch that answers with a literal for the very literal that a test has and the product has not."""

    id = "tamper.answers"
    rejection_type = Rejection.TAMPER
    hint = "compute the result from the input, for every input of its kind"
