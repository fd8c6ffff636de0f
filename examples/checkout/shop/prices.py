"""Prices in cents."""


def discounted(cents, percent):
    """A price after a discount, rounded down to whole cents."""
    return cents * (100 - percent) // 100


def volume_discount(amount):
    """The discount, in percent, for buying several of the same."""
    if amount >= 100:
        return 20
    if amount >= 10:
        return 5
    return 0
