"""Of several patches that pass, the one that takes nothing away comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate.patch import Edit, EditFile, content_hash
from planners.search.ranking import likeliest
from planners.state import Plausible
from tests.planners.search.conftest import Tree

if TYPE_CHECKING:
    from gate import Patch

BASE = """\
def f(items, limit):
    found = []
    for item in items:
        if item < limit and len(found) < 9:
            found.append(item - limit)
    return found
"""


def patch(old: str, new: str) -> Patch:
    raw = BASE.encode()
    start = BASE.index(old)
    return (EditFile("f.py", content_hash(raw), (Edit(start, start + len(old), new.encode()),)),)


def best(*edits: tuple[str, str], places: tuple[int, ...] = (0, 1, 2)) -> tuple[str, str]:
    found = [Plausible(place, patch(*edit), "x", "f.py:1") for edit, place in zip(edits, places, strict=False)]
    return edits[found.index(likeliest(found, Tree({"f.py": BASE.encode()})))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        if item < limit and len(found) < 9:\n    ", ""),
        ("            found.append(item - limit)", "            pass"),
        ("len(found) < 9", "found"),
        ("item - limit", "item - item"),
        ("item < limit and len(found) < 9", "True"),
        ("return found", "return []"),
        ("return found", "if not limit:\n        return items\n    return found"),
        ("item < limit", "item == item"),
    ],
)
def test_what_overfits_is_left_for_what_does_not(old: str, new: str) -> None:
    honest = ("item < limit", "item <= limit")
    assert best((old, new), honest) == honest


def test_between_honest_ones_the_first_is_taken() -> None:
    assert best(("item < limit", "item <= limit"), ("< 9", "< 8"))[1] == "item <= limit"


def test_a_doubtful_patch_beats_an_honest_one_that_came_very_much_later() -> None:
    doubtful = ("item - limit", "item - item")
    assert best(doubtful, ("< 9", "< 8"), places=(0, 500)) == doubtful
