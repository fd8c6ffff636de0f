"""Whether a patch does more than know the tests by heart: what it changes in their calls, and in calls near them.

Tests are a weak oracle, and a patch that overfits them most often shows on inputs near theirs (Xin and Reiss,
"Identifying Test-Suite-Overfitted Patches through Test Case Generation", ISSTA 2017). Here a patch is *narrow* if it
changes what calls of the tests answer, and nothing that is near these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Narrowness", "Pair", "narrowness_of"]

LEAST_NEAR = 5
"""With fewer calls near those of the tests, nothing is said."""

_LEAST_WAYS = 3
_RESULT, _ANY_QUESTION = (
    "r",
    frozenset({"None", "True", "False", "0", "1", "-1", "0.0", "''", "b''", "[]", "()", "{}", "set()"}),
)
"""What fits any question is no answer known by heart: code that is right gives it for a whole class of inputs."""

_UNTRIED, _UNTOLD = "-", frozenset("-tx")


@dataclass(frozen=True, slots=True)
class Pair:
    """A call, and what comes of it before and after a patch: words as of `buildpacks.warm`, and texts for people."""

    call: str
    before: str
    after: str
    told_before: str = ""
    told_after: str = ""

    @property
    def known(self) -> bool:
        """Whether it can be said that the patch changes the answer, or that it does not.

        A call that did not end before, and does now, has changed; if it does not end now, the machine may be busy.
        """
        return self.after not in _UNTOLD and self.before != _UNTRIED

    @property
    def is_new(self) -> bool:
        """Whether nothing could be asked before the patch."""
        return self.before == _UNTRIED

    @property
    def changed(self) -> bool:
        """Whether the patch changes the answer."""
        return self.known and self.before != self.after


@dataclass(frozen=True, slots=True)
class Narrowness:
    """Whether a patch is narrow, None if that cannot be said, and why, in words."""

    narrow: bool | None
    why: str


def narrowness_of(own: Sequence[Pair], near: Sequence[Pair]) -> Narrowness:
    """What calls that the tests make (`own`), and calls near those that a patch changes, say of it."""
    changed = [pair for pair in own if pair.changed]
    if not own:
        return Narrowness(None, "no test calls a function with plain data alone, so no call could be repeated")
    if not changed:
        return Narrowness(None, f"of {len(own)} calls that the tests make, none gives another answer by itself")
    known, beyond = [pair for pair in near if pair.known], [pair for pair in near if pair.changed]
    if (always := _always(changed, known)) is not None:
        return Narrowness(
            narrow=True,
            why=f"{always.call} gives {always.told_after} with the patch, and so does every call near it, whatever it "
            "gave before: the patch may only know the answer of the test",
        )
    if beyond:
        shown = min(beyond, key=lambda pair: len(pair.call))
        answers = f"{shown.told_after}, and before the patch {shown.told_before}"
        return Narrowness(
            narrow=False,
            why=f"{len(beyond)} of {len(known)} calls near those of the tests answer differently too, such as "
            f"{shown.call}: {answers}",
        )
    if len(known) < LEAST_NEAR:
        return Narrowness(None, f"there are only {len(known)} calls near those of the tests that could be compared")
    shown = min(changed, key=lambda pair: len(pair.call))
    return Narrowness(
        narrow=True,
        why=f"the patch changes the answers to {len(changed)} calls of the tests, such as {shown.call}, and to none of "
        f"{len(known)} calls near them: it may only know the answers of the tests",
    )


def _always(own: Sequence[Pair], near: Sequence[Pair]) -> Pair | None:
    """The call of a test whose answer each call near it gives, if they gave several before."""
    results = [pair for pair in near if pair.before.startswith(_RESULT) and pair.after.startswith(_RESULT)]
    given = {pair.after for pair in results}
    if len(results) < LEAST_NEAR or len({pair.before for pair in results}) < _LEAST_WAYS or len(given) > 1:
        return None
    same = (pair for pair in own if pair.after in given and pair.told_after not in _ANY_QUESTION)
    return min(same, key=lambda pair: len(pair.call), default=None)
