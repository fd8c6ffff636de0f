"""Of several patches that pass, the one that takes nothing away comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gate import Candidate
from gate.patch import Edit, EditFile, content_hash
from planners.search.ranking import doubtful, likeliest
from planners.testing import GivenTree
from planners.trial import MODEL, Trial, TrialOutcome

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


def plausible(index: int, changed: Patch, behaviour: str = "") -> Trial:
    return Trial(index, Candidate(changed, "x", "f.py:1", 1.0), TrialOutcome.PLAUSIBLE, behaviour=behaviour)


def best(*edits: tuple[str, str], places: tuple[int, ...] = (0, 1, 2)) -> tuple[str, str]:
    found = [plausible(place, patch(*edit)) for edit, place in zip(edits, places, strict=False)]
    return edits[found.index(likeliest(found, GivenTree({"f.py": BASE.encode()})))]


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
        ("len(found) < 9", "len(found) >= 0"),
        ("len(found) < 9", "8 < 9"),
        ("found.append(item - limit)", "found.append()"),
        ("    found = []", "    return []\n    found = []"),
        ("item < limit", "item != 17"),
        ("item < limit", "divmod(item, item)"),
        ("item < limit", "item in (11, 12, 13)"),
        ("if item < limit", "if item != 'a' and limit"),
        ("    found = []", "    FOUND = found = []"),
    ],
)
def test_what_overfits_is_left_for_what_does_not(old: str, new: str) -> None:
    honest = ("item < limit", "item <= limit")
    assert best((old, new), honest) == honest


def test_between_honest_ones_the_first_is_taken() -> None:
    assert best(("item < limit", "item <= limit"), ("< 9", "< 8"))[1] == "item <= limit"


def test_what_puts_a_forgotten_variable_to_use_is_likelier_than_a_change_beside_it() -> None:
    base = b"def f(text, at):\n    start = at * 2\n    return text.find(',', at)\n"

    def changed(old: str, new: str) -> Patch:
        place = base.index(old.encode())
        return (EditFile("f.py", content_hash(base), (Edit(place, place + len(old), new.encode()),)),)

    beside, used = plausible(10, changed("', at", "', at + 1")), plausible(20, changed("', at", "', start"))
    assert likeliest([beside, used], GivenTree({"f.py": base})) == used
    elsewhere = base.replace(b"return text", b"return start or text")
    assert likeliest([plausible(10, _whole(base, elsewhere)), used], GivenTree({"f.py": base})).index == 10


def _whole(before: bytes, after: bytes) -> Patch:
    return (EditFile("f.py", content_hash(before), (Edit(0, len(before), after),)),)


def test_a_doubtful_patch_beats_an_honest_one_that_came_very_much_later() -> None:
    doubtful = ("item - limit", "item - item")
    assert best(doubtful, ("< 9", "< 8"), places=(0, 500)) == doubtful


@pytest.mark.parametrize(
    ("new", "by", "doubt"),
    [
        ("if not limit:\n        return items\n    return found", "x", "doubtful"),
        ("if not limit:\n        return items\n    return found", MODEL, ""),
        ("if True:\n        return items\n    return found", MODEL, "doubtful"),
        ("return []", MODEL, "doubtful"),
    ],
)
def test_a_missing_case_is_no_reason_to_doubt_a_model(new: str, by: str, doubt: str) -> None:
    trial = Trial(0, Candidate(patch("return found", new), by, "f.py:6", 1.0), TrialOutcome.PLAUSIBLE)
    assert doubtful(trial, GivenTree({"f.py": BASE.encode()})) is bool(doubt)


EDITS = [("item < limit", "item <= limit"), ("< 9", "< 8"), ("item < limit", "item < limit + 1")]


def voted(*behaviours: str, places: tuple[int, ...] = (0, 3, 6)) -> int:
    """Which of some patches, none of them doubtful, is the likeliest."""
    found = [
        plausible(place, patch(*edit), behaviour)
        for place, edit, behaviour in zip(places, EDITS, behaviours, strict=False)
    ]
    return found.index(likeliest(found, GivenTree({"f.py": BASE.encode()})))


@pytest.mark.parametrize(
    ("behaviours", "best"),
    [
        (("i0 ra rb rc", "i0 ra rb rd", "i0 ra rb rd"), 1),
        (("i0 ra t rd", "i0 ra rb rd", "i0 ra rb rd"), 1),
        (("i0 ra rb -", "i0 rb rc -", "i0 rb rc rc"), 1),
        (("i0 ra rb rc", "i0 ra rb rc", "i0 rb rb rd"), 0),
        (("i0 ra rb rc", "i0 ra rb rc", "i0 ra rb rc"), 0),  # all do the same
        (("i0 ra ea t", "i0 ra eb eb", "i0 ra eb eb"), 0),  # none of them returns
        (("i0 ra - rc", "i0 rb rb -", "i0 - rb rd"), 0),  # too few answered
        (("i0 ra", "i1 rb", "i1 rb"), 0),  # too few got the same inputs
        (("i0 ra", "i0 rb", ""), 0),
        (("", "", ""), 0),
    ],
)
def test_what_others_agree_with_is_likelier(behaviours: tuple[str, ...], best: int) -> None:
    assert voted(*behaviours) == best


def test_two_patches_are_too_few_to_agree() -> None:
    assert voted("i0 ra", "i0 rb") == 0


def test_agreement_does_not_outweigh_a_much_better_place() -> None:
    assert voted("i0 ra", "i0 rb", "i0 rb", places=(0, 200, 203)) == 0


def test_a_patch_that_was_not_observed_is_neither_better_nor_worse() -> None:
    found = [plausible(place, patch(*EDITS[0]), "i0 ra") for place in (40, 50)]
    found += [plausible(60, patch(*EDITS[1]), "i0 rb"), plausible(39, patch(*EDITS[2]))]
    tree = GivenTree({"f.py": BASE.encode()})
    assert likeliest(found, tree).index == 40
    assert likeliest([*found[2:], plausible(41, patch(*EDITS[0]), "i0 rc")], tree).index == 39
