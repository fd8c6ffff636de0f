import pytest

from stock import OutOfStock, Stock


@pytest.fixture
def stock():
    return Stock({"pear": 5, "fig": 2})


def test_everything_is_free_at_first(stock):
    assert stock.free("pear") == 5
    assert stock.free("plum") == 0


def test_reserving_takes_from_what_is_free(stock):
    stock.reserve("ada", "pear", 2)
    stock.reserve("ada", "pear", 1)
    assert stock.free("pear") == 2


def test_nobody_reserves_more_than_there_is(stock):
    stock.reserve("ada", "fig", 2)
    with pytest.raises(OutOfStock):
        stock.reserve("bob", "fig", 1)


def test_releasing_gives_back(stock):
    stock.reserve("ada", "fig", 2)
    assert stock.release("ada", "fig") == 2
    assert stock.free("fig") == 2


class TestSelling:
    def test_says_how_many(self, stock):
        stock.reserve("ada", "pear", 3)
        assert stock.sell("ada", "pear") == 3

    def test_ends_the_reservation(self, stock):
        stock.reserve("ada", "pear", 3)
        stock.sell("ada", "pear")
        assert stock.free("pear") == 2
        assert stock.sell("ada", "pear") == 0
