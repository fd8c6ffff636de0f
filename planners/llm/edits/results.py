"""What is made of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from gate import Patch

__all__ = ["Miss", "Parsed"]


@dataclass(frozen=True, slots=True)
class Miss:
    """An edit that could not be made, and why, in words for the model that wrote it.

    `nearest` are the lines of the file that come closest to those that were looked for, the first of them being `line`.
    `path` is empty if it is unknown.
    """

    path: str
    why: str
    line: int = 0
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The patch that an answer describes, without the edits that are `misses`. `notes` say what else was left out."""

    patch: Patch
    misses: tuple[Miss, ...] = ()
    notes: tuple[str, ...] = ()
