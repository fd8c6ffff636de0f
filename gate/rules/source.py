"""What the rules on Python source have in common: each is a table of constructs that a repair does not introduce."""

from __future__ import annotations

from functools import lru_cache

from gate.decision import Context, Denied, Rejection
from gate.languages.python import Construct, Introduced, Kind, introduced
from gate.patch import Change

__all__ = ["SourceRule", "Table"]

_SHOWN = 60


class Table:
    """Dotted names; `subprocess.*` stands for a module and everything in it."""

    def __init__(self, *names: str) -> None:
        self._exact = frozenset(name for name in names if not name.endswith(".*"))
        self._modules = frozenset(name.removesuffix(".*") for name in names if name.endswith(".*"))

    def names(self, dotted: str) -> bool:
        """Whether the table has a name, or what it is an attribute of."""
        return any(one in self._exact for one in _prefixes(dotted))

    def module_of(self, dotted: str) -> str | None:
        """The module of the table that a name is, or is in."""
        return next((one for one in _prefixes(dotted) if one in self._modules), None)


class SourceRule:
    """Denies newly introduced constructs. A file that already imports a module of the table may use it further."""

    id: str
    rejection_type = Rejection.INVARIANT
    incremental = False
    uses = Table()
    hint: str

    def check(self, change: Change, context: Context) -> Denied | None:
        """A denial that names the first such construct and its file."""
        found = introduced(change, context)
        for construct, path in found.constructs:
            if self.forbids(construct, path, found, context):
                name = construct.name if len(construct.name) <= _SHOWN else f"{construct.name[:_SHOWN]}..."
                return Denied(self.id, self.rejection_type, f"{path} newly {construct.kind} {name}", self.hint)
        return None

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        """Whether a construct is one of the rule's."""
        del context
        if construct.kind not in {Kind.USE, Kind.IMPORT, Kind.STORE}:
            return False
        if construct.kind is not Kind.IMPORT and self.uses.names(construct.name):
            return True
        module = self.uses.module_of(construct.name)
        return module is not None and module not in found.known.get(path, ())


@lru_cache(maxsize=4096)
def _prefixes(dotted: str) -> tuple[str, ...]:
    parts = dotted.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, len(parts) + 1))
