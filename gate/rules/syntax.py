"""Source that parsed before the change parses after it."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.languages.api import Analyzer
from gate.patch import Change
from gate.sources import introduced

__all__ = ["ParsingSources"]


class ParsingSources:
    """Denies source files that do not parse: no test can pass with them, and no other rule can read them."""

    id = "schema.parses"
    incremental = False

    def reads(self, analyzer: Analyzer) -> bool:
        del analyzer
        return True

    def check(self, change: Change, context: Context) -> Denied | None:
        for fresh in introduced(change, context):
            if fresh.unparsed:
                reason = f"{fresh.unparsed[0]} does not parse after the change"
                return Denied(self.id, DenialKind.SCHEMA, reason, "fix its syntax")
        return None
