"""An analyzer over a tree-sitter grammar: its tables come with the gate, its grammar with the first file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from gate.languages.answers import forget_texts
from gate.languages.api import Compared, Forbidden, Packages, Places
from gate.languages.syntax.projects import forget_projects
from gate.patch import FileChange

if TYPE_CHECKING:
    from gate.languages.syntax.compare import Dialect

__all__ = ["SyntaxAnalyzer"]


@dataclass(frozen=True, slots=True)
class SyntaxAnalyzer:
    """Reads one language with the `DIALECT` of the module `reader`, which is imported when a file is judged."""

    name: str
    suffixes: tuple[str, ...]
    reader: str
    tables: Mapping[str, Forbidden]
    packages: Packages | None = None
    places: Places | None = None

    def compare(self, file: FileChange) -> Compared | None:
        """One file before and after; None if it no longer parses, or is new and does not parse."""
        return self._dialect().compare(file)

    def forget(self) -> None:
        """Clear the caches of parsed files, of texts and of trees."""
        if self.reader in sys.modules:
            self._dialect().forget()
        forget_texts()
        forget_projects()

    def _dialect(self) -> Dialect:
        dialect: Dialect = import_module(self.reader).DIALECT
        return dialect
