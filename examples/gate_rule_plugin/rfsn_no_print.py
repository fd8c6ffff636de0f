"""A repair adds no print(): what a program says to its user is no part of a fix."""

from __future__ import annotations

from gate import Analyzer, Change, Construct, Context, Denied, Kind, Rejection, introduced


class NoPrint:
    """Denies calls of print() that a change newly introduces in product code."""

    id = "example.no-print"
    incremental = False  # it parses: it is asked about whole patches, not about every candidate of a search

    def reads(self, analyzer: Analyzer) -> bool:
        """Whether the rule is about a language; files of the others are named as those that it was not applied to."""
        return analyzer.name == "python"

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the file, or None."""
        for found in introduced(change, context):
            for construct, path in found.constructs if self.reads(found.analyzer) else ():
                if construct == Construct(Kind.USE, "builtins.print"):
                    hint = "raise an exception, or return it"
                    return Denied(self.id, Rejection.INVARIANT, f"{path} newly prints", hint)
        return None
