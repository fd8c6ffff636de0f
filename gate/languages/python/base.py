"""What the product of a base can do: which capabilities it has, found out once for each tree, when a rule asks."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache

from gate.languages.api import Construct, Kind, Tree
from gate.languages.python.capabilities import SOFT, USUAL, capability_of, words_of
from gate.languages.python.constructs import constructs_of
from gate.languages.python.module import parse_bytes
from gate.languages.python.names import Names
from gate.paths import BasePaths

__all__ = ["PythonCapabilities", "forget_capabilities"]


class PythonCapabilities:
    """The capabilities that no rule but `danger.capability` knows."""

    usual = USUAL

    def of(self, construct: Construct) -> str | None:
        """The capability of a construct: of a name that is read, or of a module that is imported."""
        capability = _capability(construct)
        return capability if capability in SOFT else None

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        """Whether a construct has a capability that the product of the base has not, unless repairs often add it."""
        del path, modules
        capability = self.of(construct)
        return capability is not None and capability not in self.usual and not self.in_base(capability, tree)

    def in_base(self, capability: str, tree: Tree) -> bool:
        """Whether a product file of the base has a capability."""
        return _has(capability, tree.base, tree.read, tree.protected)


def forget_capabilities() -> None:
    """Clear the cache of what bases can do."""
    _has.cache_clear()


@lru_cache(maxsize=64)
def _has(capability: str, base: BasePaths, read: Callable[[str], bytes], protected: Callable[[str], bool]) -> bool:
    """Only files with a word of the capability are parsed, up to the first that has it."""
    words = words_of(capability)
    sources = (path for path in sorted(base.files) if path.endswith((".py", ".pyw")))
    return any(
        words.search(content := read(path)) is not None and not protected(path) and _uses(content, capability)
        for path in sources
    )


def _uses(content: bytes, capability: str) -> bool:
    tree = parse_bytes(content)
    if tree is None:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""  # what is only said is not done
    constructs = constructs_of(tree.body, Names.of(tree))
    return any(_capability(construct) == capability for construct in constructs)


def _capability(construct: Construct) -> str | None:
    """The capability of any kind that a construct has."""
    if construct.kind is Kind.STORE and construct.name.startswith("os.environ"):
        return "process-state"
    return capability_of(construct.name) if construct.kind in {Kind.USE, Kind.IMPORT} else None
