"""The one rule for text that comes out of a sandbox: it becomes text that every file and every protocol can hold."""

from __future__ import annotations

import re

__all__ = ["spelled"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF


def spelled(text: str) -> str:
    r"""The text with what is no character spelled out: `\xff` for a byte that was no UTF-8, `\ud800` for a surrogate.

    Everything else stays as it is, control characters too: how they are shown is up to what shows them.
    """
    # Most text is sound, and the encoder finds that out quickest.
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: _spelling(ord(found[0])), text)
    return text


def _spelling(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"\\u{code:04x}"
