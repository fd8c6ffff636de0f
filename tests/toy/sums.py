"""A toy language, built only on the search's protocol: lines `name = number op number`, in ASCII."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from buildpacks import CaseTrace, RepoView
from gate import Candidate, Edit, EditFile, Patch, content_hash
from planners.search.language import (
    AntiPattern,
    Definition,
    FailingTest,
    Function,
    Neighbours,
    Operator,
    Replacement,
    SeenKinds,
    TextEdit,
)

SIGNS = "+*-"
_LINE = re.compile(rf"(\w+) = (\d+) ([{SIGNS}]) (\d+)")


@dataclass(frozen=True)
class Sum:
    """One line."""

    file: SumsFile
    line: int
    start: int

    @property
    def statement_line(self) -> int:
        return self.line

    @property
    def location(self) -> str:
        return f"{self.file.path}:{self.line}"

    @property
    def text(self) -> str:
        return self.file.text.splitlines()[self.line - 1]

    def matches(self, nodes: tuple[str, ...]) -> bool:
        return "sum" in nodes

    def region(self, *, block: bool) -> Sum | None:
        return None if block else self

    def patch(self, replacement: Replacement) -> Patch:
        edits = tuple(Edit(edit.start, edit.end, edit.text.encode("ascii")) for edit in replacement.edits)
        return (EditFile(self.file.path, content_hash(self.file.text.encode()), edits),)


@dataclass(frozen=True)
class SumsFile:
    path: str
    text: str
    functions: tuple[Function, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @property
    def sites(self) -> Iterator[Sum]:
        start = 0
        for number, line in enumerate(self.text.splitlines(keepends=True), 1):
            yield Sum(self, number, start)
            start += len(line)

    def scope(self, site: Sum) -> str:
        return SIGNS.replace(site.text.split()[3], "")

    def edited(self, region: Sum, replacement: Replacement) -> str:
        text = region.text
        for edit in reversed(replacement.edits):
            text = text[: edit.start - region.start] + edit.text + text[edit.end - region.start :]
        return text

    def simplest(self, region: Sum, replacement: Replacement) -> Replacement:
        del region
        return replacement

    def tree(self, text: str) -> str | None:
        return text if _LINE.fullmatch(text) else None


def _other_sign(site: Sum, signs: str) -> Iterator[Replacement]:
    """Another sign: `a = 1 + 2` -> `a = 1 * 2`."""
    place = site.start + len(" ".join(site.text.split()[:3])) + 1
    yield from (Replacement((TextEdit(place, place + 1, sign),)) for sign in signs)


class Sums:
    name = "sums"
    operators = (Operator("sums-sign", 10, 2, 2, ("sum",), _other_sign, language="sums"),)

    def is_kind_of_node(self, kind: object) -> bool:
        return kind == "sum"

    def parse(
        self, path: str, raw: bytes, kinds: SeenKinds, neighbours: Neighbours, failing: Sequence[FailingTest] = ()
    ) -> SumsFile | None:
        del kinds, neighbours, failing
        text = raw.decode("ascii", "replace")
        return SumsFile(path, text) if all(map(_LINE.fullmatch, text.splitlines())) else None

    def mends(
        self, failures: Sequence[CaseTrace], view: RepoView, is_source: Callable[[str], bool]
    ) -> Iterator[Candidate]:
        del failures, view, is_source
        return iter(())

    def anti_patterns(self, before: bytes, after: bytes) -> Iterator[AntiPattern]:
        if after.count(b" * 0\n") > before.count(b" * 0\n"):
            yield AntiPattern.CONSTANT_RESULT


def values(raw: bytes) -> dict[str, int]:
    """Run a file: the values of its names."""
    found = {}
    for name, first, sign, second in _LINE.findall(raw.decode()):
        a, b = int(first), int(second)
        found[name] = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return found
