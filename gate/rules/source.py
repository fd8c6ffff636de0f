"""What the rules on source code have in common: each language has tables of what they forbid in it."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.languages.api import Analyzer
from gate.patch import Change
from gate.sources import introduced

__all__ = ["SourceRule"]

_SHOWN = 60


class SourceRule:
    """Denies newly introduced constructs that the table of their language, under the rule's id, forbids."""

    id: str
    rejection_type = DenialKind.INVARIANT
    incremental = False
    hint: str

    def reads(self, analyzer: Analyzer) -> bool:
        return self.id in analyzer.tables

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the first such construct and its file."""
        for fresh in introduced(change, context):
            table = fresh.analyzer.tables.get(self.id)
            if table is None:
                continue
            for construct, path in fresh.constructs:
                if table.forbids(construct, path, fresh.modules[path], context):
                    name = construct.name if len(construct.name) <= _SHOWN else f"{construct.name[:_SHOWN]}..."
                    return Denied(self.id, self.rejection_type, f"{path} newly {construct.kind} {name}", self.hint)
        return None
