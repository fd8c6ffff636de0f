"""The analyzer for Python: it reads the files, and says what the rules forbid in them."""

from __future__ import annotations

from gate.languages.answers import forget_texts
from gate.languages.api import Compared
from gate.languages.python.base import PythonCapabilities, forget_capabilities
from gate.languages.python.compare import compare
from gate.languages.python.dangers import DANGERS
from gate.languages.python.facts import forget_facts
from gate.languages.python.module import forget_modules
from gate.languages.python.packages import PythonPackages, forget_trees
from gate.languages.python.places import PythonPlaces
from gate.languages.python.tampering import TAMPERING
from gate.patch import FileChange

__all__ = ["PythonAnalyzer"]


class PythonAnalyzer:
    """Reads Python with the standard library's parser, and files for another version of Python line by line."""

    name = "python"
    suffixes = (".py", ".pyw")
    tables = TAMPERING | DANGERS | {"danger.capability": PythonCapabilities()}
    packages = PythonPackages()
    places = PythonPlaces()

    def compare(self, file: FileChange) -> Compared | None:
        """One file before and after; None if it parsed before, or did not exist, and does not parse after."""
        return compare(file)

    def forget(self) -> None:
        """Clear the caches of parsed files, of texts and of trees."""
        for forget in (forget_facts, forget_modules, forget_texts, forget_trees, forget_capabilities):
            forget()
