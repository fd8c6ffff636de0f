"""One Python file before and after a change: the constructs of the parts that differ."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

from gate.languages.api import Compared, Construct
from gate.languages.edits import edits_of
from gate.languages.python.constructs import SENSITIVE, constructs_of
from gate.languages.python.mains import is_program
from gate.languages.python.module import Module, parse_module
from gate.languages.python.names import Names, hidden
from gate.languages.python.regions import Definition, Region, regions_of
from gate.languages.python.text import constructs_of_lines
from gate.patch import FileChange

__all__ = ["compare"]


def compare(file: FileChange) -> Compared | None:
    """One file before and after; None if it parsed before, or did not exist, and does not parse after."""
    module = parse_module(file.before) if file.before is not None else Module(b"", ast.Module([], []))
    if module is None:
        return _compare_lines(file)
    edits = [edit for edit in edits_of(file) if edit.start < edit.end or edit.text]
    regions = regions_of(module, edits) if file.before and file.after is not None else None
    if regions is not None:
        names = module.names.with_imports([node for region in regions for node in region.after])
        if not (module.names.given_to(names, SENSITIVE) or _uncovers(module, regions)):
            return _compare_regions(module, regions, names)
        # untouched code could change its meaning
    whole = parse_module(file.after) if file.after is not None else Module(b"", ast.Module([], []))
    if whole is None:
        return None
    names = module.names.without(whole.names).with_imports(whole.tree.body)
    before, after = module.constructs(module.tree.body), constructs_of(whole.tree.body, names)
    return Compared(before, after, module.names.modules)


def _compare_regions(module: Module, regions: Sequence[Region], names: Names) -> Compared:
    before, after = Counter[Construct](), Counter[Construct]()
    for region in regions:
        main = _in_main(region.around)
        before.update(module.constructs(region.before, main=main))
        after.update(constructs_of(region.after, names, main=main))
    return Compared(before, after, module.names.modules)


def _uncovers(module: Module, regions: Sequence[Region]) -> bool:
    """Whether a change takes away what hides a built-in, perhaps from untouched code."""
    was = frozenset[str]().union(*(module.hidden(region.before) for region in regions))
    return bool(was) and not was <= hidden([node for region in regions for node in region.after])


def _in_main(around: Sequence[Definition]) -> bool:
    return any(is_program(definition) for definition in around if not isinstance(definition, ast.ClassDef))


def _compare_lines(file: FileChange) -> Compared:
    """A file that did not parse before the change: the lines that differ are read word by word."""
    before, after = file.before or b"", file.after or b""
    edits = edits_of(file)
    start = before.rfind(b"\n", 0, edits[0].start) + 1
    rest = before[edits[-1].end :]
    tail = len(rest.partition(b"\n")[2])
    was, now = before[start : len(before) - tail], after[start : len(after) - tail]
    return Compared(constructs_of_lines(was), constructs_of_lines(now), frozenset())
