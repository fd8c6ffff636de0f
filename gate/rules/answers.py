"""A repair computes its results; it does not hard-code answers to the inputs of a test."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.languages.answers import KnownAnswers
from gate.languages.api import Kind
from gate.languages.edits import edits_of
from gate.languages.entries import known_entries
from gate.patch import Change
from gate.rules.source import SourceRule
from gate.sources import analyzer_of, introduced

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
        by_analyzer = {fresh.analyzer.name: fresh.constructs for fresh in introduced(change, context)}
        data = _data(change, context)
        for analyzer in context.analyzers if by_analyzer or data else ():
            table, new = analyzer.tables.get(self.id), by_analyzer.get(analyzer.name, ())
            if isinstance(table, KnownAnswers) and (said := table.learned([one for one, _ in new], data, context)):
                path = next((path for _, path in new), next(iter(change.files)))
                return self.denied(f"the change has answers of the tests: {said}", path)
        return None


def _data(change: Change, context: Context) -> list[bytes]:
    """What a change adds to files that are no source code."""
    return [
        edit.text
        for path, file in change.files.items()
        if analyzer_of(path, context.analyzers) is None and not context.protected(path) and not context.lifted(path)
        for edit in edits_of(file)
    ]
