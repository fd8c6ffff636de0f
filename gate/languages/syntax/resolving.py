"""What an expression stands for, as a dotted name: `process.exit`, however it is written."""

from __future__ import annotations

from typing import ClassVar

from tree_sitter import Node

from gate.languages.syntax.folding import fold_text
from gate.languages.syntax.names import Names
from gate.languages.syntax.parsing import text_of
from gate.languages.syntax.shapes import Shape

__all__ = ["Resolver"]

_MAX_DEPTH = 50


class Resolver:
    """Follows members, entries with a constant key, calls and parentheses down to a name of the file."""

    shape: ClassVar[Shape]

    def __init__(self, names: Names) -> None:
        self.names = names

    def resolve(self, node: Node, depth: int = 0) -> frozenset[str]:
        """The dotted names that an expression may stand for. What a call gives has the name of the function."""
        shape = self.shape
        if depth > _MAX_DEPTH:
            return frozenset()
        if node.type in shape.members and node.type not in shape.calls:
            return self._resolve_member(node, depth)
        if node.type in shape.calls:
            return self.resolve_call(node, depth)
        if node.type in shape.names:
            return self.names.resolve(text_of(node))
        if node.type in shape.indexes:
            holder_field, key_field = shape.indexes[node.type]
            holder, key = node.child_by_field_name(holder_field), node.child_by_field_name(key_field)
            text = fold_text(key, shape) if key is not None else None
            return frozenset() if text is None or holder is None else self._within(holder, text, depth)
        if node.type in shape.wrappers and node.named_child_count:
            return self.resolve(node.named_children[0], depth + 1)
        return frozenset()

    def _resolve_member(self, node: Node, depth: int) -> frozenset[str]:
        holder_field, name_field = self.shape.members[node.type]
        holder, name = node.child_by_field_name(holder_field), node.child_by_field_name(name_field)
        if name is None:
            return frozenset()
        return self.names.resolve(text_of(name)) if holder is None else self._within(holder, text_of(name), depth)

    def _within(self, holder: Node, name: str, depth: int) -> frozenset[str]:
        return frozenset(self.member_name(base, name) for base in self.resolve(holder, depth + 1))

    def member_name(self, base: str, name: str) -> str:
        """The dotted name of a member."""
        return f"{base}.{name}"

    def resolve_call(self, node: Node, depth: int) -> frozenset[str]:
        """What a call gives."""
        if node.type in self.shape.members:
            return self._resolve_member(node, depth)
        function = node.child_by_field_name(self.shape.calls[node.type][0])
        return self.resolve(function, depth + 1) if function is not None else frozenset()
