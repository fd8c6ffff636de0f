"""Tables of constructs: what a rule forbids in a language, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from gate.languages.api import Construct, Kind, Tree

__all__ = ["DottedNames", "Table"]

_NAMED = frozenset({Kind.USE, Kind.IMPORT, Kind.STORE})


class DottedNames:
    """Dotted names; `subprocess.*` stands for a module and everything in it."""

    def __init__(self, *names: str) -> None:
        self._exact = frozenset(name for name in names if not name.endswith(".*"))
        self._modules = frozenset(name.removesuffix(".*") for name in names if name.endswith(".*"))

    def has(self, dotted: str) -> bool:
        """Whether a name, or a name that it is an attribute of, is among them."""
        return any(prefix in self._exact for prefix in _prefixes(dotted))

    def module_of(self, dotted: str) -> str | None:
        """The module among them that a name denotes or is in, if any."""
        return next((prefix for prefix in _prefixes(dotted) if prefix in self._modules), None)


@dataclass(frozen=True)
class Table:
    """Forbids uses of names, attributes, texts, and whole kinds of constructs.

    A file that already imports a module of `uses` may use more of it. `harmless` are names in these modules that do
    nothing, such as constants and exceptions; a module that has some may be imported, and its other uses are forbidden.
    """

    uses: DottedNames = field(default_factory=DottedNames)
    attributes: frozenset[str] = frozenset()
    texts: re.Pattern[str] | None = None
    kinds: frozenset[Kind] = frozenset()
    harmless: re.Pattern[str] | None = None

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        """Whether a construct is in the table."""
        del path, tree
        kind, name = construct
        if kind in self.kinds:
            return True
        if kind is Kind.ATTRIBUTE:
            return name in self.attributes
        if kind is Kind.TEXT:
            return self.texts is not None and self.texts.search(name) is not None
        if kind not in _NAMED:
            return False
        if self.harmless is not None and kind is not Kind.STORE and self.harmless.fullmatch(name):
            return False
        if kind is not Kind.IMPORT and self.uses.has(name):
            return True
        module = self.uses.module_of(name)
        return module is not None and module not in modules


@lru_cache(maxsize=4096)
def _prefixes(dotted: str) -> tuple[str, ...]:
    parts = dotted.split(".")
    return tuple(".".join(parts[:count]) for count in range(1, len(parts) + 1))
