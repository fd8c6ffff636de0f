"""What a change newly introduces: the constructs of all its sources after it, less those before it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from weakref import WeakKeyDictionary

from gate.decision import Context
from gate.languages.api import Construct
from gate.languages.python.constructs import SENSITIVE, constructs_of
from gate.languages.python.mains import is_main
from gate.languages.python.module import Module, parse_module
from gate.languages.python.names import Names
from gate.languages.python.regions import Definition, Region, regions_of
from gate.languages.python.text import constructs_of_lines
from gate.patch import Change, Edit, FileChange

__all__ = ["Introduced", "introduced"]

_SUFFIXES = (".py", ".pyw")
_remembered: WeakKeyDictionary[Change, tuple[Context, Introduced]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Introduced:
    """The constructs that a change introduces, each with the file where, and the modules its files knew before.

    `unparsed` are the files that were Python, or are new, and are none after the change.
    """

    constructs: tuple[tuple[Construct, str], ...]
    known: dict[str, frozenset[str]]
    unparsed: tuple[str, ...]


def introduced(change: Change, context: Context) -> Introduced:
    """What a change introduces in product code: Python files that are neither protected nor lifted.

    What moves from one file to another is not new. The answer is remembered as long as the change is.
    """
    known = _remembered.get(change)
    if known is None or known[0] is not context:
        known = _remembered[change] = (context, _introduced(change, context))
    return known[1]


def _introduced(change: Change, context: Context) -> Introduced:
    before: Counter[Construct] = Counter()
    after: Counter[Construct] = Counter()
    where: dict[Construct, str] = {}
    modules: dict[str, frozenset[str]] = {}
    unparsed: list[str] = []
    for path, file in change.files.items():
        if not path.endswith(_SUFFIXES) or context.protected(path) or context.lifted(path):
            continue
        found = _compare(file)
        if found is None:
            unparsed.append(path)
            continue
        before.update(found.before)
        after.update(found.after)
        modules[path] = found.modules
        where |= dict.fromkeys((found.after - found.before).keys() - where.keys(), path)
    fresh = after - before
    return Introduced(tuple((construct, where[construct]) for construct in fresh), modules, tuple(unparsed))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The constructs of the parts of one file that differ, and the modules that it imported before."""

    before: Counter[Construct]
    after: Counter[Construct]
    modules: frozenset[str]


def _compare(file: FileChange) -> _Compared | None:
    """One file before and after; None where it parsed before, or was not there, and does not parse after."""
    module = parse_module(file.before) if file.before is not None else Module(b"", ast.Module([], []))
    if module is None:
        return _compare_lines(file)
    edits = [edit for edit in _edits(file) if edit.start < edit.end or edit.text]
    regions = regions_of(module, edits) if file.before and file.after is not None else None
    if regions is not None:
        names = module.names.with_imports([node for region in regions for node in region.after])
        if not module.names.given_to(names, SENSITIVE):  # else code that was not touched can mean something else
            return _compare_regions(module, regions, names)
    whole = parse_module(file.after) if file.after is not None else Module(b"", ast.Module([], []))
    if whole is None:
        return None
    names = module.names.with_imports(whole.tree.body)
    before, after = module.constructs(module.tree.body), constructs_of(whole.tree.body, names)
    return _Compared(before, after, module.names.modules)


def _compare_regions(module: Module, regions: Sequence[Region], names: Names) -> _Compared:
    before, after = Counter[Construct](), Counter[Construct]()
    for region in regions:
        main = _in_main(region.around)
        before.update(module.constructs(region.before, main=main))
        after.update(constructs_of(region.after, names, main=main))
    return _Compared(before, after, module.names.modules)


def _in_main(around: Sequence[Definition]) -> bool:
    return any(is_main(one.name) for one in around if not isinstance(one, ast.ClassDef))


def _edits(file: FileChange) -> tuple[Edit, ...]:
    """The edits of a file: those that are known, else one from the first byte that differs to the last."""
    before, after = file.before or b"", file.after or b""
    if file.edits is not None and all(first.end < second.start for first, second in pairwise(file.edits)):
        return file.edits
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return (Edit(start, len(before) - end, after[start : len(after) - end]),)


def _common(first: bytes, second: bytes) -> int:
    """How many bytes are the same at the beginning."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _compare_lines(file: FileChange) -> _Compared:
    """A file that no parser here reads, before it was changed: the lines that differ are read word by word."""
    before, after = file.before or b"", file.after or b""
    edits = _edits(file)
    start = before.rfind(b"\n", 0, edits[0].start) + 1
    rest = before[edits[-1].end :]
    tail = len(rest.partition(b"\n")[2])
    was, now = before[start : len(before) - tail], after[start : len(after) - tail]
    return _Compared(constructs_of_lines(was), constructs_of_lines(now), frozenset())
