"""What the rules see of source code in any language: constructs, and the analyzers that find them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["Construct", "Kind"]


class Kind(StrEnum):
    """What a construct is."""

    USE = "uses"
    """A dotted name of a module or built-in, read, called or imported: `os._exit`."""
    IMPORT = "imports"
    """A module, by its full name."""
    ATTRIBUTE = "reads the attribute"
    """The last part of any attribute, whatever it is read from: `_exit`."""
    STORE = "assigns to"
    """A dotted name that is assigned or deleted: `json.dumps`."""
    TEXT = "contains the text"
    """A constant text that is no docstring, put together where it is written in pieces."""
    DEFINE = "defines"
    """A function, a class or a variable of a module."""
    EXIT = "ends the process with"
    """An exit that the process can catch, outside of what a main program does."""
    ALWAYS = "makes always true"
    """A comparison method whose answer does not depend on what it compares."""
    COMPUTED = "computes"
    """A name that nobody can read in the source: of an attribute, a module, a variable."""
    ANSWER = "answers for the input"
    """A literal that an input is compared with, where the answer is a literal too."""


class Construct(NamedTuple):
    """One thing that code does."""

    kind: Kind
    name: str
