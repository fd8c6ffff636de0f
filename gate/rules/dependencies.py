"""A repair needs nothing that is not installed with the project."""

from __future__ import annotations

from collections.abc import Iterator

from gate.decision import Context, DenialKind, Denied
from gate.languages.api import Analyzer, Kind, Packages
from gate.patch import Change
from gate.sources import introduced

__all__ = ["KnownImports", "NoLookAlikes"]

_LEAST_LETTERS = 4


class _PackageRule:
    """Checks imports, in languages whose analyzer knows where they come from."""

    incremental = False

    def reads(self, analyzer: Analyzer) -> bool:
        return analyzer.packages is not None


class KnownImports(_PackageRule):
    """Denies importing modules that are neither standard, nor the project's own, nor already used or declared in it."""

    id = "dependencies.declared"

    def check(self, change: Change, context: Context) -> Denied | None:
        for name, path, _ in _unknown(change, context):
            reason = f"{path} newly imports {name}, which the project neither contains, uses nor declares"
            hint = "use the standard library, the project's own modules, or packages that it declares"
            return Denied(self.id, DenialKind.INVARIANT, reason, hint)
        return None


class NoLookAlikes(_PackageRule):
    """Denies importing an unknown module whose name is one letter away from that of a known one."""

    id = "dependencies.typosquat"

    def check(self, change: Change, context: Context) -> Denied | None:
        for name, path, packages in _unknown(change, context):
            known = sorted(packages.known(context))
            near = next((other for other in known if _one_apart(name.lower(), other.lower())), None)
            if near and len(name) >= _LEAST_LETTERS:
                reason = f"{path} newly imports {name}, one letter away from {near}"
                return Denied(self.id, DenialKind.INVARIANT, reason, f"import {near}, if that is what you mean")
        return None


def _unknown(change: Change, context: Context) -> Iterator[tuple[str, str, Packages]]:
    """The packages that a change newly imports and that the project does not know, each with a file that imports it."""
    for fresh in introduced(change, context):
        packages = fresh.analyzer.packages
        if packages is None:
            continue
        for construct, path in fresh.constructs:
            if construct.kind is Kind.IMPORT and (name := packages.unknown(construct.name, change, context)):
                yield name, path, packages


def _one_apart(first: str, second: str) -> bool:
    """Whether two names differ by one letter: replaced, added, or swapped with its neighbour."""
    if first == second or abs(len(first) - len(second)) > 1 or len(second) < _LEAST_LETTERS:
        return False
    if len(first) == len(second):
        differing = [at for at in range(len(first)) if first[at] != second[at]]
        swapped = len(differing) == 2 and differing[1] - differing[0] == 1
        return len(differing) == 1 or (
            swapped and first[differing[0]] == second[differing[1]] and first[differing[1]] == second[differing[0]]
        )
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
