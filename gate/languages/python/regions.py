"""The regions of a file that edits may have changed.

A patch changes a few lines of files that have thousands. Only the innermost statements around an edit are parsed again;
if that could give another result than parsing the whole file, the whole file is parsed.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from gate.languages.python.literals import COMPARISONS
from gate.languages.python.module import Module, parse_bytes
from gate.patch import Edit

__all__ = ["Definition", "Region", "regions_of"]

_DEEPEST = 50

type Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Region:
    """Statements of a block before and after an edit, and the definitions around the block, outermost first."""

    before: Sequence[ast.stmt]
    after: Sequence[ast.stmt]
    around: Sequence[Definition]


def regions_of(module: Module, edits: Sequence[Edit]) -> list[Region] | None:
    """What edits of a module change, as statements before and after; None if the whole module must be parsed again."""
    if not module.by_lines or any(b"\r" in edit.text or b"\f" in edit.text for edit in edits):
        return None
    places = [_Place.around(module, (edit,), _DEEPEST) for edit in edits]
    parsed: dict[_Place, Sequence[ast.stmt]] = {}
    at = 0
    while at < len(places):
        place = places[at]
        if at + 1 < len(places) and place.reaches(places[at + 1]):
            other = places.pop(at + 1)
            places[at] = _Place.around(module, (*place.edits, *other.edits), min(place.level, other.level))
        elif (after := parsed.get(place) or place.parsed(module)) is not None:
            parsed[place] = after
            at += 1
        elif place.level == 0:
            return None
        else:
            places[at] = _Place.around(module, place.edits, place.level - 1)
            at = max(0, at - 1)
    return [Region(place.statements, parsed[place], place.around_it) for place in places]


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Whole statements of one block, in lines `first` to `last`, around some edits. `column` is that of the block."""

    edits: tuple[Edit, ...]
    statements: Sequence[ast.stmt]
    around_it: Sequence[Definition]
    column: int
    first: int
    last: int

    @property
    def level(self) -> int:
        """How many definitions are around the block."""
        return len(self.around_it)

    @classmethod
    def around(cls, module: Module, edits: tuple[Edit, ...], deepest: int) -> _Place:
        """The place in the innermost block, at most `deepest` definitions deep."""
        start, end = edits[0].start, edits[-1].end
        first, last = module.line_at(start), module.line_at(max(start, end - 1))
        whole = start == module.starts[first - 1]  # it begins at the start of a line, so it may change the indentation
        indent = _indent(edits[0].text) if whole else None
        block: Sequence[ast.stmt] = module.tree.body
        around: list[Definition] = []
        column = 0
        while True:
            chosen = _touched(block, first, last, whole=whole and indent != column)
            if len(around) == deepest or len(chosen) != 1 or not _holds(chosen[0], first, last, indent):
                break
            around.append(chosen[0])
            block = chosen[0].body
            column = block[0].col_offset
        begin = min([first, *map(_first_line, chosen)])
        stop = max([last, *map(_last_line, chosen)])
        return cls(edits, chosen, around, column, begin, stop)

    def reaches(self, later: _Place) -> bool:
        """Whether a later place overlaps with it, or follows a definition that it may end sooner."""
        return later.first <= self.last or any(one in self.statements for one in later.around_it)

    def parsed(self, module: Module) -> list[ast.stmt] | None:
        """The statements after the edits; None if they cannot be parsed without those around them."""
        start, end = module.span(self.first, self.last)
        parts, at = [], start
        for edit in self.edits:
            parts += [module.content[at : edit.start], edit.text]
            at = edit.end
        text = b"".join([*parts, module.content[at:end]])
        whole_lines = text.endswith(b"\n") or not text or end == len(module.content)
        if not whole_lines or at > end or _goes_on(text) or _goes_on(module.content[:start]):
            return None
        if not self.level:
            tree = parse_bytes(text)
            return None if tree is None else tree.body
        if not text.strip():
            return [] if not self.statements else None
        tree = parse_bytes(b"if 1:\n" + text)
        if tree is None or len(tree.body) > 1:
            return None
        block = tree.body[0]
        assert isinstance(block, ast.If)
        same = not block.orelse and all(statement.col_offset == self.column for statement in block.body)
        return block.body if same else None


def _indent(text: bytes) -> int | None:
    """The column of the first line that is neither empty nor a comment, if any."""
    for line in text.split(b"\n"):
        code = line.lstrip(b" ")
        if code and not code.startswith(b"#"):
            return len(line) - len(code)
    return None


def _goes_on(text: bytes) -> bool:
    """Whether the last line is continued by the next."""
    return text[-2:] == b"\\\n"


def _touched(block: Sequence[ast.stmt], first: int, last: int, *, whole: bool) -> list[ast.stmt]:
    """The statements of a block that overlap the given lines, and others on the same lines.

    If the lines are `whole` and their indentation may change, the statement before them is included.
    """
    end = bisect_right(block, last, key=_first_line)
    begin = bisect_left(block, first, key=_last_line)
    if begin and whole and (begin == end or _first_line(block[begin]) >= first):
        begin -= 1
    while end < len(block) and end > begin and _first_line(block[end]) <= _last_line(block[end - 1]):
        end += 1
    while begin and begin < end and _last_line(block[begin - 1]) >= _first_line(block[begin]):
        begin -= 1
    return list(block[begin:end])


def _holds(statement: ast.stmt, first: int, last: int, indent: int | None) -> TypeGuard[Definition]:
    """Whether lines lie in a definition's body, or after it with its indentation, and its header does not matter."""
    if not isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    if statement.name in COMPARISONS:
        return False  # the answer of such a method depends on its whole body
    begin, end = _first_line(statement.body[0]), _last_line(statement.body[-1])
    if first > end:
        return begin > _header_end(statement) and indent is not None and indent >= statement.body[0].col_offset
    return begin <= first and last <= end and begin > _header_end(statement)


def _header_end(definition: Definition) -> int:
    """The last line of the header."""
    nodes: list[ast.expr | ast.arg | ast.keyword | None]
    if isinstance(definition, ast.ClassDef):
        nodes = [*definition.bases, *definition.keywords]
    else:
        given = definition.args
        nodes = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        nodes += [*given.defaults, *given.kw_defaults, definition.returns]
    return max([definition.lineno, *(node.end_lineno or 0 for node in nodes if node is not None)])


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return decorators[0].lineno if decorators else statement.lineno


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno
