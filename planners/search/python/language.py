"""Python as the search sees it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from buildpacks import CaseTrace, RepoView
from gate import Candidate
from planners.search.language import AntiPattern, FailingTest, Neighbours, Operator, SeenKinds
from planners.search.python.anti_patterns import anti_patterns
from planners.search.python.evidence import Evidence
from planners.search.python.file import PythonFile
from planners.search.python.loading import mends
from planners.search.python.operators import OPERATORS
from planners.search.python.source import load

__all__ = ["PYTHON", "Python"]


class Python:
    """Python, as the interpreter that runs rfsn parses it."""

    name = "python"
    operators: Sequence[Operator] = OPERATORS

    def is_kind_of_node(self, kind: object) -> bool:
        """Whether it is a class of `ast`."""
        return isinstance(kind, type) and issubclass(kind, ast.AST)

    def parse(
        self,
        path: str,
        raw: bytes,
        kinds: SeenKinds,
        neighbours: Neighbours,
        failing: Sequence[FailingTest] = (),
    ) -> PythonFile | None:
        """A file; None if it cannot be decoded or does not parse."""
        source = load(path, raw)
        return PythonFile(source, kinds, neighbours, Evidence(failing)) if source else None

    def mends(
        self, failures: Sequence[CaseTrace], view: RepoView, is_source: Callable[[str], bool]
    ) -> Iterator[Candidate]:
        """Patches for text that does not parse, and for names, imports and attributes that are not there."""
        return mends(failures, view, is_source)

    def anti_patterns(self, before: bytes, after: bytes) -> Iterator[AntiPattern]:
        """The anti-patterns in a change of a file."""
        old, new = load("", before), load("", after)
        if old and new:
            yield from anti_patterns(old.tree, new.tree)


PYTHON = Python()
