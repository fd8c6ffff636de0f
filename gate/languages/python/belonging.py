"""Names to which nearly everything belongs: exceptions that stand for all of them, and what decides for classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gate.languages.python.assignments import pairs_given
from gate.languages.python.names import Names

__all__ = ["BASES", "CLASS_CHECKS", "last_name", "too_broad"]

CLASS_CHECKS = frozenset({"__instancecheck__", "__subclasscheck__"})
"""What decides in place of a class whether something belongs to it."""

BASES = frozenset({"__base__", "__bases__", "__mro__", "mro"})
"""What leads from a class to those above it."""

_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_OF_EXCEPTIONS = ("Error", "Exception", "Warning")
"""How exceptions are named (PEP 8): none may become another name for everything that is raised."""


def too_broad(node: ast.AST, names: Names) -> Iterator[str]:
    """The checks of classes that a statement, a call or an expression gives, and the exceptions that it widens."""
    match node:
        case ast.Call(func=ast.Attribute(attr="register", value=owner)) if last_name(owner).endswith(_OF_EXCEPTIONS):
            yield last_name(owner)  # what an abstract class takes for its own is raised, and caught, as something else
            return
        case ast.Call():
            return
        case _:
            pairs = [(target, value) for target, value in pairs_given(node) if value is not None]
    for target, value in pairs:
        name = last_name(target)
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        broad = name.endswith(_OF_EXCEPTIONS) and any(not _BROAD.isdisjoint(names.resolve(part)) for part in parts)
        if name in CLASS_CHECKS or broad:
            yield name
        elif names.leads_through(value, BASES):  # of an exception, that is one for more
            yield from (one for one in map(last_name, ast.walk(target)) if one.endswith(_OF_EXCEPTIONS))


def last_name(node: ast.AST) -> str:
    """A plain name, or the last attribute of a dotted one; empty for anything else."""
    return str(getattr(node, "id", getattr(node, "attr", "")))
