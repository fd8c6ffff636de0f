"""Literals for which a change hard-codes an answer, looked up in the tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gate.languages.api import Construct, Kind, Tree
from gate.languages.entries import forget_tests

__all__ = ["KnownAnswers", "forget_texts", "occurs"]

_QUOTES = bytes.maketrans(b'"`', b"''")


@dataclass(frozen=True)
class KnownAnswers:
    """Forbids branches on a literal that a test has and the file did not. `suffixes` are those of test files."""

    suffixes: tuple[str, ...]

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        """Whether a construct is an answer to a literal that occurs only in a test."""
        del modules
        if construct.kind is not Kind.ANSWER:
            return False
        literal = _squeezed(construct.name.encode())
        product, tests = b"", b""
        if path in tree.base.files:
            product, tests = self.divide(tree.read(path))
        if occurs(literal, product):
            return False
        return occurs(literal, tests) or any(occurs(literal, tree.read(test)) for test in self._tests(tree))

    def learned(self, fresh: Sequence[Construct], data: Sequence[bytes], tree: Tree) -> str | None:
        """What new constructs, or new `data`, have from the tests beyond that, in words: known in Python alone."""
        del fresh, data, tree
        return None

    def divide(self, content: bytes) -> tuple[bytes, bytes]:
        """The product and the tests in a file that is not protected: in most languages it has none."""
        return content, b""

    def _tests(self, tree: Tree) -> list[str]:
        return sorted(path for path in tree.base.files if path.endswith(self.suffixes) and tree.protected(path))


def occurs(literal: bytes, content: bytes) -> bool:
    """Whether a text has a literal, whatever the spaces in it and its quotes."""
    pattern = re.escape(literal)
    bounded = pattern if literal[:1] in b"'b" else rb"(?<![\w.])" + pattern + rb"(?![\w.])"
    return re.search(bounded, _squeezed(content)) is not None


def forget_texts() -> None:
    """Clear the cache of files that were searched."""
    _squeezed.cache_clear()
    forget_tests()


@lru_cache(maxsize=64)
def _squeezed(content: bytes) -> bytes:
    """A text without whitespace, with one kind of quotes."""
    return content.translate(_QUOTES, b" \t\r\n")
