"""Literals that code compares its input with, and answers that depend on no input."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import chain

from gate.languages.python.values import fold_value, is_specific, is_telling, scalars_of, spelled

__all__ = [
    "ARROW",
    "COMPARISONS",
    "answer_named",
    "answered_literals",
    "compared_with",
    "is_answer",
    "is_literal",
    "is_truth",
]

COMPARISONS = {
    "__eq__": True, "__ne__": False, "__lt__": True, "__le__": True, "__gt__": True, "__ge__": True,
    "__contains__": True, "__instancecheck__": True, "__subclasscheck__": True, "__subclasshook__": True,
}  # fmt: skip
"""Comparison methods, each with the answer that passes an assertion."""

ARROW = " => "
"""What is between an input and its answer."""

_EXACT = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
_LEAST_ELEMENTS = 2


def answered_literals(node: ast.AST) -> Iterator[str]:
    """The literals for which a branch answers with a literal, each with such an answer (see `answer_named`).

    `if x == 'abc': return 5`, `5 if x == 'abc' else y`, `case 'abc': return 5`, `{'abc': 5}[x]`, `{'abc': 5}.get(x)`.
    Strings of three characters or more count, numbers that are not small, and containers of two elements or more. What
    could be the answer to any question, such as None, a truth or zero, is none: that may be a special case.
    """
    given, answers = _branch(node)
    told = list(answers)
    yield from (answer_named(literal, answer) for literal in (given if told else ()) for answer in told)


def answer_named(literal: str, answer: str) -> str:
    """An input with its answer, as the name of a construct."""
    return f"{literal}{ARROW}{answer}"


def _branch(node: ast.AST) -> tuple[Iterator[str], Iterator[str]]:
    """The literals that a branch is taken for, and the scalars of its answer."""
    match node:
        case ast.If(test=test, body=body, orelse=other):
            return _compared(test), chain(_told(body), _told(other))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _compared(test), _specific([body, other])
        case ast.match_case(guard=ast.expr() as guard, body=body):
            return _compared(guard), _told(body)
        case ast.match_case(pattern=ast.MatchValue(value=value), body=body):
            return _telling([value]), _told(body)
        case ast.match_case(pattern=ast.MatchOr(patterns=patterns), body=body):
            return _telling([one.value for one in patterns if isinstance(one, ast.MatchValue)]), _told(body)
        case ast.Subscript(value=ast.Dict() as table) | ast.Call(func=ast.Attribute(value=ast.Dict() as table)):
            if all(map(is_literal, table.values)):
                return _telling([key for key in table.keys if key is not None]), _specific(table.values)
    return iter(()), iter(())


def is_truth(body: Sequence[ast.stmt], wanted: bool) -> bool:  # noqa: FBT001
    """Whether a function's body always returns `wanted` (as a truth value)."""
    nodes = [node for statement in body for node in _own_nodes(statement)]
    stored: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            stored.setdefault(node.targets[0].id, []).append(node.value)
    returned = [node.value for node in nodes if isinstance(node, ast.Return)]
    values = [
        value
        for result in returned
        if result is not None
        for value in (stored.get(result.id, [result]) if isinstance(result, ast.Name) else [result])
    ]
    return bool(returned) and None not in returned and all(_truth(value) is wanted for value in values)


def _truth(node: ast.expr) -> bool | None:
    match node:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _truth(operand)
            return None if inner is None else not inner
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return bool(elements)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return True if ast.dump(left) == ast.dump(right) else None
        case ast.Compare(left=left, ops=[ast.NotEq() | ast.IsNot()], comparators=[right]):
            return False if ast.dump(left) == ast.dump(right) else None
        case ast.BoolOp(op=ast.Or(), values=values) if any(_truth(value) is True for value in values):
            return True
        case ast.BoolOp(op=ast.And(), values=values) if any(_truth(value) is False for value in values):
            return False
        case ast.Call(func=ast.Name(id="bool"), args=[argument]):
            return _truth(argument)
        case ast.Call(func=ast.Name(id="object"), args=[]):
            return True
    return None


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, except those inside functions that it defines."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _own_nodes(child)


def is_answer(body: Sequence[ast.stmt]) -> bool:
    """Whether a block does nothing but return a literal, or store one."""
    if not body:
        return False
    stored = {ast.dump(target) for node in body if isinstance(node, ast.Assign) for target in node.targets}
    for statement in body:
        node = statement.value if isinstance(statement, ast.Expr) else statement
        if not isinstance(node, ast.Return | ast.Assign | ast.Yield | ast.Constant):
            return False
        value = node if isinstance(node, ast.Constant) else node.value
        known = isinstance(value, ast.Name) and ast.dump(ast.Name(value.id, ast.Store())) in stored
        if value is not None and not is_literal(value) and not known:
            return False
    return not (len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is None)


def _told(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The scalars that a block gives, if it does nothing but give literals."""
    values = [getattr(statement, "value", None) for statement in body] if is_answer(body) else []
    return _specific([value for value in values if isinstance(value, ast.expr)])


def _specific(nodes: Sequence[ast.expr]) -> Iterator[str]:
    """The scalars of literals that are more than None, a truth, -1, 0, 1, or something empty."""
    for node in nodes:
        folded = fold_value(node) if is_literal(node) else None
        yield from filter(is_specific, scalars_of(folded[0]) if folded else ())


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is made of literals."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return is_literal(operand)
        case ast.BinOp(left=left, right=right):
            return is_literal(left) and is_literal(right)
        case ast.Call(func=ast.Name(), args=elements, keywords=[]) if elements:
            return all(map(is_literal, elements))
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(map(is_literal, elements))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and is_literal(key) for key in keys) and all(map(is_literal, values))
    return False


def compared_with(test: ast.expr) -> Iterator[ast.expr]:
    """The literals that a condition compares for equality."""
    for node in ast.walk(test):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.In()], comparators=[right]):
                sides = [left, *(right.elts if isinstance(node.ops[0], ast.In) and hasattr(right, "elts") else [right])]
                yield from (side for side in sides if is_literal(side))


def _compared(test: ast.expr) -> Iterator[str]:
    """The literals that a condition compares for equality or membership."""
    for node in ast.walk(test):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, _EXACT) for op in ops):
                yield from _telling([left, *others])
            case ast.Call(func=ast.Attribute(attr="__eq__" | "__ne__" | "__contains__"), args=arguments):
                yield from _telling(arguments)


def _telling(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if not is_literal(node):
            continue
        elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
        scalars = [text for element in elements if (text := _scalar(element))]
        if scalars:
            yield from scalars
        elif len(elements) >= _LEAST_ELEMENTS:
            yield "".join(ast.unparse(node).split())[1:-1]
        elif text := _scalar(node):
            yield text


def _scalar(node: ast.expr) -> str | None:
    """The text of a literal that is specific enough to give a test away."""
    folded = fold_value(node)
    text = spelled(folded[0]) if folded else None
    return text.removeprefix("-") if text is not None and is_telling(text) else None
