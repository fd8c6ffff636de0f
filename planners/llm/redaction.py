"""Private texts become placeholders before a model sees them, and placeholders in its answers become texts again.

What is private is decided by `gate.privacy`: a secret in base64 or split over several lines is out of its reach.
"""

from __future__ import annotations

import hmac
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gate import private_spans

__all__ = ["Redacted", "Redactor", "restore"]

_SHORTEST = 6
_PASSES = 8
"""Placeholders side by side can look like something private together with what is between them: a rare second pass."""

_LITERAL = re.compile(r"REDACTED_[A-Z]+_[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Redacted:
    """Texts with placeholders, in the order in which they were given, and what the placeholders stand for.

    `counts` says how many different texts of each kind were replaced, as `AskModel.redacted` does.
    """

    texts: tuple[str, ...]
    originals: Mapping[str, str]
    counts: tuple[tuple[str, int], ...]


class Redactor:
    """Replaces private texts by placeholders that nobody without the salt can guess them from.

    The same text has the same placeholder wherever it occurs. The answer depends on the salt and the texts alone, so
    that a planner that is replayed gets the same one. Give it whole texts as they are sent, since the lines around a
    text can make it harmless (a licence), with the originals in them: restore what a model wrote first.
    """

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode("utf-8", "surrogatepass")

    def redact(self, texts: Sequence[str]) -> Redacted:
        """Redact all texts of one request together, for they share placeholders."""
        placeholders: dict[str, str] = {}
        originals: dict[str, str] = {}
        counts: Counter[str] = Counter()
        literals = sorted({match.group() for text in texts for match in _LITERAL.finditer(text)})

        def replaced(text: str) -> str:
            parts: list[str] = []
            at = 0
            for start, end, kind in private_spans(text):
                original = text[start:end]
                if original not in placeholders:
                    placeholder = self._placeholder(kind.value, original, originals, literals)
                    placeholders[original], originals[placeholder] = placeholder, original
                    counts[kind.value] += 1
                parts += [text[at:start], placeholders[original]]
                at = end
            return "".join([*parts, text[at:]])

        redacted = list(texts)
        for _ in range(_PASSES):
            before, redacted = redacted, [replaced(text) for text in redacted]
            if redacted == before:
                break
        return Redacted(tuple(redacted), MappingProxyType(originals), tuple(sorted(counts.items())))

    def _placeholder(self, kind: str, text: str, taken: Mapping[str, str], literals: Sequence[str]) -> str:
        """The shortest placeholder that stands for no other text, and with which nothing in the texts begins."""
        digest = hmac.new(self._salt, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        names = (f"REDACTED_{kind.upper()}_{digest[:length]}" for length in range(_SHORTEST, len(digest) + 1, 2))
        return next(name for name in names if name not in taken and not _begins_one_of(literals, name))


def restore(text: str, originals: Mapping[str, str]) -> str:
    """A text with the originals in place of the placeholders. Others than these stay as they are."""

    def original(match: re.Match[str]) -> str:
        # Digits of the text behind a placeholder are no part of it.
        name, shortest = match.group(), match.group().rindex("_") + 1 + _SHORTEST
        for length in range(min(len(name), shortest - _SHORTEST + 64), shortest - 1, -1):
            if name[:length] in originals:
                return originals[name[:length]] + name[length:]
        return name

    return _LITERAL.sub(original, text) if originals else text


def _begins_one_of(literals: Sequence[str], name: str) -> bool:
    at = bisect_left(literals, name)
    return at < len(literals) and literals[at].startswith(name)
