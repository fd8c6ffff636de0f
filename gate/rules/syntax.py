"""Source that was Python stays Python."""

from __future__ import annotations

from gate.decision import Context, Denied, Rejection
from gate.languages.python import introduced
from gate.patch import Change

__all__ = ["ParsingSources"]


class ParsingSources:
    """Denies Python files that do not parse: no test can pass with them, and no other rule can read them."""

    id = "schema.parses"
    incremental = False

    def check(self, change: Change, context: Context) -> Denied | None:
        unparsed = introduced(change, context).unparsed
        if not unparsed:
            return None
        return Denied(self.id, Rejection.SCHEMA, f"{unparsed[0]} does not parse after the change", "mend its syntax")
