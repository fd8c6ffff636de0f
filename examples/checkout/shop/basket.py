"""A basket, priced with the help of `shop.prices`."""

from shop.prices import discounted, volume_discount

FREE_SHIPPING_FROM = 5000
SHIPPING = 490


class Basket:
    """Lines of (name, cents, amount)."""

    def __init__(self):
        self._lines = []

    def add(self, name, cents, amount=1):
        """Put some of an article into the basket."""
        self._lines.append((name, cents, amount))

    def goods(self):
        """What the goods cost after discounts."""
        return sum(discounted(cents * amount, volume_discount(cents)) for _, cents, amount in self._lines)

    def shipping(self):
        """What sending them costs."""
        return 0 if not self._lines or self.goods() >= FREE_SHIPPING_FROM else SHIPPING

    def total(self):
        """What the customer pays."""
        return self.goods() + self.shipping()
