import pytest

from shop.prices import discounted, volume_discount


@pytest.mark.parametrize(("cents", "percent", "price"), [(1000, 0, 1000), (999, 5, 949), (1000, 20, 800)])
def test_discounted(cents, percent, price):
    assert discounted(cents, percent) == price


@pytest.mark.parametrize(("amount", "percent"), [(1, 0), (9, 0), (10, 5), (99, 5), (100, 20)])
def test_volume_discount(amount, percent):
    assert volume_discount(amount) == percent
