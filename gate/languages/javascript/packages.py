"""Where the imports of JavaScript and TypeScript come from: Node.js, the project, and what `package.json` declares."""

from __future__ import annotations

import json
import re

from gate.languages.api import Tree
from gate.languages.javascript.tables import STANDARD, SUFFIXES
from gate.languages.syntax.projects import found_in, manifests
from gate.patch import Change

__all__ = ["NodePackages"]

_IMPORTS = re.compile(rb"(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*['\"]([^'\"./#][^'\"]*)['\"]")
_SECTIONS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "imports", "workspaces")
_OWN = ("@/", "~", "$", "virtual:", "http:", "https:", "data:", "bun:", "deno:", "npm:", "jsr:")
"""Beginnings of names that bundlers and settings of paths resolve, not packages."""


class NodePackages:
    """The package is the first part of a module's name, two if it begins with `@`. Without `package.json`, all are."""

    def unknown(self, module: str, change: Change, tree: Tree) -> str | None:
        """The package of a module; None if it is standard, or the project is it, uses or declares it."""
        del change
        if module in STANDARD or module.startswith(_OWN):
            return None
        parts = module.split("/")
        name = "/".join(parts[:2]) if module.startswith("@") else parts[0]
        texts = manifests(tree.base, tree.read, "package.json")
        if not texts or name in STANDARD or parts[0] in tree.base.folders or name in self._used(tree):
            return None
        return None if name in _declared(texts) else name

    def known(self, tree: Tree) -> frozenset[str]:
        """The names of all packages that are standard, or that the project uses or declares."""
        return STANDARD | _declared(manifests(tree.base, tree.read, "package.json")) | self._used(tree)

    def _used(self, tree: Tree) -> frozenset[str]:
        names = found_in(tree.base, tree.read, SUFFIXES, _IMPORTS)
        return frozenset("/".join(name.split("/")[: 2 if name.startswith("@") else 1]) for name in names)


def _declared(texts: tuple[str, ...]) -> frozenset[str]:
    """What manifests declare; types for a package (`@types/x`) declare the package."""
    names: set[str] = set()
    for text in texts:
        try:
            manifest = json.loads(text)
        except ValueError:
            continue
        if not isinstance(manifest, dict):
            continue
        names.add(str(manifest.get("name")))
        for section in _SECTIONS:
            entries = manifest.get(section)
            names |= set(map(str, entries)) if isinstance(entries, dict | list) else set()
    return frozenset(names | {name.removeprefix("@types/") for name in names})
