"""The languages whose source the rules read. Each has a folder here, with its analyzer, and an entry in `ANALYZERS`."""

from gate.languages.api import Analyzer
from gate.languages.python import PythonAnalyzer

__all__ = ["ANALYZERS"]

ANALYZERS: tuple[Analyzer, ...] = (PythonAnalyzer(),)
"""Every analyzer. A file is read by the first that has its suffix."""
