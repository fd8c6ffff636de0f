"""Constructs of text that has no tree: arguments of macros, bodies of `#define`, and what a grammar does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["dotted_words"]

_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`]*`", re.DOTALL)
_JOINT = r"\s*(?:\?\.|\.|::|->)\s*"
_WORDS = re.compile(rf"[^\W\d]\w*(?:{_JOINT}[^\W\d]\w*)*")
_SPLIT = re.compile(_JOINT)


def dotted_words(text: str) -> Iterator[list[str]]:
    """The names in a text, each with what is read from it: `["process", "exit"]`. Comments and strings have none."""
    for words in _WORDS.findall(_NOISE.sub(" ", text)):
        yield _SPLIT.split(words)
