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
    """The constructs that words, imports and strings show by themselves. Comments count: they cannot be told apart."""
    text = content.decode("utf-8", "replace")
    constructs: Counter[Construct] = Counter()
    for words in _WORDS.findall(text):
        dotted = "".join(words.split())
        if "." in dotted:
            constructs[Construct(Kind.USE, dotted)] += 1
            constructs.update(Construct(Kind.ATTRIBUTE, part) for part in dotted.split(".")[1:])
        elif dotted in BUILTINS:
            constructs[Construct(Kind.USE, f"builtins.{dotted}")] += 1
    for module, names, modules in _IMPORTS.findall(text):
        for name in re.findall(r"[\w.*]+", "" if module.startswith(".") else names):
            constructs[Construct(Kind.USE, f"{module}.{name}")] += 1
        for imported in [module] if module else re.findall(r"[\w.]+", modules.split(" as ")[0]):
            if not imported.startswith("."):
                constructs[Construct(Kind.IMPORT, imported)] += 1
        if " as " in modules:  # what is read of it under another name is not seen
            constructs[Construct(Kind.USE, f"{modules.split()[0]}.*")] += 1
    constructs.update(Construct(Kind.TEXT, string) for string in _TEXTS.findall(text))
    return constructs
