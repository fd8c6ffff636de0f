"""What the rules on source code have in common: each language has tables of what they forbid in it."""

from __future__ import annotations

import shlex

from gate.decision import Capability, Context, DenialKind, Denied
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
    capability: Capability | None = None
    """What code can do that the rule denies: the user may let patches do so."""

    def reads(self, analyzer: Analyzer) -> bool:
        return self.id in analyzer.tables

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the first such construct and its file, and the option that lifts it."""
        if self.capability in context.capabilities:
            return None
        for fresh in introduced(change, context):
            table = fresh.analyzer.tables.get(self.id)
            if table is None:
                continue
            for construct, path in fresh.constructs:
                if table.forbids(construct, path, fresh.modules[path], context):
                    name = construct.name if len(construct.name) <= _SHOWN else f"{construct.name[:_SHOWN]}..."
                    return self.denied(f"{path} newly {construct.kind} {name}", path)
        return None

    def denied(self, reason: str, path: str) -> Denied:
        """A denial for a file, with the option that lifts it."""
        lift = f"--allow-capability {self.capability}" if self.capability else f"--allow-path {shlex.quote(path)}"
        return Denied(self.id, self.rejection_type, reason, f"{self.hint}; {lift} lifts this")
