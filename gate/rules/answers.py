"""A repair computes its results; it does not hard-code answers to the inputs of a test."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.languages.answers import KnownAnswers
from gate.languages.api import Kind
from gate.languages.entries import known_entries
from gate.patch import Change
from gate.rules.source import SourceRule
from gate.sources import introduced

__all__ = ["NoKnownAnswers"]

_SHOWN = 3


class NoKnownAnswers(SourceRule):
    """Denies a branch that returns a literal for an input literal that occurs in a test but not in the product.

    So does a table whose entries are inputs of the tests with their results, however it is written.
    """

    id = "tamper.answers"
    rejection_type = DenialKind.TAMPER
    hint = "compute the result from the input, for every input of its kind"

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the first such branch, or some entries of such a table."""
        if denied := super().check(change, context):
            return denied
        for fresh in introduced(change, context):
            table = fresh.analyzer.tables.get(self.id)
            if isinstance(table, KnownAnswers):
                entries = {construct.name: path for construct, path in fresh.constructs if construct.kind is Kind.ENTRY}
                if known := known_entries(entries, context, table.suffixes):
                    shown = "; ".join(known[:_SHOWN])
                    reason = f"{entries[known[0]]} newly {Kind.ENTRY} that the tests have: {shown}"
                    return self.denied(reason, entries[known[0]])
        return None
