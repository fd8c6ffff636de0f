"""Python, on its own `ast`: sites, scopes, operators and anti-patterns."""

from planners.search.python.language import PYTHON

__all__ = ["PYTHON"]
