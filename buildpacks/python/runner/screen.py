"""What is screened: the tests that were rehearsed, how to run and watch them, and the words for what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import CodeType
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from .attempt import Limited, Runner
from .state import OtherModules, TreeState
from .swap import Replacement

Candidate = Dict[str, Any]
"""One of the candidates of a `try`: its `files` and its `probes`."""

Answer = Optional[Dict[str, Any]]
"""How a candidate fails; None where that was not found out here."""


@dataclass(frozen=True)
class LazyState:
    """State of the tree that the first test sets up which needs it: a cache, a single instance, a compiled table.

    A screener runs the tests `settled` before anything else; what they leave is not held against a candidate. Where a
    candidate changes `code` that did something else at that time, only a fork can say what the state would be.
    """

    folder: str
    settled: Sequence[str]
    code: FrozenSet[CodeType]


@dataclass(frozen=True)
class Screen:
    """What screeners need: the `tests` that must not break, in order, and how to run and watch them.

    `screened` are the tests that may be run here, `canaries` what some of them did on the base. What goes on in `code`
    and in that of the candidates is counted for the tests that have a limit in `events`.
    """

    runner: Runner
    screened: Mapping[str, Limited]
    tests: Sequence[str]
    canaries: Mapping[str, Tuple[str, str]]
    state: TreeState
    others: OtherModules
    code: Sequence[CodeType]
    events: Mapping[str, int]
    lazy: LazyState
    replacements: Callable[[Candidate], List[Replacement]]
