"""A repair computes its results: it does not know the inputs of a test by heart."""

from __future__ import annotations

import re
from functools import lru_cache

from gate.decision import Context, Rejection
from gate.languages.python import Construct, Introduced, Kind
from gate.paths import BasePaths
from gate.rules.source import SourceRule

__all__ = ["NoKnownAnswers", "forget_texts"]

_QUOTES = bytes.maketrans(b'"', b"'")


class NoKnownAnswers(SourceRule):
    """Denies a branch that answers with a literal for the very literal that a test has and the product has not."""

    id = "tamper.answers"
    rejection_type = Rejection.TAMPER
    hint = "compute the result from the input, for every input of its kind"

    def forbids(self, construct: Construct, path: str, found: Introduced, context: Context) -> bool:
        del found
        if construct.kind is not Kind.ANSWER:
            return False
        literal = _squeezed(construct.name.encode())
        try:
            if _occurs(literal, context.read(path)):
                return False
        except FileNotFoundError:
            pass
        return any(_occurs(literal, context.read(test)) for test in _tests(context.base, context))


def _tests(base: BasePaths, context: Context) -> list[str]:
    return sorted(path for path in base.files if path.endswith(".py") and context.protected(path))


def _occurs(literal: bytes, content: bytes) -> bool:
    found = re.escape(literal)
    bounded = found if literal[:1] in b"'b" else rb"(?<![\w.])" + found + rb"(?![\w.])"
    return re.search(bounded, _squeezed(content)) is not None


def forget_texts() -> None:
    """Let go of the files that were looked through."""
    _squeezed.cache_clear()


@lru_cache(maxsize=64)
def _squeezed(content: bytes) -> bytes:
    """A text without spaces, with one kind of quotes."""
    return content.translate(_QUOTES, b" \t\r\n")
