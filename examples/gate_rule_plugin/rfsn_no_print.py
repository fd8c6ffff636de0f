"""A repair adds no print(): a program's output to its user is not part of a fix."""

from __future__ import annotations

from gate import Analyzer, Change, Construct, Context, Denied, Kind, DenialKind, introduced


class NoPrint:
    """Denies calls to print() that a change newly introduces in product code."""

    id = "example.no-print"
    incremental = False  # it parses, so it checks patches that may become a result, not every candidate of a search

    def reads(self, analyzer: Analyzer) -> bool:
        """Whether the rule reads a language; files of other languages are reported as ones it was not applied to."""
        return analyzer.name == "python"

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the file, or None."""
        for fresh in introduced(change, context):
            for construct, path in fresh.constructs if self.reads(fresh.analyzer) else ():
                if construct == Construct(Kind.USE, "builtins.print"):
                    hint = "raise an exception, or return it"
                    return Denied(self.id, DenialKind.INVARIANT, f"{path} newly prints", hint)
        return None
