"""Python, read by its own parser."""

from gate.languages.python.analyzer import PythonAnalyzer

__all__ = ["PythonAnalyzer"]
