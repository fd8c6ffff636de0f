"""Inputs like those of the tests, but others: copies of recorded arguments with a few changes, always the same ones.

What holds for the arguments of every recorded call (a type, a sign, an order, an index that fits) holds for the changed
ones too, in the manner of Daikon's likely invariants (Ernst et al., TSE 2001): on what a function was not made for,
right versions of it differ from one another as well.
"""

from __future__ import annotations

import random
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Set

from .calls import Arguments

_ATTEMPTS = 10
"""How many changed inputs are made for each that is wanted: some are not like the recorded ones."""

_LEAST, _MOST = (0, 1, 2), (0, 10, 100, 1000, 10**6)
_NUMBERS = (int, float)
_SEQUENCES = (list, tuple, str, bytes)
_COLLECTIONS = (list, tuple, set, frozenset, dict)

Pool = Dict[type, List[Any]]
"""The values of each type that were seen somewhere in the arguments."""

Change = Callable[[Arguments, Pool, random.Random], Arguments]
Further = Callable[[Any], Iterable[str]]


# Changes


def changed_call(call: Arguments, pool: Pool, chance: random.Random) -> Arguments:
    """One to three changes somewhere in the arguments."""
    positional, named = list(call[0]), dict(call[1])
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(max(1, len(positional) + len(named)))
        if place < len(positional):
            positional[place] = changed(positional[place], pool, chance)
        elif named:
            name = list(named)[place - len(positional)]
            named[name] = changed(named[name], pool, chance)
    return positional, named


def changed(value: Any, pool: Pool, chance: random.Random) -> Any:
    """Another value of the same type, with one change in it; nothing that is part of `value` is touched."""
    kind = type(value)
    if kind in (int, float, str) and chance.random() < 0.2 and pool.get(kind):
        return chance.choice(pool[kind])
    if kind is bool:
        return not value
    if kind in _NUMBERS:
        return kind(chance.choice((value + 1, value - 1, 0, -value, value * 2, value + chance.randint(-9, 9))))
    if kind is str:
        letters = "".join(pool.get(str, ())) or "a"
        return "".join(_rearranged(list(value), lambda: chance.choice(letters), chance))
    if kind is bytes:
        return bytes(_rearranged(list(value), lambda: chance.randrange(256), chance))
    if kind in (list, tuple):
        return kind(_items_changed(list(value), pool, chance))
    if kind in (set, frozenset):
        return kind(_items_changed(sorted(value, key=repr), pool, chance))
    if kind is dict and value:
        copied = dict(value)
        key = chance.choice(list(copied))
        if chance.random() < 0.25:
            del copied[key]
        else:
            copied[key] = changed(copied[key], pool, chance)
        return copied
    return value


def _items_changed(items: List[Any], pool: Pool, chance: random.Random) -> List[Any]:
    nested = [place for place, item in enumerate(items) if type(item) in _COLLECTIONS]
    if nested and chance.random() < 0.5:
        place = chance.choice(nested)
        items[place] = changed(items[place], pool, chance)
        return items
    examples = items or [one for kind in (int, str, float) for one in pool.get(kind, ())][:8] or [0]
    return _rearranged(items, lambda: changed(chance.choice(examples), pool, chance), chance)


def _rearranged(items: List[Any], element: Callable[[], Any], chance: random.Random) -> List[Any]:
    """One element more, less, twice or another, two exchanged, all in another order, or none left."""
    at = chance.randrange(len(items)) if items else 0
    kind = chance.choice(("add", "add", "remove", "remove", "twice", "other", "other", "exchange", "shuffle", "empty"))
    if kind == "add" or not items:
        items.insert(chance.randint(0, len(items)), element())
    elif kind == "remove":
        del items[at]
    elif kind == "twice":
        items.insert(at, items[at])
    elif kind == "other":
        items[at] = element()
    elif kind == "exchange":
        other = chance.randrange(len(items))
        items[at], items[other] = items[other], items[at]
    elif kind == "shuffle":
        chance.shuffle(items)
    else:
        items.clear()
    return items


def _collect(value: Any, pool: Pool) -> None:
    if type(value) in _COLLECTIONS:
        for element in value.items() if type(value) is dict else value:
            _collect(element, pool)
    else:
        pool.setdefault(type(value), []).append(value)


# Inputs


def inputs_like(recorded: Sequence[Arguments], count: int, chance: random.Random) -> List[Arguments]:
    """At most `count` inputs: a few of those that were recorded, then changed ones."""
    found = list(recorded[: max(1, count // 4)])
    return found + changed_like(recorded, count - len(found), _ATTEMPTS * count, chance)


def changed_like(
    recorded: Sequence[Arguments],
    count: int,
    attempts: int,
    chance: random.Random,
    *,
    change: Change = changed_call,
    further: Further = lambda _: (),
    spelled: Callable[[Arguments], str] = repr,
) -> List[Arguments]:
    """At most `count` changed inputs, of so many attempts, for which all holds that holds for the recorded ones.

    `change` makes one of another, `further` names traits of a value beside those that are looked at anyway, and
    `spelled` tells inputs apart.
    """
    traits = [_traits_of(one, further) for one in recorded]
    every = set.union(*traits)
    common = {
        trait for trait in every if all(trait in own or _vacuous(trait, one) for own, one in zip(traits, recorded))
    }
    pool: Pool = {}
    for positional, named in recorded:
        _collect([positional, named], pool)
    found: List[Arguments] = []
    seen = {spelled(one) for one in recorded}
    for _ in range(attempts):
        if len(found) >= count:
            break
        one = change(chance.choice(recorded), pool, chance)
        known = spelled(one)
        if known in seen:
            continue
        seen.add(known)
        own = _traits_of(one, further)
        if all(trait in own or _vacuous(trait, one) for trait in common):
            found.append(one)
    return found


# What is true of arguments


def _traits_of(call: Arguments, further: Further) -> Set[str]:
    """What is true of the arguments of a call, of each by itself and of each beside the others."""
    found: Set[str] = set()
    values = [*call[0], *call[1].values()]
    for place, value in enumerate(values):
        _add_traits(value, str(place), found, further)
        for other, second in enumerate(values):
            found.update(f"{place} {relation} {other}" for relation in _relations(value, second))
    return found


def _add_traits(value: Any, place: str, found: Set[str], further: Further) -> None:
    kind = type(value)
    found.add(f"{place} is {kind.__name__}")
    found.update(f"{place} {trait}" for trait in further(value))
    if kind in _NUMBERS:
        found.update(f"{place} >= {least}" for least in _LEAST if value >= least)
        found.update(f"{place} <= {most}" for most in _MOST if value <= most)
    elif kind in (str, *_COLLECTIONS):
        found.update([f"{place} is not empty"] if value else [])
    if kind in _COLLECTIONS:
        of_elements: List[Set[str]] = []
        for element in value.items() if kind is dict else value:
            of_elements.append(set())
            _add_traits(element, f"{place}[]", of_elements[-1], further)
        found.update(set.intersection(*of_elements) if of_elements else ())
    if kind in (list, tuple):
        found.update(f"{place} is {order}" for order in _orders(value))


def _orders(values: Sequence[Any]) -> Iterator[str]:
    try:
        if all(one <= two for one, two in zip(values, values[1:])):  # noqa: RUF007  # it is younger
            yield "sorted"
        if len(set(values)) == len(values):
            yield "distinct"
        if sorted(values) == list(range(len(values))):
            yield "a permutation"
    except TypeError:  # they have no order, or no hash
        pass
    if len({len(one) if isinstance(one, (list, tuple)) else -1 for one in values}) == 1:
        yield "of one width"


def _relations(one: Any, two: Any) -> Iterator[str]:
    if type(one) in _NUMBERS and type(two) in _NUMBERS and one >= two:
        yield ">="
    if isinstance(one, (*_SEQUENCES, dict)) and isinstance(two, (*_SEQUENCES, dict)) and len(one) == len(two):
        yield "is as long as"
    if type(one) is int and isinstance(two, _SEQUENCES) and one <= len(two):
        yield "fits"
    if isinstance(two, (list, tuple)) and one in two:
        yield "is in"


def _vacuous(trait: str, call: Arguments) -> bool:
    """Whether what is said of elements is missing only because there is none."""
    place = trait.partition(" ")[0]
    values = [*call[0], *call[1].values()]
    top = place.partition("[")[0]
    return top != place and int(top) < len(values) and not values[int(top)]
