"""Copies of tests in which an assertion asks for something else: what passes these as well passes for another reason.

A mutated oracle must be violated: Fraser and Zeller, "Mutation-Driven Generation of Unit Tests and Oracles" (ISSTA
2010), the other way round. Only the side that a comparison expects is altered, and only where nothing else reads it, so
that honest code fails for certain; an assertion without such a side is negated.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from buildpacks.api import AlteredTests, RepoView
from buildpacks.results import CaseId, CaseResult, Frame

__all__ = ["altered_tests"]

_MOST_TESTS, _LARGEST_FILE = 24, 1 << 20
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CERTAIN = (*_FUNCTIONS, ast.ClassDef, ast.Module, ast.With, ast.AsyncWith)
"""Blocks whose statements are reached if the one around them is."""

_EXCUSING = re.compile(r"raises|suppress", re.IGNORECASE)
"""Managers that an assertion's failure may please."""

_EQUAL = re.compile(
    r"assert(?:(?:Almost|Count|List|Dict|Tuple|Set|Sequence|MultiLine)?Equals?|Is|_equal|_almost_equal|_array_equal|_allclose)"
)
_LIKE = re.compile(r"isclose|allclose|array_equal")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_CALLED = re.compile(r"assert_(?:called|any|awaited|any_await)\w*")
_FLUENT = re.compile(r"(?:is_)?equals?(?:_to)?|to_equal|to_be|is_same_as")
_OPPOSITES = {
    one: other
    for pair in (
        ("assertEqual", "assertNotEqual"),
        ("assertTrue", "assertFalse"),
        ("assertIn", "assertNotIn"),
        ("assertIs", "assertIsNot"),
        ("assertIsNone", "assertIsNotNone"),
        ("assertAlmostEqual", "assertNotAlmostEqual"),
        ("assertIsInstance", "assertNotIsInstance"),
    )
    for one, other in (pair, pair[::-1])
}

type _Edits = dict[tuple[int, int], bytes]
"""New texts of parts of a file, by their offsets in bytes."""

type _Function = ast.FunctionDef | ast.AsyncFunctionDef


def altered_tests(view: RepoView, cases: Sequence[CaseResult], key: bytes) -> AlteredTests:
    """The files of some tests, at most two dozen, with one assertion of each altered, as far as that is possible.

    It is the assertion on the line at which the test failed, if its `places` say so, else the next one that the test
    comes to for certain. `key` chooses the new values.
    """
    chance = random.Random(key)  # noqa: S311  # from a key that nobody knows
    by_function: dict[CaseId, CaseResult] = {case.parsed.function: case for case in cases if case.parsed.name}
    chosen = sorted(by_function, key=repr)
    chosen = chance.sample(chosen, _MOST_TESTS) if len(chosen) > _MOST_TESTS else chosen
    files: dict[str, bytes] = {}
    places: dict[CaseId, Frame] = {}
    for path in dict.fromkeys(test.file for test in chosen):
        source = _read(view, path)
        if source is None:
            continue
        edits: _Edits = {}
        for test in (test for test in chosen if test.file == path):
            found = source.altered(test, by_function[test].places, chance)
            # Tests that share an expectation share its new value.
            if found and not any(_overlap(one, other) for one in found[1] for other in edits if one != other):
                edits |= {place: text for place, text in found[1].items() if place not in edits}
                places[test] = Frame(path, found[0], test.name)
        if edits:
            files[path] = _edited(source.raw, edits)
    return AlteredTests(files, places)


def _read(view: RepoView, path: str) -> _Source | None:
    if not path.endswith(".py") or not view.exists(path):
        return None
    raw = view.read(path)
    try:
        if len(raw) > _LARGEST_FILE or raw.startswith(b"\xef\xbb\xbf") or b"\r" in raw.replace(b"\r\n", b""):
            return None
        raw.decode("utf-8")
        return _Source(raw, ast.parse(raw))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _edited(raw: bytes, edits: _Edits) -> bytes:
    for (start, end), text in sorted(edits.items(), reverse=True):
        raw = raw[:start] + text + raw[end:]
    return raw


@dataclass
class _Source:
    """A file of tests."""

    raw: bytes
    tree: ast.Module

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
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

    def altered(self, test: CaseId, places: Sequence[Frame], chance: random.Random) -> tuple[int, _Edits] | None:
        """The line of an assertion of a test, and the edits that make it ask for something else."""
        function = self._function(test)
        if function is None:
            return None
        statements = list(self._certain(function))
        failed = [place.line for place in places if place.path == test.file and place.function == function.name]
        line = failed[-1] if failed else 0
        at = [one for one in statements if one.lineno <= line <= (one.end_lineno or one.lineno)]
        rest = [one for one in statements if one not in at]
        order = [*at, *(one for one in rest if one.lineno > line), *(one for one in rest if one.lineno < line)]
        for make in (_Alteration(self, function, chance).expected, self._negated):
            for statement in order:
                if edits := make(statement):
                    return statement.lineno, edits
        return None

    def _function(self, test: CaseId) -> _Function | None:
        body: Iterable[ast.stmt] = self.tree.body
        for name in test.scope:
            owner = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
            body = owner[-1].body if owner else ()
        found = [node for node in body if isinstance(node, _FUNCTIONS) and node.name == test.name]
        return found[0] if len(found) == 1 else None

    def _certain(self, function: _Function) -> Iterator[ast.stmt]:
        """The assertions that a test comes to if it does not fail before, in order."""
        leaving = min((node.lineno for node in _own(function) if isinstance(node, ast.Return)), default=1 << 30)
        for node in _own(function):
            if isinstance(node, ast.Assert | ast.Expr) and node.lineno < leaving and self._is_reached(node, function):
                yield node

    def _is_reached(self, node: ast.AST, function: _Function) -> bool:
        while node is not function:
            node = self.parents[node]
            if isinstance(node, ast.For):
                if not _elements(self.value_of(node.iter, function)) or node.orelse:
                    return False
            elif not isinstance(node, _CERTAIN) or (
                isinstance(node, ast.With | ast.AsyncWith)
                and any(_EXCUSING.search(ast.unparse(item.context_expr)) for item in node.items)
            ):
                return False
        return True

    def value_of(self, node: ast.expr, function: _Function) -> ast.expr | None:
        """What an expression is: itself, or the literal that a name stands for that nothing else reads or binds."""
        match node:
            case ast.Name(id=name):
                for scope in (function, self.tree):
                    uses = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == name]
                    stored = [one for one in uses if isinstance(one.ctx, ast.Store)]
                    if stored:
                        given = self.parents[stored[0]]
                        once = len(uses) == 2 and isinstance(given, ast.Assign) and given.targets == [stored[0]]
                        block = self.parents[given] if once else None
                        return given.value if once and block is scope and isinstance(given, ast.Assign) else None
                return None
            case ast.Subscript(value=ast.Name() as whole, slice=ast.Constant()):
                return self.value_of(whole, function)
        return node

    def _negated(self, statement: ast.stmt) -> _Edits:
        match statement:
            case ast.Assert(test=test):
                start, end = self.span(test)
                return {(start, start): b"(not (", (end, end): b"))"}
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) as function)) if name in _OPPOSITES:
                end = self.span(function)[1]
                return {(end - len(name), end): _OPPOSITES[name].encode()}
        return {}


def _own(function: _Function) -> Iterator[Any]:
    """The nodes of a function without those of functions in it, in order."""
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            stack += reversed(list(ast.iter_child_nodes(node)))


def _elements(node: ast.expr | None) -> Sequence[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else ()


class _Alteration:
    """New values of what one test expects."""

    def __init__(self, source: _Source, function: _Function, chance: random.Random) -> None:
        self._source, self._function, self._chance = source, function, chance

    def expected(self, statement: ast.stmt) -> _Edits:
        """The edits that have an assertion expect something else; none if it has no literal expectation."""
        match statement:
            case ast.Assert(test=test):
                return self._condition(test)
            case ast.Expr(value=ast.Await(value=ast.Call() as call)) | ast.Expr(value=ast.Call() as call):
                return self._call(call)
        return {}

    def _condition(self, test: ast.expr) -> _Edits:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                return self._first(self._condition(value) for value in values)
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return self._side(right, left) or self._side(left, right)
            case ast.Compare(left=left, ops=[ast.In()], comparators=[right]):
                return self._part(left, right)
            case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=bool()) as right]):
                return self._side(right, left)
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]),
                ops=[ast.Lt() | ast.LtE()],
            ):
                return self._side(right, left) or self._side(left, right)
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith", value=owner), args=[wanted]):
                return self._side(wanted, owner)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[left, right, *_]) if _LIKE.fullmatch(
                name
            ):
                return self._side(right, left) or self._side(left, right)
        return {}

    def _call(self, call: ast.Call) -> _Edits:
        match call:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[left, right, *_]) if (
                _EQUAL.fullmatch(name)
            ):
                return self._side(right, left) or self._side(left, right)
            case ast.Call(func=ast.Attribute(attr="assertIn"), args=[left, right, *_]):
                return self._part(left, right)
            case ast.Call(func=ast.Attribute(attr=name), args=args) if _CALLED.fullmatch(name) and "not" not in name:
                return self._first(self._leaves(argument) for argument in args if _is_literal(argument))
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Call()), args=[wanted]) if _FLUENT.fullmatch(name):
                return self._leaves(wanted) if _is_literal(wanted) else {}
        return {}

    def _part(self, left: ast.expr, right: ast.expr) -> _Edits:
        """The edits of `left in right`: a number may be in a range, and a longer text has the shorter one."""
        if isinstance(left, ast.Constant) and isinstance(left.value, str | bytes):
            return self._side(left, right)
        return self._side(right, left) if isinstance(right, ast.List | ast.Tuple | ast.Set) else {}

    def _first(self, edits: Iterable[_Edits]) -> _Edits:
        return next(filter(None, edits), {})

    def _side(self, side: ast.expr, other: ast.expr) -> _Edits:
        """The edits of the expected side, if it is literal; the other side must come from somewhere else."""
        if _is_literal(other):
            return {}
        value = self._source.value_of(side, self._function)
        if value is not None and _is_literal(value):
            return self._leaves(value)
        match side:
            case ast.Name(id=name):
                rows = self._rows(name)
                edits = [self._leaves(row) for row in rows if _is_literal(row)]
                return _joined(edits) if rows and len(edits) == len(rows) and all(edits) else {}
        return {}

    def _rows(self, name: str) -> Sequence[ast.expr]:
        """The values of a parameter of the test, or of a variable of a loop, if it is read once and never bound."""
        uses = [one for one in ast.walk(self._function) if isinstance(one, ast.Name) and one.id == name]
        if [one for one in uses if isinstance(one.ctx, ast.Load)] != uses[-1:] or len(uses) > 2:
            return ()
        if len(uses) == 2:
            return self._of_loop(uses[0])
        parents = self._source.parents
        owner = parents[self._function]
        for decorator in (*self._function.decorator_list, *getattr(owner, "decorator_list", ())):
            match decorator:
                case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, values, *_], keywords=further):
                    if any(keyword.arg == "indirect" for keyword in further):
                        return ()
                    known = _names(names)
                    if name in known:
                        rows = _elements(self._source.value_of(values, self._function))
                        single = len(known) == 1 and isinstance(names, ast.Constant)
                        return _column([_given(row) for row in rows], None if single else known.index(name))
        return ()

    def _of_loop(self, target: ast.Name) -> Sequence[ast.expr]:
        parents = self._source.parents
        node, index = parents[target], None
        if isinstance(node, ast.Tuple):
            index = node.elts.index(target)
            node = parents[node]
        if not isinstance(node, ast.For):
            return ()
        return _column([[row] for row in _elements(self._source.value_of(node.iter, self._function))], index)

    def _leaves(self, node: ast.expr) -> _Edits:
        """New values for the constants of a literal."""
        match node:
            case ast.Constant(value=value):
                new = self._other(value)
                return {self._source.span(node): new} if new else {}
            case ast.UnaryOp(operand=operand):
                return self._leaves(operand)
            case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
                word = repr(self._word())
                text = {ast.List: f"[{word}]", ast.Tuple: f"({word},)", ast.Dict: f"{{{word}: {word}}}"}[type(node)]
                return {self._source.span(node): text.encode()}
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
                return _joined([self._leaves(part) for part in parts])
            case ast.Call(func=ast.Name(id="approx") | ast.Attribute(attr="approx"), args=[wanted, *_]):
                return self._leaves(wanted)
            case ast.Call(args=args, keywords=keywords):
                return _joined([self._leaves(part) for part in (*args, *(keyword.value for keyword in keywords))])
        return {}

    def _other(self, value: object) -> bytes:
        """Another value of the kind of a constant, far from it."""
        match value:
            case bool():
                return repr(not value).encode()
            case None:
                return repr(self._word()).encode()
            case int():
                return repr(value + self._chance.randrange(10_007, 99_991)).encode()
            case float():
                return repr(value * 3 + self._chance.randrange(10_007, 99_991) + 0.5).encode()
            case str() if _NUMBER.fullmatch(value):
                return repr(f"{self._chance.randrange(10_007, 99_991)}{value.lstrip('-')}").encode()
            case str():
                return repr(value + self._word()).encode()
            case bytes():
                return repr(value + self._word().encode()).encode()
        return b""

    def _word(self) -> str:
        return "".join(self._chance.choices("bcdfghklmnprstvz", k=8))


def _joined(parts: Iterable[_Edits]) -> _Edits:
    return {place: text for part in parts for place, text in part.items()}


def _is_literal(node: ast.expr) -> bool:
    """Whether nothing of the product is in an expression but the name of a class that it makes an object of."""
    match node:
        case ast.Constant():
            return node.value is not Ellipsis
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_literal, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_literal(key) for key in keys) and all(map(_is_literal, values))
        case ast.Call(func=ast.Name(id="approx") | ast.Attribute(attr="approx"), args=[wanted, *_]):
            return _is_literal(wanted)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
            given = [*args, *(keyword.value for keyword in keywords)]
            return name[:1].isupper() and bool(given) and all(map(_is_literal, given))
    return False


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
        values = row if index is None or len(row) > 1 else list(_elements(row[0]))
        place = index or 0
        if place >= len(values):
            return ()
        column.append(values[place])
    return column
