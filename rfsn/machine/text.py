"""Text of others, made safe to show and to write: nothing in it is obeyed or hidden, and strict parsers accept it."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["CONTINUED", "counted", "one_line", "several_lines", "to_json", "visible"]

CONTINUED = "  | "
"""The start of a line that continues a text of others: no line of ours starts like this."""

# Printable for Python, and yet invisible: fillers, selectors and joiners that text can do without.
_BLANK = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159))) | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def visible(text: str, kept: str = "") -> str:
    r"""The text with every character escaped that is invisible or has an effect: `\x1b`, `\u202e`, `\xff`.

    These are control and format characters, marks that turn the direction of writing, line and paragraph separators,
    unusual spaces, blanks and invalid characters; those in `kept` stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if (letter.isprintable() and letter not in _BLANK) or letter in kept else _escape(letter)
        for letter in text
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """The text on one line, whatever is in it."""
    return visible(text)


def several_lines(text: str) -> str:
    """The text with its line ends, each further line marked as a continuation: it cannot pass for a line of ours."""
    return f"\n{CONTINUED}".join(map(visible, text.rstrip("\n").split("\n")))


def to_json(value: object, indent: int | None = None) -> str:
    """JSON in ASCII that strict parsers accept: invalid characters are escaped, and NaN and infinities become null."""
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:  # a number that JSON does not have
        return json.dumps(_sound(value), indent=indent)
    # Most values have nothing to mend; a surrogate, with or without its other half, is escaped so.
    return json.dumps(_sound(value), indent=indent) if r"\ud" in text else text


def _sound(value: Any) -> Any:
    from buildpacks.text import spelled  # noqa: PLC0415  # its package takes a tenth of a second, which --help has not

    match value:
        case str():
            return spelled(value)
        case dict():
            return {_sound(key): _sound(item) for key, item in value.items()}
        case list() | tuple():
            return [_sound(item) for item in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
