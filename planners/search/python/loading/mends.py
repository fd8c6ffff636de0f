"""The candidates for files that cannot be loaded, from what Python says of each failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from buildpacks import CaseTrace, RepoView
from gate import Candidate, Patch
from planners.search.language import MEND
from planners.search.python.loading.failure import Failure, failures_of
from planners.search.python.loading.names import name_mends
from planners.search.python.loading.syntax import Mend, syntax_mends
from planners.search.python.source import Source, decoded

__all__ = ["mends"]

_MOST = 40
"""The most candidates for one failure."""

_SYNTAX = frozenset({"SyntaxError", "IndentationError", "TabError"})


def mends(failures: Sequence[CaseTrace], view: RepoView, is_source: Callable[[str], bool]) -> Iterator[Candidate]:
    """Patches for what keeps tests from being loaded, the likeliest of each failure first, each patch once."""
    made: set[Patch] = set()
    for failure in failures_of(failures):
        for source, mend in islice(_of(failure, view), _MOST):
            if not mend.edits or not is_source(source.path):
                continue
            patch = source.patch(mend.edits)
            if patch not in made:
                made.add(patch)
                yield Candidate(patch, f"{MEND}{mend.kind}", f"{source.path}:{mend.line}", mend.weight)


def _of(failure: Failure, view: RepoView) -> Iterator[tuple[Source, Mend]]:
    if failure.kind not in _SYNTAX:
        yield from name_mends(failure, view)
        return
    path = failure.frames[-1].path
    source = decoded(path, view.read(path)) if view.exists(path) else None
    if source is not None:
        yield from ((source, mend) for mend in syntax_mends(source))
