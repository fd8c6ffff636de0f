"""Mends of what does not parse, and of names, imports and attributes that are not there.

What Python says of the fault is both its place and its kind, so a few candidates at one place are enough, and they are
tried before all others. Each makes a text that parses.
"""

from planners.search.python.loading.mends import mends

__all__ = ["mends"]
