"""What a shop has on its shelves."""


class OutOfStock(Exception):
    """There is not enough of an article."""


class Stock:
    """Amounts by article, with a record of who reserved what."""

    def __init__(self, amounts):
        self._amounts = dict(amounts)
        self._reserved = {}

    def free(self, article):
        """How many of an article nobody has reserved."""
        return self._amounts.get(article, 0) - sum(
            amount for (_, name), amount in self._reserved.items() if name == article
        )

    def reserve(self, customer, article, amount):
        """Keep some of an article for a customer."""
        if amount > self.free(article):
            raise OutOfStock(article)
        key = (customer, article)
        self._reserved[key] = self._reserved.get(key, 0) + amount

    def release(self, customer, article):
        """Give back what a customer reserved, and say how many that were."""
        return self._reserved.pop((customer, article), 0)

    def sell(self, customer, article):
        """Hand out what a customer reserved."""
        amount = self._reserved.get((customer, article), 0)
        self._amounts[article] -= amount
        return amount
