"""Variables that get a value which nothing reads.

Such "dead stores" are among the bug patterns of Hovemeyer and Pugh, "Finding Bugs is Easy" (OOPSLA Companion 2004).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

__all__ = ["unread"]


def unread(function: ast.AST, own: Iterable[ast.AST]) -> Mapping[str, int]:
    """The variables that are assigned to by name in a function and never read, by the line of the assignment.

    `own` are the function's nodes without those of nested functions, which may read the variables.
    """
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    assigned: dict[str, int] = {}
    for node in own:
        match node:
            case ast.Assign(targets=[ast.Name(id=name), *_]):
                assigned[name] = node.lineno
            case ast.Global(names=shared) | ast.Nonlocal(names=shared):
                read.update(shared)
    return {name: line for name, line in assigned.items() if name not in read and not name.startswith("_")}
