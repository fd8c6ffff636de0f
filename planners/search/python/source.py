"""One Python file as the operators see it: its text, its tree, and the position of each node in both."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from gate import Edit, EditFile, Patch
from gate.patch import content_hash
from planners.search.language import TextEdit

__all__ = [
    "FUNCTIONS",
    "Function",
    "Lines",
    "Source",
    "Unit",
    "decoded",
    "fingerprint",
    "is_docstring",
    "load",
    "parse",
]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*FUNCTIONS, ast.Module)
_NEWLINE = re.compile(r"\r\n|\r|\n")
_SKIPPED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})

_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}
"""The fields that distinguish nodes of each kind (filled when a kind is first met)."""

type Lines = tuple[int, int, str]
"""The beginning and end of a statement's lines (after the line's end), and their indentation."""

type Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
"""Nodes with variables of their own."""

type Parent = tuple[ast.AST, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest text that parses on its own and contains an expression: a statement, or a block's header."""

    start: int
    end: int
    prefix: str
    suffix: str


class Source:
    """A parsed file. Offsets are counted in characters of `text` until `byte_offset` makes them bytes of the file."""

    def __init__(self, path: str, raw: bytes, text: str, encoding: str, tree: ast.Module) -> None:
        self.path, self.raw, self.text, self.encoding, self.tree = path, raw, text, encoding, tree
        self.hash = content_hash(raw)
        ends = [match.end() for match in _NEWLINE.finditer(text)]
        self.line_starts = [0, *ends]
        self._ascii = text.isascii()
        self._bom = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
        self._segments: dict[ast.AST, str] = {}
        self._lines: dict[ast.stmt, Lines | None] = {}

    @cached_property
    def parents(self) -> dict[ast.AST, Parent]:
        """Every node's parent, and the field of the parent that contains the node."""
        parents: dict[ast.AST, Parent] = {}
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            for name, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else (value,):
                    if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                        parents[child] = (node, name)
                        stack.append(child)
        return parents

    @cached_property
    def newline(self) -> str:
        """The line ending that inserted lines use."""
        match = _NEWLINE.search(self.text)
        return match.group() if match else "\n"

    def offset(self, line: int, column: int) -> int:
        """The offset in characters of a position in the tree: lines from 1, columns in bytes of UTF-8."""
        start = self.line_starts[line - 1]
        if self._ascii:
            return start + column
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword) -> tuple[int, int]:
        """The beginning and end of a node, without decorators and parentheses around it."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.expr) -> str:
        """A node's text on one line, which fits wherever its precedence allows."""
        known = self._segments.get(node)
        if known is None:
            start, end = self.span(node)
            known = self.text[start:end]
            # An unparenthesised tuple needs its parentheses elsewhere, and a line break needs brackets around it.
            if isinstance(node, ast.Tuple) or "\n" in known or "\r" in known:
                known = ast.unparse(node)
            self._segments[node] = known
        return known

    def lines(self, statement: ast.stmt) -> Lines | None:
        """A statement's own lines; None if it shares one with another, or must stay at its place.

        An `elif` belongs to the `if` above it. Docstrings and `__future__` imports come first in their block.
        """
        if statement not in self._lines:
            self._lines[statement] = self._find_lines(statement)
        return self._lines[statement]

    def _find_lines(self, statement: ast.stmt) -> Lines | None:
        first, end = self.first(statement), self.span(statement)[1]
        line, last = self.line_of(first), statement.end_lineno
        assert last is not None
        start = self.line_starts[line - 1]
        stop = self.line_starts[last] if last < len(self.line_starts) else len(self.text)
        indent, rest = self.text[start:first], self.text[end:stop].strip()
        shared = isinstance(statement, ast.If) and self.text.startswith("elif", first)
        fixed = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if shared or fixed or is_docstring(statement) or indent.strip() or (rest and not rest.startswith("#")):
            return None
        return start, stop, indent

    def line_of(self, offset: int) -> int:
        """The number of the line that contains a character."""
        return bisect_right(self.line_starts, offset)

    def byte_offset(self, offset: int) -> int:
        """The offset in bytes of a character in the file."""
        if self._ascii:
            return offset + self._bom
        return len(self.text[:offset].encode(self.encoding)) + self._bom

    def patch(self, edits: Sequence[TextEdit]) -> Patch:
        """Edits of the text as a patch of the file.

        Raises `ValueError` for edits that overlap, and for text that the file's encoding cannot represent.
        """
        places = [0, *(place for edit in edits for place in (edit.start, edit.end)), len(self.text)]
        if any(before > after for before, after in pairwise(places)):
            raise ValueError(f"{edits!r} are out of order, or beyond the end")
        changed = tuple(
            Edit(self.byte_offset(edit.start), self.byte_offset(edit.end), edit.text.encode(self.encoding))
            for edit in edits
        )
        return (EditFile(self.path, self.hash, changed),)

    def statement(self, node: ast.AST) -> ast.stmt | ast.excepthandler | None:
        """The statement or `except` clause that contains a node; None in a `case`, which no statement contains."""
        while not isinstance(node, ast.stmt | ast.excepthandler):
            if isinstance(node, ast.match_case | ast.Module):
                return None
            node = self.parents[node][0]
        return node

    def function(self, node: ast.AST) -> Function:
        """The innermost function around a node, else the module; a function's default values are inside it."""
        if isinstance(node, FUNCTIONS):
            node = self.parents[node][0]
        while not isinstance(node, _SCOPES):
            node = self.parents[node][0]
        return node

    def is_plain(self, node: ast.AST) -> bool:
        """Whether a node is outside of formatted texts, patterns, annotations and decorators."""
        while not isinstance(node, ast.stmt | ast.excepthandler | ast.Module):
            node, field = self.parents[node]
            if isinstance(node, ast.JoinedStr | ast.pattern) or field in {"annotation", "returns", "decorator_list"}:
                return False
        return True

    def unit(self, statement: ast.stmt | ast.excepthandler) -> Unit:
        """The text to parse in order to check an edit inside a statement: only its header if it has a block."""
        start, end = self.span(statement)
        prefix, suffix = "", ""
        if isinstance(statement, ast.Match):
            end, suffix = (
                self.offset(statement.cases[0].pattern.lineno, statement.cases[0].pattern.col_offset),
                "_: pass",
            )
        elif body := getattr(statement, "body", None):
            end, suffix = self.first(body[0]), "pass"
        if isinstance(statement, ast.excepthandler):
            prefix = "try: pass\n"
        elif self.text.startswith("elif", start) and isinstance(statement, ast.If):
            start += 2
        return Unit(start, end, prefix, suffix)

    def first(self, statement: ast.stmt) -> int:
        """The beginning of a statement, including its decorators."""
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        start = self.span(statement)[0]
        return self.text.rfind("@", 0, self.span(decorators[0])[0]) if decorators else start


def load(path: str, raw: bytes) -> Source | None:
    """Parse a file; None if it cannot be decoded (PEP 263), is not valid Python, or cannot be written back."""
    source = decoded(path, raw)
    try:
        if source is not None:
            source.tree = parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return source


def decoded(path: str, raw: bytes) -> Source | None:
    """A file without its tree, which is empty; None if it cannot be decoded, or cannot be written back."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        codec = "utf-8" if encoding == "utf-8-sig" else encoding
        bare = raw.removeprefix(b"\xef\xbb\xbf") if encoding == "utf-8-sig" else raw
        text = bare.decode(codec)
        # A codec with shift states has no byte offset for a character.
        if text.encode(codec) != bare or (codec not in {"utf-8", "iso-8859-1"} and "2022" in codec):
            return None
    except (SyntaxError, ValueError, LookupError):
        return None
    return Source(path, raw, text, codec, ast.Module([], []))


def parse(text: str) -> ast.Module:
    """`ast.parse` without the warnings about doubtful escapes: in a repaired file they do not matter."""
    if "\\" not in text:
        return ast.parse(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def is_docstring(statement: ast.AST) -> bool:
    """Whether a statement is a constant on its own: a docstring, or something equivalent."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def fingerprint(node: ast.AST) -> str:
    """A text that is equal for equal trees, whatever their formatting (a faster `ast.dump`)."""
    parts: list[str] = []
    _append_fingerprint(node, parts)
    return " ".join(parts)


def _append_fingerprint(node: ast.AST, parts: list[str]) -> None:
    parts.append(node.__class__.__name__)
    kind = node.__class__
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(name for name in kind._fields if name not in _SKIPPED_FIELDS)
    for name in _FIELDS[kind]:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            _append_fingerprint(value, parts)
        elif isinstance(value, list):
            parts.append("[")
            for item in value:
                if isinstance(item, ast.AST):
                    _append_fingerprint(item, parts)
                else:
                    parts.append(repr(item))
            parts.append("]")
        else:
            parts.append(repr(value))
