"""Code in annotations: strings that are evaluated when somebody asks for the types."""

from __future__ import annotations

import ast

__all__ = ["code_of"]

_TEXTS = frozenset({"Literal", "Annotated"})


def code_of(annotation: ast.expr) -> list[ast.expr]:
    """The expressions in the strings of an annotation, except for those of `Literal` and `Annotated`."""
    if isinstance(annotation, ast.Constant):
        return _parsed(annotation.value)
    if isinstance(annotation, ast.Subscript):
        name = getattr(annotation.value, "id", getattr(annotation.value, "attr", ""))
        if name in _TEXTS:
            return []
    children = (child for child in ast.iter_child_nodes(annotation) if isinstance(child, ast.expr))
    return [code for child in children for code in code_of(child)]


def _parsed(value: object) -> list[ast.expr]:
    if not isinstance(value, str) or value.isidentifier():
        return []
    try:
        return [ast.parse(value.strip(), mode="eval").body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
