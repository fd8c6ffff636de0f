"""The source of tests with marks: statements that report which assertions held, and comparisons that report operands.

The marks call `RECORD` of `record.py`. They change nothing that a test can see, and evaluate nothing twice.
"""

import ast
import copy
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple

from .marked import Function, Lines, Mark, Marked

NAME = "@rfsn"
"""The name of `RECORD` in the modules of tests: no source can have it."""

_COMPARED = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_WITHS = (ast.With, ast.AsyncWith)
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)
_TRIES: Tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))
_SEARCHES = frozenset({"count", "index", "remove"})
"""Methods of lists that compare their elements with what they are given."""

_FAILS = frozenset({"fail", "exit", "xfail", "skip", "skipTest"})
_BODIES = ("body", "orelse", "finalbody")


class Marker:
    """Marks the assertions of one file, and the other statements on the `wanted` lines. Numbers begin at `first`."""

    def __init__(self, filename: str, wanted: Iterable[int], first: int) -> None:
        self.marked = Marked(filename)
        self._wanted = frozenset(wanted)
        self._first = first
        self._scopes: List[str] = []

    def mark(self, tree: ast.Module) -> None:
        """Mark a module before pytest rewrites its asserts."""
        self.marked.tests = list(_plain_tests(tree))
        for node in ast.walk(tree):
            for field in ("id", "attr", "arg", "name"):
                name = getattr(node, field, None)
                if isinstance(name, str):
                    self.marked.names.update(name.split("."))
        tree.body = self._body(tree.body, inside=False)
        place = next((number for number, one in enumerate(tree.body) if not _must_be_first(one)), len(tree.body))
        source = ast.ImportFrom(module="rfsn_runner.record", names=[ast.alias(name="RECORD", asname=NAME)], level=0)
        tree.body.insert(place, _placed(source, tree.body[place] if place < len(tree.body) else None))

    def _body(self, statements: Sequence[ast.stmt], *, inside: bool) -> List[ast.stmt]:
        return [made for statement in statements for made in self._statement(statement, inside=inside)]

    def _statement(self, node: Any, *, inside: bool) -> List[ast.stmt]:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._scopes.append(node.name)
            before, certain, last = len(self.marked.marks), *_assertions_of(node)
            node.body = self._body(node.body, inside=not isinstance(node, ast.ClassDef))
            if not isinstance(node, ast.ClassDef):
                own = {mark.lines[0]: mark.number for mark in self.marked.marks[before:] if mark.kind == "assertion"}
                function = Function(tuple(own[line] for line in certain if line in own), own.get(last))
                self.marked.functions[".".join(self._scopes)] = function
            self._scopes.pop()
            return [node]
        lines = (node.lineno, _end(node))
        number = self._around(node, lines) if inside else None
        for body in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            for field in _BODIES:
                if isinstance(getattr(body, field, None), list):
                    setattr(body, field, self._body(getattr(body, field), inside=inside))
        if not inside:
            return [node]
        return self._marked(node, lines) if number is None else [node, _call("passed", number, node)]

    def _around(self, node: Any, lines: Lines) -> Optional[int]:
        """Note what a statement means for those in it; the number of its mark if it is a block."""
        bodies = [body for body in (getattr(node, field, None) for field in _BODIES) if isinstance(body, list) and body]
        bodies += [part.body for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))]
        if isinstance(node, (ast.If, *_TRIES)) or hasattr(node, "cases"):
            self.marked.branches.append((lines, [(body[0].lineno, _end(body[-1])) for body in bodies]))
        if isinstance(node, _TRIES) and node.handlers:
            self.marked.caught.append((node.body[0].lineno, _end(node.body[-1])))
        if isinstance(node, _WITHS):
            number = self._number(lines, _kind_of_block(node))
            self.marked.managed.append(((node.body[0].lineno, _end(node.body[-1])), number))
            for item in node.items:
                item.context_expr = _value("entered", number, item.context_expr)
            return number
        return self._number(lines, _kind_of_block(node)) if isinstance(node, _TRIES) else None

    def _marked(self, node: Any, lines: Lines) -> List[ast.stmt]:
        if _fails(node):
            self._number(lines, "failure")
            return [node]
        wanted = not self._wanted.isdisjoint(range(lines[0], lines[1] + 1))
        if _is_assertion(node):
            number = self._number(lines, "assertion")
            if wanted:
                self._mark_elements(node, lines)
            handler = ast.ExceptHandler(
                type=None, name=None, body=[_call("failed", number, node), ast.Raise(exc=None, cause=None)]
            )
            whole = ast.Try(body=[node], handlers=[handler], orelse=[_call("passed", number, node)], finalbody=[])
            return [_placed(whole, node)]
        if isinstance(node, _SIMPLE) and wanted:
            self._mark_elements(node, lines)
            return [node, _call("passed", self._number(lines, "statement"), node)]
        for field in ("iter", "test", "value"):
            header = getattr(node, field, None)
            if isinstance(header, ast.expr) and self._wanted.intersection(range(header.lineno, _end(header) + 1)):
                setattr(node, field, _value("value", self._number((header.lineno, _end(header)), "header"), header))
                break
        return [node]

    def _mark_elements(self, node: Any, lines: Lines) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, _COMPREHENSIONS) and _is_assertion(node):
                inner.elt = _value("value", self._number(lines, "element"), inner.elt)
            elif isinstance(inner, ast.Lambda) and _asserts(inner.body):
                inner.body = _value("value", self._number(lines, "element"), inner.body)

    def _number(self, lines: Lines, kind: str) -> int:
        number = self._first + len(self.marked.marks)
        self.marked.marks.append(Mark(number, lines, kind))
        return number


class Prober(ast.NodeTransformer):
    """Has the operands of comparisons in functions looked at, after pytest rewrote the asserts."""

    def __init__(self) -> None:
        self._inside = 0

    def visit_FunctionDef(self, node: Any) -> Any:  # as the class has it
        self._inside += 1
        node.body = [self.visit(one) for one in node.body]
        self._inside -= 1
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Compare(self, node: ast.Compare) -> Any:
        self.generic_visit(node)
        if not self._inside or not all(isinstance(operator, _COMPARED) for operator in node.ops):
            return node
        if len(node.ops) == 1:
            return _value("compared", type(node.ops[0]).__name__, node.left, *node.comparators)
        node.left, *node.comparators = [_value("operand", one) for one in (node.left, *node.comparators)]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if not self._inside or not isinstance(node.op, ast.Sub):
            return node
        return _value("compared", "Sub", node.left, node.right)

    def visit_Match(self, node: Any) -> Any:  # Python 3.10 and later
        self.generic_visit(node)
        if self._inside:
            patterns = [case.pattern for case in node.cases]
            values = [one.value for one in _all(patterns) if type(one).__name__ == "MatchValue"]
            node.subject = _value("matched", node.subject, *map(copy.deepcopy, values))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if self._inside and node.attr in _SEARCHES and isinstance(node.ctx, ast.Load):
            node.value = _value("searched", node.value)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        self.generic_visit(node)
        call = _asserting_call(node)
        if self._inside and call is not None and len(call.args) > 1 and not _has_stars(call.args):
            made = _value("operands", *call.args)
            call.args = [_placed(ast.Starred(value=made, ctx=ast.Load()), made)]
        return node


def _value(method: str, *arguments: Any) -> Any:
    """A call of the record with a mark's number or expressions, in the place of the last one."""
    function = ast.Attribute(value=ast.Name(id=NAME, ctx=ast.Load()), attr=method, ctx=ast.Load())
    given: List[Any] = [one if isinstance(one, ast.AST) else _constant(one) for one in arguments]
    call = ast.Call(func=function, args=given, keywords=[])
    return _placed(call, next((one for one in arguments if isinstance(one, ast.AST)), None))


def _call(method: str, number: int, after: ast.stmt) -> ast.stmt:
    """A statement that calls the record, in the place of another."""
    made: ast.stmt = _placed(ast.Expr(value=_value(method, number)), after)
    return made


def _placed(made: Any, at: Optional[ast.AST]) -> Any:
    """A node made here, in the place of another; what it holds of the file stays in its own place.

    `ast.fix_missing_locations` gives nodes that have a line but no end, such as those of pytest, an end before it.
    """
    line, column = getattr(at, "lineno", 1), getattr(at, "col_offset", 0)
    own = [made]
    while own:
        node = own.pop()
        node.lineno = node.end_lineno = line
        node.col_offset = node.end_col_offset = column
        own += [one for one in ast.iter_child_nodes(node) if getattr(one, "lineno", None) is None]
    return made


def _constant(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body  # its class is another one before 3.8


def _asserting_call(node: Any) -> Any:
    """The call of a function named like an assertion that is a statement."""
    call = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    call = call.value if isinstance(call, ast.Await) else call
    return call if _asserts(call) else None


def _asserts(call: Any) -> bool:
    """Whether an expression calls a function named like an assertion."""
    function = getattr(call, "func", None) if isinstance(call, ast.Call) else None
    return str(getattr(function, "attr", getattr(function, "id", ""))).lower().startswith("assert")


def _is_assertion(node: Any) -> bool:
    return isinstance(node, ast.Assert) or _asserting_call(node) is not None


def _fails(node: Any) -> bool:
    """Whether a statement always fails: reaching it is what a repair avoids."""
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Assert):
        return not getattr(node.test, "value", True)
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in _FAILS


def _kind_of_block(node: Any) -> str:
    leaves = any(isinstance(one, (ast.Return, ast.Break, ast.Continue)) for one in _within(node))
    return "way" if leaves else "block"


def _all(nodes: Iterable[ast.AST]) -> Iterator[Any]:
    for node in nodes:
        yield from ast.walk(node)


def _has_stars(arguments: Sequence[ast.expr]) -> bool:
    return any(isinstance(one, ast.Starred) for one in arguments)


def _must_be_first(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call)


def _end(node: Any) -> int:
    """The last line of a node, which Python itself says since 3.8."""
    ends: Any = (getattr(one, "end_lineno", None) or getattr(one, "lineno", 0) for one in ast.walk(node))
    return int(max(ends))


def _assertions_of(node: Any) -> Tuple[List[int], int]:
    """The lines of the assertions that a function always comes to, and of the last; none if it can be left before."""
    if any(isinstance(one, (ast.Return, ast.Yield, ast.YieldFrom)) for one in _within(node)):
        return [], 0
    certain = [one.lineno for one in node.body if _is_assertion(one)]
    waiting, last = list(node.body), 0
    while waiting:
        one = waiting.pop(0)
        waiting[:0] = one.body if isinstance(one, _LOOPS) else []
        last = one.lineno if _is_assertion(one) else last
    return certain, last


def _within(node: Any) -> Iterator[ast.AST]:
    """What is in a function, without the functions in it."""
    waiting = list(node.body)
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [] if isinstance(one, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)) else list(ast.iter_child_nodes(one))


def _plain_tests(tree: ast.Module) -> Iterator[str]:
    """The tests that pytest and unittest find in a file without any doubt: they are defined once, and no more."""
    if "__test__" in {getattr(node, "id", "") for node in ast.walk(tree)}:
        return
    holders: List[Any] = [tree, *(one for one in tree.body if isinstance(one, ast.ClassDef))]
    for holder in holders:
        prefix = ""
        if isinstance(holder, ast.ClassDef):
            bases = [getattr(base, "attr", getattr(base, "id", "")) for base in holder.bases]
            if (
                holder.decorator_list
                or holder.keywords
                or (bases != ["TestCase"] and not (not bases and _is_suite(holder)))
            ):
                continue
            prefix = f"{holder.name}::"
        defined = [one.name for one in holder.body if isinstance(one, _FUNCTIONS) and not one.decorator_list]
        stored = [
            getattr(one, "id", "") for one in ast.walk(tree) if not isinstance(getattr(one, "ctx", None), ast.Load)
        ]
        for name in defined:
            if name.startswith("test") and defined.count(name) == 1 and name not in stored:
                yield prefix + name


def _is_suite(holder: ast.ClassDef) -> bool:
    names = {getattr(one, "name", "") for one in holder.body}
    return holder.name.startswith("Test") and not names & {"__init__", "__new__"}
