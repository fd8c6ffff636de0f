from shop.basket import Basket


def test_an_empty_basket_costs_nothing():
    assert Basket().total() == 0


def test_a_single_article_has_no_discount():
    basket = Basket()
    basket.add("lamp", 2500)
    assert basket.goods() == 2500
    assert basket.total() == 2990


def test_many_of_the_same_are_cheaper():
    basket = Basket()
    basket.add("nail", 8, 100)
    assert basket.goods() == 640


def test_shipping_is_free_for_much():
    basket = Basket()
    basket.add("chair", 6000)
    assert basket.shipping() == 0
