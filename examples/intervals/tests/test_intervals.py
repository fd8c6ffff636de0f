import pytest

from intervals import gaps, merge, total


def test_separate_intervals_stay():
    assert merge([(5, 7), (1, 3)]) == [(1, 3), (5, 7)]


def test_overlapping_intervals_become_one():
    assert merge([(1, 4), (2, 6)]) == [(1, 6)]


def test_an_interval_inside_another_vanishes():
    assert merge([(1, 9), (2, 3)]) == [(1, 9)]


def test_intervals_that_touch_become_one():
    assert merge([(1, 3), (3, 5), (5, 6)]) == [(1, 6)]


@pytest.mark.parametrize(("intervals", "size"), [([], 0), ([(1, 4)], 3), ([(1, 4), (2, 6)], 5)])
def test_total(intervals, size):
    assert total(intervals) == size


def test_gaps():
    assert gaps([(1, 3), (3, 5), (8, 9)]) == [(5, 8)]
