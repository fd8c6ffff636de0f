"""Parsed files: their trees, where each line begins, and the constructs of their statements, remembered."""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Sequence
from functools import cached_property
from threading import Lock

from gate.languages.api import Construct
from gate.languages.python.constructs import constructs_of
from gate.languages.python.names import Names

__all__ = ["Module", "forget_modules", "parse_bytes", "parse_module"]

_MAX_REMEMBERED, _LEAST_REMEMBERED = 1 << 20, 2
_parsing = Lock()


class Module:
    """A file that parses."""

    def __init__(self, content: bytes, tree: ast.Module) -> None:
        self.content = content
        self.tree = tree
        self._constructs: dict[tuple[ast.stmt, bool], Counter[Construct]] = {}

    @cached_property
    def names(self) -> Names:
        """What its names stand for."""
        return Names.of(self.tree)

    def constructs(self, statements: Sequence[ast.stmt], *, main: bool = False) -> Counter[Construct]:
        """The constructs of some of its statements; those of each are remembered."""
        found: Counter[Construct] = Counter()
        for statement in statements:
            known = self._constructs.get((statement, main))
            if known is None:
                known = self._constructs[statement, main] = constructs_of([statement], self.names, main=main)
            found.update(known)
        return found

    @cached_property
    def starts(self) -> list[int]:
        """The offset of each line."""
        starts, at = [0], self.content.find(b"\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.content.find(b"\n", at + 1)
        return starts

    @cached_property
    def by_lines(self) -> bool:
        """Whether lines are what they seem: ended by line feeds, in UTF-8, without a page break."""
        return b"\r" not in self.content and b"\f" not in self.content and _is_utf8(self.content)

    def line_at(self, offset: int) -> int:
        """The number of the line (from 1) that holds a byte."""
        return bisect_right(self.starts, offset)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where lines begin and end (the end of the last one included)."""
        return self.starts[first - 1], self.starts[last] if last < len(self.starts) else len(self.content)


def parse_module(content: bytes) -> Module | None:
    """A parsed file; None where it is no Python. Those that were looked at last are remembered."""
    return _remembered.module(content)


def forget_modules() -> None:
    """Let go of all that was remembered: what comes next is about another tree."""
    _remembered.forget()


class _Remembered:
    """The files that were looked at last: the last two, and more as far as all have `_MAX_REMEMBERED` bytes of source.

    Their trees take some twenty times that.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._modules: OrderedDict[bytes, Module | None] = OrderedDict()
        self._bytes = 0

    def module(self, content: bytes) -> Module | None:
        """The module of a content, remembered or parsed now."""
        with self._lock:
            if content in self._modules:
                self._modules.move_to_end(content)
                return self._modules[content]
        tree = parse_bytes(content)
        module = None if tree is None else Module(content, tree)
        with self._lock:
            if content not in self._modules:
                self._modules[content] = module
                self._bytes += len(content)
            while self._bytes > _MAX_REMEMBERED and len(self._modules) > _LEAST_REMEMBERED:
                self._bytes -= len(self._modules.popitem(last=False)[0])
        return module

    def forget(self) -> None:
        with self._lock:
            self._modules.clear()
            self._bytes = 0


_remembered = _Remembered()


def parse_bytes(content: bytes) -> ast.Module | None:
    """The tree of a text in the encoding that it declares; None where it has none."""
    try:
        with _parsing, warnings.catch_warnings():  # which warnings are shown is one setting for all threads
            warnings.simplefilter("ignore")  # doubtful escapes are no business of ours
            return ast.parse(content)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        return None


def _is_utf8(content: bytes) -> bool:
    if content.isascii() and b"coding" not in content[:200]:
        return True
    head = b"\n".join(content.split(b"\n", 2)[:2])
    if content.startswith(b"\xef\xbb\xbf") or (b"coding" in head and b"utf-8" not in head.lower()):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
