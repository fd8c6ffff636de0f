"""JavaScript, with JSX."""

from gate.languages.javascript.analyzer import JAVASCRIPT

__all__ = ["JAVASCRIPT"]
