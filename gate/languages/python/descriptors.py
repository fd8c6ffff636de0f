"""Descriptors that code opens itself, and may write to and close like a file that it opened by its name."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

__all__ = ["TAKING", "names_opened"]

TAKING = frozenset({"os.close", "os.fdopen", "os.write"})
"""What a descriptor of `tempfile.mkstemp` is opened for."""

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)


def names_opened(nodes: Iterable[ast.AST], resolve: Callable[[ast.expr], frozenset[str]]) -> frozenset[str]:
    """The names that stand for a descriptor of `tempfile.mkstemp` wherever code binds them."""
    opened, bound = Counter[str](), Counter[str]()
    for node in nodes:
        bound.update(_bound_by(node))
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=name), _])], value=ast.Call(func=function)):
                if resolve(function) == {"tempfile.mkstemp"}:
                    opened[name] += 1
    return frozenset(name for name, times in opened.items() if times == bound[name])


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.Global(names=names):
            yield from names
        case _ if isinstance(node, _NAMED) and node.name:
            yield node.name
