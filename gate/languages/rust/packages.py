"""Where Rust's imports come from: the standard library, the crate itself, and what `Cargo.toml` declares."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from gate.languages.api import Tree
from gate.languages.syntax.projects import found_in, manifests
from gate.patch import Change

__all__ = ["RustPackages"]

_STANDARD = frozenset({"std", "core", "alloc", "proc_macro", "test"})
_ITEMS = re.compile(rb"\b(?:mod|enum|struct|trait|type|union|macro_rules!|fn)\s+([A-Za-z_]\w*)|\buse\s+(\w+)\s*::")


class RustPackages:
    """A crate is the first part of a path. Modules and types of the project's own begin paths too."""

    def unknown(self, module: str, change: Change, tree: Tree) -> str | None:
        """The crate of a path; None if it is standard, or the project contains, uses, adds or declares it."""
        name = module.partition(".")[0]
        texts = manifests(tree.base, tree.read, "Cargo.toml")
        if not texts or name in _STANDARD or name in found_in(tree.base, tree.read, (".rs",), _ITEMS):
            return None
        if any(name.encode() in _added(file.after) for file in change.files.values() if file.after):
            return None
        return None if name in _declared(texts) else name

    def known(self, tree: Tree) -> frozenset[str]:
        """The names of the standard crates and of those that the project declares."""
        return _STANDARD | _declared(manifests(tree.base, tree.read, "Cargo.toml"))


def _added(content: bytes) -> frozenset[bytes]:
    """The items that a file has itself."""
    return frozenset(item for item, _ in _ITEMS.findall(content) if item)


def _declared(texts: tuple[str, ...]) -> frozenset[str]:
    names = {name for text in texts for name in _crates(text)}
    return frozenset(name.replace("-", "_") for name in names)


def _crates(text: str) -> Iterator[str]:
    """The crates of a manifest: its own, and every key of every table of dependencies."""
    try:
        manifest: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        yield from re.findall(r"^\s*([\w-]+)\s*=", text, re.MULTILINE)
        return
    stack: list[Any] = [manifest]
    while stack:
        table = stack.pop()
        for key, value in table.items() if isinstance(table, dict) else ():
            if key.endswith("dependencies") and isinstance(value, dict):
                yield from value
            elif key in {"package", "lib"} and isinstance(value, dict):
                yield str(value.get("name"))
            stack.append(value)
