"""Constructs of text that does not parse: another version of Python, or a part of a file."""

from __future__ import annotations

import re
from collections import Counter

from gate.languages.api import Construct, Kind
from gate.languages.python.names import BUILTINS

__all__ = ["constructs_of_lines"]

_WORDS = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_IMPORTS = re.compile(r"^[ \t>.]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^\n#]*)|import[ \t]+([^\n#]*))", re.MULTILINE)
_TEXTS = re.compile(r"""[\"']([^\"'\n]{3,})[\"']""")


def constructs_of_lines(content: bytes) -> Counter[Construct]:
    """What words, imports and texts say by themselves. Comments count: this judges what it cannot read."""
    text = content.decode("utf-8", "replace")
    found: Counter[Construct] = Counter()
    for words in _WORDS.findall(text):
        dotted = "".join(words.split())
        if "." in dotted:
            found[Construct(Kind.USE, dotted)] += 1
            found.update(Construct(Kind.ATTRIBUTE, part) for part in dotted.split(".")[1:])
        elif dotted in BUILTINS:
            found[Construct(Kind.USE, f"builtins.{dotted}")] += 1
    for module, names, modules in _IMPORTS.findall(text):
        for name in re.findall(r"[\w.*]+", "" if module.startswith(".") else names):
            found[Construct(Kind.USE, f"{module}.{name}")] += 1
        for imported in [module] if module else re.findall(r"[\w.]+", modules.split(" as ")[0]):
            if not imported.startswith("."):
                found[Construct(Kind.IMPORT, imported)] += 1
    found.update(Construct(Kind.TEXT, one) for one in _TEXTS.findall(text))
    return found
