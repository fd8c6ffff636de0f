"""One Python file before and after a change: the constructs of the parts that differ."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Sequence

from gate.languages.api import Compared, Construct
from gate.languages.edits import edits_of
from gate.languages.python.constructs import SENSITIVE, constructs_of
from gate.languages.python.mains import is_program
from gate.languages.python.module import Module, parse_module
from gate.languages.python.names import Names, hidden
from gate.languages.python.regions import Definition, Region, regions_of
from gate.languages.python.shares import Share, shares_of, unlike
from gate.languages.python.text import constructs_of_lines
from gate.patch import Edit, FileChange

__all__ = ["compare"]

type _Read = tuple[Share, Counter[Construct]]


def compare(file: FileChange) -> Compared | None:
    """One file before and after; None if it parsed before, or did not exist, and does not parse after."""
    module = parse_module(file.before) if file.before is not None else Module(b"", ast.Module([], []))
    if module is None:
        return _compare_unparsed(file)
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
    was = [(share, module.constructs([share.statement])) for share in shares_of(module.tree.body)]
    now = [(share, constructs_of([share.statement], names)) for share in shares_of(whole.tree.body)]
    return _compared(was, now, module.names)


def _compare_regions(module: Module, regions: Sequence[Region], names: Names) -> Compared:
    was: list[_Read] = []
    now: list[_Read] = []
    for region in regions:
        main = _in_main(region.around)
        before, after = shares_of(region.before, region.around), shares_of(region.after, region.around)
        was += [(share, module.constructs([share.statement], main=main)) for share in before]
        now += [(share, constructs_of([share.statement], names, main=main)) for share in after]
    return _compared(was, now, module.names)


def _compared(was: Sequence[_Read], now: Sequence[_Read], names: Names) -> Compared:
    """The constructs that each place has more of than before, and the whole statements that went and came."""
    before, after = _by_place(was), _by_place(now)
    new = Counter[Construct]()
    changed: set[tuple[str, ...]] = set()
    for place in before.keys() | after.keys():
        if before[place] != after[place]:
            changed.add(place)
            new.update(after[place] - before[place])
    left, came = _statements(was, changed), _statements(now, changed)
    stayed = left.keys() & came.keys()  # what stays where it is may have another meaning
    return Compared(
        Counter(),
        new,
        names.modules,
        Counter(text for place, text in left.keys() - stayed),
        tuple((text, found) for (place, text), found in came.items() if (place, text) not in stayed),
    )


def _statements(
    read: Sequence[_Read], places: set[tuple[str, ...]]
) -> dict[tuple[tuple[str, ...], str], Counter[Construct]]:
    """The statements of some places that have constructs, by place and text."""
    return {(share.place, ast.dump(share.statement)): found for share, found in read if found and share.place in places}


def _by_place(read: Sequence[_Read]) -> defaultdict[tuple[str, ...], Counter[Construct]]:
    places: defaultdict[tuple[str, ...], Counter[Construct]] = defaultdict(Counter)
    for share, constructs in read:
        places[share.place].update(constructs)
    return places


def _uncovers(module: Module, regions: Sequence[Region]) -> bool:
    """Whether a change takes away what hides a built-in, perhaps from untouched code."""
    was = frozenset[str]().union(*(module.hidden(region.before) for region in regions))
    return bool(was) and not was <= hidden([node for region in regions for node in region.after])


def _in_main(around: Sequence[Definition]) -> bool:
    return any(is_program(definition) for definition in around if not isinstance(definition, ast.ClassDef))


def _compare_unparsed(file: FileChange) -> Compared:
    """A file that did not parse before the change: if it does now, all is new that is not there as it was."""
    before, after = file.before or b"", file.after or b""
    whole = parse_module(after)
    if whole is None:
        return _compare_lines(before, after, edits_of(file))
    fresh = unlike(whole.tree.body, after.splitlines(), b"\n%s\n" % b"\n".join(before.splitlines()))
    return Compared(Counter(), constructs_of(fresh, whole.names), frozenset())


def _compare_lines(before: bytes, after: bytes, edits: Sequence[Edit]) -> Compared:
    """A file for another version of Python: the lines that differ are read word by word."""
    start = before.rfind(b"\n", 0, edits[0].start) + 1
    rest = before[edits[-1].end :]
    tail = len(rest.partition(b"\n")[2])
    was, now = before[start : len(before) - tail], after[start : len(after) - tail]
    return Compared(constructs_of_lines(was), constructs_of_lines(now), frozenset())
