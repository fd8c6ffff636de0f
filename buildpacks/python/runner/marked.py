"""What is known of a marked file of tests: its marks, and which of them stand for which (see `marking.py`)."""

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

Lines = Tuple[int, int]


class Mark(NamedTuple):
    """One marked place: its number, its lines, and what it is.

    It is an `assertion`, an `element` (of a comprehension in one, or an assertion in a lambda), a `statement`, the
    `header` of one, a `block`, a `with` or `try` as a whole (a `way` out if a `return` or the like may leave it), or a
    `failure`: a statement that always fails, which is not marked.
    """

    number: int
    lines: Lines
    kind: str

    def has(self, line: int) -> bool:
        """Whether it contains a line."""
        return self.lines[0] <= line <= self.lines[1]


class Function(NamedTuple):
    """A function of a file: the assertions that it always comes to, and the last one, which may be in a loop."""

    certain: Tuple[int, ...]
    last: Optional[int]


class Marked:
    """What is known of a marked file.

    `caught` are the lines whose exceptions a handler of the file may catch, `managed` those in the body of a `with`, by
    the number of its mark; `branches` are the lines of each statement with alternatives and of each of these. `names`
    are all identifiers, `tests` the names of the tests that it plainly defines.
    """

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.marks: List[Mark] = []
        self.caught: List[Lines] = []
        self.managed: List[Tuple[Lines, int]] = []
        self.branches: List[Tuple[Lines, Sequence[Lines]]] = []
        self.functions: Dict[str, Function] = {}
        self.names: Set[str] = set()
        self.tests: List[str] = []

    def unmet(self, line: int, passed: Set[int], ended: Set[int]) -> bool:
        """Whether a line that failed on the base was not passed, nor what stands for it.

        `passed` are the marks that were passed, `ended` the assertions that another exception ended. Then, and for what
        is no assertion, the `with` or `try` around may have handled the exception that the test expects.
        """
        holders = [mark for mark in self.marks if mark.has(line) and mark.kind != "way"]
        own = (
            min(holders, key=lambda one: (one.kind in {"block", "element"}, one.lines[1] - one.lines[0]))
            if holders
            else None
        )
        if own is None or own.kind == "failure":
            return False
        if own.number in passed:
            return any(mark.kind == "element" and mark.number not in passed for mark in holders)
        if own.kind != "assertion" or own.number in ended:
            return not any(mark.kind == "block" and mark.number in passed for mark in holders)
        return not any(mark.number in passed for mark in self._instead(own))

    def _instead(self, own: Mark) -> Iterator[Mark]:
        """The assertions in the other branches of the statements around one."""
        for whole, branches in self.branches:
            around = [lines for lines in branches if lines[0] <= own.lines[0] and own.lines[1] <= lines[1]]
            for mark in self.marks if around else ():
                within = whole[0] <= mark.lines[0] and mark.lines[1] <= whole[1]
                if mark.kind == "assertion" and within and not around[0][0] <= mark.lines[0] <= around[0][1]:
                    yield mark
