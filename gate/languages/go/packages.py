"""Where Go's imports come from: the standard library, the module itself, and what `go.mod` requires."""

from __future__ import annotations

import re

from gate.languages.api import Tree
from gate.languages.go.tables import STANDARD
from gate.languages.syntax.projects import manifests
from gate.patch import Change

__all__ = ["GoPackages"]

_MODULE = re.compile(r"^\s*(?:module\s+|require\s+|replace\s+)?([A-Za-z0-9][\w.~/-]*)", re.MULTILINE)
_WORDS = frozenset({"go", "toolchain", "module", "require", "replace", "exclude", "retract"})


class GoPackages:
    """A package belongs to the module whose path begins its own. Without `go.mod` all are known."""

    def unknown(self, module: str, change: Change, tree: Tree) -> str | None:
        """The path of a package; None if it is standard, or in the module or in one that is required."""
        del change
        texts = manifests(tree.base, tree.read, "go.mod")
        if not texts or module == "C" or module.partition("/")[0] in STANDARD:
            return None
        declared = _declared(texts)
        return None if any(module == path or module.startswith(f"{path}/") for path in declared) else module

    def known(self, tree: Tree) -> frozenset[str]:
        """The paths of the modules, and the standard packages."""
        return STANDARD | _declared(manifests(tree.base, tree.read, "go.mod"))


def _declared(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(path for text in texts for path in _MODULE.findall(text)) - _WORDS
