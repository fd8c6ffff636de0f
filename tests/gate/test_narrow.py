"""Whether a patch does more than know the answers of the tests, from calls with and without it."""

from __future__ import annotations

import pytest

from gate import Pair, narrowness_of

SAME, OTHER = ("r00000", "r00000"), ("r00000", "r11111")
RAISED, ENDED_NOW, HANGS, BUSY, GONE = ("e0", "r0"), ("t", "r0"), ("r0", "t"), ("t", "t"), ("-", "r0")


def pairs(*words: tuple[str, str]) -> list[Pair]:
    return [Pair(f"f({number})", before, after) for number, (before, after) in enumerate(words)]


@pytest.mark.parametrize(
    ("own", "near", "narrow", "said"),
    [
        ([OTHER, SAME], [SAME] * 5, True, "to 1 calls of the tests, such as f(0), and to none of 5 calls near them"),
        ([RAISED], [SAME] * 9, True, "none of 9"),
        ([ENDED_NOW], [SAME] * 9 + [HANGS, BUSY, GONE], True, "none of 9"),
        ([OTHER], [SAME] * 9 + [OTHER], False, "1 of 10 calls near those of the tests"),
        ([OTHER], [OTHER], False, "1 of 1"),
        ([OTHER], [SAME] * 4, None, "only 4 calls"),
        ([OTHER], [HANGS] * 20, None, "only 0 calls"),
        ([SAME, HANGS, GONE], [], None, "none gives another answer"),
        ([], [], None, "no test calls a function with plain data"),
    ],
)
def test_a_patch_is_narrow_if_nothing_near_the_tests_changes(
    own: list[tuple[str, str]], near: list[tuple[str, str]], *, narrow: bool | None, said: str
) -> None:
    found = narrowness_of(pairs(*own), pairs(*near))
    assert found.narrow is narrow
    assert said in found.why


@pytest.mark.parametrize(
    ("own", "near", "told", "narrow"),
    [
        ("r9", [("r1", "r9"), ("r2", "r9"), ("r3", "r9")] * 2, "26", True),
        ("r9", [*[("r1", "r9"), ("r2", "r9"), ("r3", "r9")] * 2, ("e1", "e1")], "26", True),
        ("r9", [*[("r1", "r9"), ("r2", "r9"), ("r3", "r9")] * 2, ("r4", "r4")], "26", False),
        ("r9", [("r1", "r9"), ("r2", "r9")] * 3, "26", False),
        ("r9", [("r1", "r9"), ("r2", "r9"), ("r3", "r9")], "26", False),
        ("r9", [("r1", "r9"), ("r2", "r9"), ("r3", "r9")] * 2, "None", False),
        ("e9", [("r1", "e9"), ("r2", "e9"), ("r3", "e9")] * 2, "raises ValueError", False),
        ("r8", [("r1", "r9"), ("r2", "r9"), ("r3", "r9")] * 2, "26", False),
    ],
)
def test_a_patch_that_gives_one_answer_whatever_it_is_asked_is_narrow(
    own: str, near: list[tuple[str, str]], told: str, *, narrow: bool
) -> None:
    found = narrowness_of([Pair("f(0)", "r0", own, "3", told)], pairs(*near))
    assert found.narrow is narrow
    assert ("gives 26 with the patch" in found.why) is narrow
