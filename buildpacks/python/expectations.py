"""What an assertion of a test expects, and other values in its place.

Only what nothing else reads is altered: honest code could take an altered input in its stride.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["Edits", "Expectations", "Function", "Source", "elements"]

type Edits = dict[tuple[int, int], bytes]
"""New texts of parts of a file, by their offsets in bytes."""

type Function = ast.FunctionDef | ast.AsyncFunctionDef

_EQUAL = re.compile(
    r"assert(?:(?:Count|List|Dict|Tuple|Set|Sequence|MultiLine)?Equals?|Is|_equal|_array_equal)|array_equal"
)
_NEARLY = re.compile(r"assert(?:AlmostEquals?|_almost_equal|_allclose)|isclose|allclose")
_PLACES = frozenset({"places", "decimal", "significant"})
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_CALLED = re.compile(r"assert_(?:called|any|awaited)\w*")
_FLUENT = re.compile(r"is_equal_to|is_same_as|to_equal|to_be")
_METHODS = frozenset({"items", "values", "encode", "split", "splitlines", "join"})
_COLLECTIONS = frozenset({"set", "list", "tuple", "frozenset", "bytes", "sorted"})
"""What makes another value of another literal."""

_LEAST_TEXT = 4
"""A text of so many letters is replaced by one of its length: fewer letters would be in too many texts."""

_OFFSETS = range(10_007, 99_991)
_WIDEST = 1_000
"""Tolerances from here on may let an altered number pass."""


@dataclass
class Source:
    """A file of tests."""

    raw: bytes
    tree: ast.Module

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The parent of each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _starts(self) -> Sequence[int]:
        starts = [0]
        for line in self.raw.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts

    def span(self, node: Any) -> tuple[int, int]:
        """The offsets of a node in bytes."""
        first, last = self._starts[node.lineno - 1], self._starts[node.end_lineno - 1]
        return first + node.col_offset, last + node.end_col_offset

    def value_of(self, node: ast.expr, function: Function) -> ast.expr | None:
        """What an expression is: itself, or the value that a name gets once, where nothing else reads it."""
        match node:
            case ast.Name(id=name):
                return self._assigned(name, function)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant()):
                return self._assigned(name, function)
        return node

    def _assigned(self, name: str, function: Function) -> ast.expr | None:
        """The value of a variable of the function or of the file that is read once; None for a parameter."""
        if any(isinstance(one, ast.arg) and one.arg == name for one in ast.walk(function.args)):
            return None
        for scope in (function, self.tree):
            uses = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == name]
            stored = [one for one in uses if not isinstance(one.ctx, ast.Load)]
            if stored:
                given = self.parents[stored[0]]
                if isinstance(given, ast.Assign) and len(uses) == 2 and self.parents[given] is scope:
                    return given.value if given.targets == [stored[0]] else None
                return None
        return None


class Expectations:
    """What the assertions of one function expect, and other values in their place, which `chance` chooses."""

    def __init__(self, source: Source, function: Function, chance: random.Random) -> None:
        self._source, self._function, self._chance = source, function, chance

    def altered(self, statement: ast.stmt) -> Edits:
        """The edits that have an assertion expect something else; none if it has no literal expectation."""
        match statement:
            case ast.Assert(test=test):
                return self._condition(test)
            case ast.Expr(value=ast.Await(value=ast.Call() as call)) | ast.Expr(value=ast.Call() as call):
                return self._call(call) if _asserts(call) else {}
        return {}

    def _condition(self, test: ast.expr) -> Edits:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                return next(filter(None, map(self._condition, values)), {})
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return self._either(left, right)
            case ast.Compare(left=left, ops=[ast.In()], comparators=[right]):
                return self._part(left, right)
            case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=bool()) as right]):
                return self._side(right, left)
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]),
                ops=[ast.Lt() | ast.LtE()],
                comparators=[ast.Constant(value=int() | float() as most)],
            ):
                return self._either(left, right) if most < _WIDEST else {}
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith", value=owner), args=[wanted]):
                return self._side(wanted, owner)
            case ast.Call():
                return self._call(test)
        return {}

    def _call(self, call: ast.Call) -> Edits:
        name = _name(call)
        match call.args:
            case [left, right, *_] if _EQUAL.fullmatch(name):
                return self._either(left, right)
            case [left, right, *more] if _NEARLY.fullmatch(name):
                return self._either(left, right) if _is_tight(more, call.keywords, places="lmost" in name) else {}
            case [left, right, *_] if name == "assertIn":
                return self._part(left, right)
            case [*args] if _CALLED.fullmatch(name):
                return next(filter(None, map(self._leaves, filter(is_literal, args))), {})
            case [wanted] if _FLUENT.fullmatch(name) and isinstance(getattr(call.func, "value", None), ast.Call):
                return self._leaves(wanted) if is_literal(wanted) else {}
        return {}

    def _either(self, left: ast.expr, right: ast.expr) -> Edits:
        return self._side(right, left) or self._side(left, right)

    def _part(self, left: ast.expr, right: ast.expr) -> Edits:
        """The edits of `left in right`: a number may be in a range, and a longer text has the shorter one."""
        if isinstance(left, ast.Constant) and isinstance(left.value, str | bytes):
            return self._side(left, right)
        return self._side(right, left) if isinstance(right, ast.List | ast.Tuple | ast.Set) else {}

    def _side(self, side: ast.expr, other: ast.expr) -> Edits:
        """The edits of the expected side, if it is literal; the other side must come from somewhere else."""
        if is_literal(other):
            return {}
        value = self._source.value_of(side, self._function)
        if value is None and isinstance(side, ast.Name):
            rows = self._rows(side.id)
            edits = [self._leaves(row) for row in rows if is_literal(row)]
            return _joined(edits) if len(edits) == len(rows) and all(edits) else {}
        return self._leaves(value) if value is not None and is_literal(value) else {}

    def _rows(self, name: str) -> Sequence[ast.expr]:
        """The values of a parameter of the test, or of a variable of a loop, that is read once."""
        uses = [one for one in ast.walk(self._function) if isinstance(one, ast.Name) and one.id == name]
        loads = [one for one in uses if isinstance(one.ctx, ast.Load)]
        if len(loads) != 1 or len(uses) > 2:
            return ()
        if len(uses) == 2:
            return self._of_loop(next(one for one in uses if one not in loads))
        for decorator in self._function.decorator_list:  # those of a class are for other tests as well
            match decorator:
                case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, values, *_], keywords=further):
                    known = _names(names)
                    if name in known:
                        given = [_given(row) for row in elements(self._source.value_of(values, self._function))]
                        index = known.index(name) if len(known) > 1 or not isinstance(names, ast.Constant) else None
                        direct = not any(keyword.arg == "indirect" for keyword in further)
                        return _column(given, index) if direct else ()
        return ()

    def _of_loop(self, target: ast.Name) -> Sequence[ast.expr]:
        node, index = self._source.parents[target], None
        if isinstance(node, ast.Tuple):
            index, node = node.elts.index(target), self._source.parents[node]
        rows = elements(self._source.value_of(node.iter, self._function)) if isinstance(node, ast.For) else ()
        return _column([[row] for row in rows], index)

    def _leaves(self, node: ast.expr, *, near: bool = False) -> Edits:
        """New values for the constants of a literal, `near` the old ones where a class may bound or wrap them."""
        match node:
            case ast.Constant(value=value):
                new = self._other(value, near=near)
                return {self._source.span(node): new} if new else {}
            case ast.UnaryOp(operand=operand):
                return self._leaves(operand, near=near)
            case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
                word = repr(self._word())
                text = {ast.List: f"[{word}]", ast.Tuple: f"({word},)", ast.Dict: f"{{{word}: {word}}}"}[type(node)]
                return {self._source.span(node): text.encode()}
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
                return _joined(self._leaves(part, near=near) for part in parts)
            case ast.Call(func=ast.Name(id="approx") | ast.Attribute(attr="approx"), args=[wanted, *_]):
                return self._leaves(wanted)
            case ast.Call(func=ast.Attribute(attr=name, value=owner), args=args) if name in _METHODS:
                return _joined(self._leaves(part) for part in (owner, *args))
            case ast.Call(func=ast.Name(id=name), args=[made]) if name in _COLLECTIONS:
                return self._leaves(made)
            case ast.Call(args=args, keywords=keywords):
                given = (*args, *(keyword.value for keyword in keywords))
                return _joined(self._leaves(part, near=True) for part in given)
        return {}

    def _other(self, value: object, *, near: bool) -> bytes:
        """Another value of the kind of a constant; far from it, and the farther the larger it is, unless `near`."""
        offset = self._chance.choice(_OFFSETS)
        match value:
            case bool():
                return repr(not value).encode()
            case None:
                return repr(self._word()).encode()
            case int() | float() if near:
                return repr(value - 1 if value > 1 else value + 1).encode()
            case int():
                return repr(3 * value + offset).encode()
            case float():
                return repr(3 * value + offset + 0.5).encode()
            case str() if _NUMBER.fullmatch(value):
                return repr(f"{offset}{value.lstrip('-')}").encode()
            case str() if len(value) >= _LEAST_TEXT and value.isalpha():
                return repr(self._word(len(value))).encode()
            case str():
                return repr(value + self._word()).encode()
            case bytes():
                return repr(value + self._word().encode()).encode()
        return b""

    def _word(self, length: int = 8) -> str:
        return "".join(self._chance.choices("bcdfghklmnprstvz", k=length))


def _joined(parts: Iterable[Edits]) -> Edits:
    return {place: text for part in parts for place, text in part.items()}


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _asserts(call: ast.Call) -> bool:
    """Whether a call that is a statement fails by itself."""
    return _name(call).startswith("assert") or bool(_FLUENT.fullmatch(_name(call)))


def is_literal(node: ast.expr) -> bool:
    """Whether nothing of the product is in an expression but the name of a class that it makes an object of."""
    match node:
        case ast.Constant():
            return node.value is not Ellipsis
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(is_literal, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and is_literal(key) for key in keys) and all(map(is_literal, values))
        case ast.Call(
            func=ast.Name(id="approx") | ast.Attribute(attr="approx"), args=[wanted, *more], keywords=keywords
        ):
            return is_literal(wanted) and _is_tight(more, keywords)
        case ast.Call(func=ast.Attribute(attr=name, value=owner), args=args, keywords=[]) if name in _METHODS:
            return is_literal(owner) and all(map(is_literal, args))
        case ast.Call(func=ast.Name(id=name), args=[made], keywords=[]) if name in _COLLECTIONS:
            return is_literal(made)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
            given = [*args, *(keyword.value for keyword in keywords)]
            return name[:1].isupper() and bool(given) and all(map(is_literal, given))
    return False


def elements(node: ast.expr | None) -> Sequence[ast.expr]:
    """The elements of a list or a tuple; none of anything else."""
    return node.elts if isinstance(node, ast.List | ast.Tuple) else ()


def _is_tight(more: Sequence[ast.expr], keywords: Sequence[ast.keyword], *, places: bool = False) -> bool:
    """Whether tolerances are constants below one; `places` says whether a positional one counts digits."""
    known = [keyword.value for keyword in keywords if keyword.arg not in _PLACES] + ([] if places else [*more])
    values = [one.value if isinstance(one, ast.Constant) else None for one in known]
    return all(isinstance(value, int | float) and value < 1 for value in values)


def _names(node: ast.expr) -> list[str]:
    """The parameters that a call of `parametrize` names."""
    match node:
        case ast.Constant(value=str(text)):
            return [name.strip() for name in text.split(",") if name.strip()]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return []


def _given(row: ast.expr) -> list[ast.expr]:
    """The arguments of `pytest.param`, or the row itself."""
    match row:
        case ast.Call(func=ast.Name(id="param") | ast.Attribute(attr="param"), args=args):
            return args
    return [row]


def _column(rows: Sequence[list[ast.expr]], index: int | None) -> Sequence[ast.expr]:
    """One value of each row; none if a row does not have it."""
    column: list[ast.expr] = []
    for row in rows:
        values = row if index is None or len(row) > 1 else list(elements(row[0]))
        place = index or 0
        if place >= len(values):
            return ()
        column.append(values[place])
    return column
