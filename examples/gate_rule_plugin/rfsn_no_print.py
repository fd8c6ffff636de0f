"""A repair adds no print(): what a program says to its user is no part of a fix."""

from __future__ import annotations

from gate import Change, Context, Denied, Rejection
from gate.languages.python import Construct, Kind, introduced


class NoPrint:
    """Denies calls of print() that a change newly introduces in product code."""

    id = "example.no-print"
    incremental = False  # it parses: it is asked about whole patches, not about every candidate of a search

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the file, or None."""
        for construct, path in introduced(change, context).constructs:
            if construct == Construct(Kind.USE, "builtins.print"):
                return Denied(self.id, Rejection.INVARIANT, f"{path} newly prints", "raise an exception, or return it")
        return None
