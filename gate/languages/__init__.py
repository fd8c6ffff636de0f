"""The languages whose source the rules read. Each is a folder here, with its analyzer, and stands in `ANALYZERS`."""

from gate.languages.api import Analyzer
from gate.languages.python import PythonAnalyzer

__all__ = ["ANALYZERS"]

ANALYZERS: tuple[Analyzer, ...] = (PythonAnalyzer(),)
"""Every analyzer. A file is read by the first one that has its suffix."""
