"""The definitions of a file that edits may have changed: only these are read."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from gate.languages.syntax.parsing import Source
from gate.languages.syntax.shapes import Shape
from gate.patch import Edit

__all__ = ["changed"]

type Span = tuple[int, int]
type Nodes = list[Node]


def changed(
    before: Source, after: Source, edits: Sequence[Edit], ranges: Sequence[Span], shape: Shape
) -> tuple[Nodes, Nodes]:
    """The smallest definitions around the edits and around where the structure differs, before and after.

    What is outside of them has the same text and the same structure in both.
    """
    spans = _merged([*_new_spans(edits), *ranges])
    while True:
        pairs = [_around(before, after, span, edits, shape) for span in spans]
        covered = [_covered(nodes, span) for (_, nodes), span in zip(pairs, spans, strict=True)]
        clashing = [
            at
            for at in range(len(covered) - 1)
            if covered[at][1] > covered[at + 1][0] and covered[at] != covered[at + 1]
        ]
        if not clashing:
            return _unique([old for old, _ in pairs]), _unique([new for _, new in pairs])
        at = clashing[0]
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]


def _unique(groups: list[Nodes]) -> Nodes:
    return list({node.id: node for nodes in groups for node in nodes}.values())


def _covered(nodes: Nodes, span: Span) -> Span:
    return (nodes[0].start_byte, nodes[-1].end_byte) if nodes else span


def _new_spans(edits: Sequence[Edit]) -> list[Span]:
    """Where the edits are in the new content."""
    spans, shift = [], 0
    for edit in edits:
        start = edit.start + shift
        spans.append((start, start + len(edit.text)))
        shift += len(edit.text) - (edit.end - edit.start)
    return spans


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _old(offset: int, edits: Sequence[Edit]) -> int:
    """The offset on the base of an offset of the new content that is in no edit."""
    shift = 0
    for edit in edits:
        if edit.start + shift + len(edit.text) > offset:
            break
        shift += len(edit.text) - (edit.end - edit.start)
    return offset - shift


def _old_start(offset: int, edits: Sequence[Edit]) -> int:
    """The same for the start of a span: an edit that begins there is inside it."""
    shift = 0
    for edit in edits:
        if edit.start + shift >= offset:
            break
        shift += len(edit.text) - (edit.end - edit.start)
    return offset - shift


def _around(before: Source, after: Source, span: Span, edits: Sequence[Edit], shape: Shape) -> tuple[Nodes, Nodes]:
    """The nodes around a span of the new content, as deep as both trees agree on what is around them."""
    old_span = (_old_start(span[0], edits), _old(span[1], edits))
    old_path, new_path = _path(before.root, old_span, shape), _path(after.root, span, shape)
    for old, new in reversed(list(zip(old_path, new_path, strict=False))):
        if _beyond(old, old_span) == _beyond(new, span):
            return old, new
    return [before.root], [after.root]


def _beyond(nodes: Nodes, span: Span) -> Span:
    """How far nodes reach beyond a span in them, on both sides."""
    start, end = _covered(nodes, span)
    return max(0, span[0] - start), max(0, end - span[1])


def _path(root: Node, span: Span, shape: Shape) -> list[Nodes]:
    """The nodes that touch a span, from the outermost to those in the innermost definition that holds it."""
    path: list[Nodes] = []
    node = root
    while True:
        touched = [child for child in node.children if child.start_byte <= span[1] and child.end_byte >= span[0]]
        path.append([child for child in touched if child.is_named])
        if len(touched) != 1 or touched[0].type not in shape.regions:
            return path
        node = touched[0]
        if not (node.start_byte < span[0] and span[1] < node.end_byte):
            return path
