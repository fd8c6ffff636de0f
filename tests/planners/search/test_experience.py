from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks import CaseResult, Outcome
from planners.search.experience import Experience, Tally, fingerprint
from planners.search.registry import OPERATORS

COUNTS = st.integers(0, 2**40)
TALLIES = st.dictionaries(st.sampled_from([one.id for one in OPERATORS]), st.builds(Tally, COUNTS, COUNTS))


def of(*messages: str, outcome: Outcome = Outcome.FAILED) -> str:
    return fingerprint(CaseResult(f"test_{place}", outcome, 0.0, message) for place, message in enumerate(messages))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("assert 3 == 4", "assert -17 == 2.5e3\n +  where -17 = f(1)"),
        ("KeyError: 'ink'", "KeyError: 7"),
        ("KeyError: 'it\\'s'", 'KeyError: "it\'s"'),
        ("assert [1, 2] == [3]", "assert [4] == ['a', 'b', 'c']"),
        ("assert b'ab' == 'ab'", "assert 'x' == b'x'"),
        ("OSError: /tmp/a-1/b.txt:12 is gone", "OSError: ~/other/c.txt:7 is gone"),
        ("ValueError: <thing.Thing object at 0x7f3a12>", "ValueError: <thing.Thing object at 0xdeadbeef>"),
        ("ValueError: not before 2024-01-02T03:04:05.678", "ValueError: not before 2031-12-30 23:59:01"),
        ("ValueError: no 123e4567-e89b-12d3-a456-426614174000", "ValueError: no c0ffee00-aaaa-4bbb-8ccc-0123456789ab"),
        ("ValueError: line 3, column 14", "ValueError: line 30, column 1"),
    ],
)
def test_values_do_not_matter(one: str, other: str) -> None:
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 3", "IndexError: 3"),
        ("assert 3 == 4", "assert 3 <= 4"),
        ("assert None == 4", "assert 3 == 4"),
        ("TypeError: 'int' object is not iterable", "TypeError: 'NoneType' object is not iterable"),
        ("ValueError: day is out of range", "ValueError: month is out of range"),
        ("NameError: name x1 is not known", "NameError: name y2 is not known"),
    ],
)
def test_kinds_of_failures_differ(one: str, other: str) -> None:
    assert of(one) != of(other)


def test_the_kind_that_most_cases_show_counts() -> None:
    assert of("KeyError: 1", "IndexError: 2", "KeyError: 3") == of("KeyError: 4")
    assert of("KeyError: 1", "IndexError: 2") == of("IndexError: 2", "KeyError: 1")
    assert of("KeyError: 1") != of("KeyError: 1", outcome=Outcome.ERROR)
    assert of() == of()


def test_without_experience_nothing_changes() -> None:
    assert Experience().weigh(OPERATORS, of("KeyError: 1")) == OPERATORS


@given(TALLIES, TALLIES)
def test_weights_are_bounded_and_touch_the_frequency_alone(overall: dict[str, Tally], alike: dict[str, Tally]) -> None:
    weighed = Experience(overall, {"failure": alike}).weigh(OPERATORS, "failure")
    for before, after in zip(OPERATORS, weighed, strict=True):
        assert 0.5 <= after.frequency / before.frequency <= 2.0001
        assert (before.id, before.expand, before.options) == (after.id, after.expand, after.options)


def test_what_helped_gains_more_for_the_same_failure() -> None:
    first, second = OPERATORS[0], OPERATORS[1]
    tallies = {first.id: Tally(40, 0), second.id: Tally(10, 1), "of a plugin that is gone": Tally(5, 5)}
    experience = Experience(tallies, {"same": tallies})

    def change(failure: str) -> list[float]:
        weighed = experience.weigh(OPERATORS, failure)
        return [after.frequency / before.frequency for before, after in zip(OPERATORS, weighed, strict=True)]

    other, same = change("other"), change("same")
    assert same[0] < other[0] < 1.0 < other[1] < same[1]
    assert set(other[2:]) == {1.0}, "an operator that was never tried stays as it is"
