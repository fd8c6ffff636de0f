"""Text: what comes out of a sandbox or a repository, as text that every file, pattern and protocol can contain."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["escaped", "has_endless_keys", "in_any_case", "named", "spelled"]

_MAX_DOTS = 1_000
_MAX_NAMED = 5

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF


def spelled(text: str) -> str:
    r"""The text with invalid characters escaped: `\xff` for a byte that is not UTF-8, `\ud800` for a surrogate.

    Everything else stays as it is, including control characters: whoever shows the text decides about them.
    """
    # Most text is valid, and the encoder is the quickest check.
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: _spelling(ord(match[0])), text)
    return text


def _spelling(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"


def has_endless_keys(toml: bytes) -> bool:
    """Whether a line of a TOML file has so many dots that reading it as a dotted key takes minutes."""
    return any(line.count(b".") > _MAX_DOTS for line in toml.split(b"\n"))


def escaped(path: str) -> str:
    """A path as a pattern of gitignore's that stands for it alone."""
    return re.sub(r"[\\\[\]*?!# ]", r"\\\g<0>", path)


def in_any_case(pattern: str) -> str:
    """A pattern of gitignore's whose letters are matched in upper and lower case."""
    return re.sub(r"[a-zA-Z]", lambda letter: f"[{letter[0].lower()}{letter[0].upper()}]", pattern)


def named(what: str, names: Iterable[str]) -> str:
    """A note with the first of some names after `what`, each once; empty if there are none."""
    known = list(dict.fromkeys(names))
    if not known:
        return ""
    more = f" and {len(known) - _MAX_NAMED} more" if len(known) > _MAX_NAMED else ""
    return f"; {what}: {', '.join(known[:_MAX_NAMED])}{more}"
