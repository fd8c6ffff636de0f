"""Lines that stand for code which an answer leaves out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["elided"]

_COMMENT = re.compile(r"(?:#+|//+|--+|/\*+|<!--|;+|%+|\*+)(.*?)(?:\*/|-->)?")
_DOTS = ("...", "\N{HORIZONTAL ELLIPSIS}")
_CODE = r"(?:code|file|class(?:es)?|functions?|methods?|module|imports?|implementation|logic|lines|body|content)"
_PLACE = r"(?:here|above|below|unchanged|omitted|as before|as is|for brevity|(?:is|are|remains?|stays?|goes?) .*)"
_LEFT_OUT = re.compile(
    rf"(?:the )?(?:rest|remainder) of (?:the |this |your )?(?:\w+ )?{_CODE}(?: .*)?"
    rf"|(?:the |all )?(?:existing|other|remaining|previous|original|unchanged) (?:\w+ )?{_CODE}(?: {_PLACE})?"
    rf"|(?:{_CODE} )?(?:is |are |remains? |stays? )?(?:unchanged|omitted)(?: {_PLACE})?"
    rf"|{_CODE} (?:is |are |remains? |stays? )?(?:the same|same as before)(?: {_PLACE})?"
    r"|(?:no changes?|same as (?:above|before|the original))(?: here| above| below)?"
)
_HINTS = re.compile(r"\b(?:rest|remain\w*|existing|other|previous|unchanged|same|omitted|before|more)\b")
_MAX_LINE = 200


def elided(new: Iterable[str], replaced: Iterable[str], *, whole: bool) -> str | None:
    """A comment among new lines that stands for others, if the replaced lines have fewer like it; None if none does.

    If the answer gives something `whole`, a line of three dots stands for others too.
    """
    known = Counter(line.strip() for line in replaced)
    for line in new:
        text = line.strip()
        if len(text) > _MAX_LINE or not (_says_so(text) or (whole and text in _DOTS)):
            continue
        known[text] -= 1
        if known[text] < 0:
            return text
    return None


def _says_so(text: str) -> bool:
    comment = _COMMENT.fullmatch(text)
    if not comment:
        return False
    said = comment.group(1).strip().strip("()[]").strip().lower()
    if said.startswith(_DOTS):
        return True
    return bool(_LEFT_OUT.fullmatch(said.rstrip(".")) or (said.endswith(_DOTS) and _HINTS.search(said)))
