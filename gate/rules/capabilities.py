"""A repair needs nothing that the product cannot do yet: no files, no clock, no threads, if it has none."""

from __future__ import annotations

from collections.abc import Iterator

from gate.decision import Context, Denied, Finding
from gate.languages.api import Capabilities
from gate.patch import Change
from gate.rules.source import SourceRule
from gate.sources import introduced

__all__ = ["NoNewCapabilities", "found_capabilities"]


class NoNewCapabilities(SourceRule):
    """Denies uses of a capability that nothing in the product of the base has, unless honest repairs often need it."""

    id = "danger.capability"
    hint = "do without it"

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the first such use, its file, and the capability that lifts it."""
        for finding, usual in _added(change, context):
            if not usual:
                reason = f"{finding.path} newly uses {finding.name}: the product has no use of {finding.capability} yet"
                hint = f"{self.hint}; --allow-capability {finding.capability} lifts this"
                return Denied(self.id, self.rejection_type, reason, hint)
        return None


def found_capabilities(change: Change, context: Context) -> tuple[Finding, ...]:
    """The capabilities that a change adds to the product and that many honest repairs add: to be known, not denied."""
    return tuple(finding for finding, usual in _added(change, context) if usual)


def _added(change: Change, context: Context) -> Iterator[tuple[Finding, bool]]:
    """Each capability that a change adds and that was not allowed, once, and whether honest repairs often add it."""
    for fresh in introduced(change, context):
        table = fresh.analyzer.tables.get(NoNewCapabilities.id)
        if not isinstance(table, Capabilities):
            continue
        seen = set(context.capabilities)
        for construct, path in fresh.constructs:
            capability = table.of(construct)
            if capability is not None and capability not in seen:
                seen.add(capability)
                if not table.in_base(capability, context):
                    yield Finding(capability, construct.name, path), capability in table.usual
