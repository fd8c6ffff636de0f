"""What setup.py passes to `setup`, as far as it is written as literals: the script is not run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ["arguments_of_setup"]

_MAX_SOURCE_BYTES = 1 << 20
_MAX_ENTRIES = 10_000


def arguments_of_setup(source: bytes) -> dict[str, Any]:
    """The arguments of the call of `setup` that are literals or names of literals; none if it cannot be parsed."""
    if len(source) > _MAX_SOURCE_BYTES:
        return {}
    try:
        return _arguments_in(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _arguments_in(tree: ast.Module) -> dict[str, Any]:
    names: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names.setdefault(name, _literal(value, names))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup"), keywords=keywords):
                arguments |= {keyword.arg or "": _literal(keyword.value, names) for keyword in keywords}
    return arguments


def _literal(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a literal, of a name for one, or of a sum of lists; None for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, names), _literal(node.right, names)
        if not isinstance(left, list) or not isinstance(right, list):
            return left or right
        return left + right if len(left) + len(right) <= _MAX_ENTRIES else None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None
