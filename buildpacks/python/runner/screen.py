"""What is screened: the rehearsed tests, how to run and watch them, and the types of requests and answers."""

from types import CodeType
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .attempt import Limited, Runner
from .spent import Spent
from .state import OtherModules, TreeState
from .swap import Replacement

Candidate = Dict[str, Any]
"""One of the candidates of a `try`: its `files` and its `probes`."""

Answer = Optional[Dict[str, Any]]
"""How a candidate fails; None if that is unknown here."""


class LazyState(NamedTuple):
    """State of the tree that the first test that needs it sets up: a cache, a singleton, a compiled table.

    A screener runs the tests `settled` before anything else; candidates are not blamed for what these leave. If a
    candidate changes `code` that behaved differently at that time, only a fork can show its state.
    """

    folder: str
    settled: Sequence[str]
    code: FrozenSet[CodeType]


class Screen(NamedTuple):
    """What screeners need: those of the `tests` that must not break that they can run, in order, and how to watch them.

    `screened` are all tests that may be run here, `canaries` the results of some of them on the base. Events in `code`
    and in the code of candidates are counted for the tests that have a limit in `events`. What `unclean` tests change
    is set back before the next test. `ran` is the code of the functions that every target runs.
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
    unclean: FrozenSet[str]
    ran: FrozenSet[CodeType]
    replacements: Callable[[Candidate], List[Replacement]]
    spent: Spent
