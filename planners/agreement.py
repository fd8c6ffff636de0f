"""Whether plausible patches do the same on inputs that no test has (see `Trial.behaviour`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean

__all__ = ["agreement", "alike", "classes", "comparable", "tells"]

_FEWEST_VOTES = 3
"""With fewer observed patches than this, agreement is meaningless."""
_UNTRIED = "-"
_UNKNOWN = frozenset("-tx")
"""What says nothing of a patch: it was not tried, or it took too long, or its process ended, as on a busy machine."""


def agreement(behaviours: Sequence[str]) -> list[float]:
    """For each patch the share of the others that it agrees with; the mean if it was not observed.

    Inputs on which all patches do the same are ignored, and so are inputs on which no patch returns.
    """
    words = [behaviour.split() for behaviour in behaviours]
    series = Counter(own[0] for own in words if own).most_common(1)
    voters = [place for place, own in enumerate(words) if own and own[0] == series[0][0]]
    shares: dict[int, list[float]] = {place: [] for place in voters}
    for input in range(1, min((len(words[place]) for place in voters), default=0)):
        answers = {place: words[place][input] for place in voters if words[place][input] != _UNTRIED}
        votes = Counter(answers.values())
        if len(answers) >= _FEWEST_VOTES and len(votes) > 1 and any(word.startswith("r") for word in votes):
            for place, word in answers.items():
                shares[place].append((votes[word] - 1) / (len(answers) - 1))
    known = {place: mean(agreed) for place, agreed in shares.items() if agreed}
    usual = mean(known.values()) if known else 1.0
    return [known.get(place, usual) for place in range(len(behaviours))]


def comparable(one: str, other: str) -> bool:
    """Whether two patches were observed on the same inputs."""
    return bool(one) and bool(other) and one.split(" ", 1)[0] == other.split(" ", 1)[0]


def alike(one: str, other: str) -> bool:
    """Whether two patches that are comparable do the same wherever both were observed."""
    pairs = zip(one.split(), other.split(), strict=False)
    return all(left == right or not _UNKNOWN.isdisjoint({left, right}) for left, right in pairs)


def tells(one: str, other: str) -> bool:
    """Whether two words for the same input show that two patches differ."""
    return one != other and _UNKNOWN.isdisjoint({one, other})


def classes(behaviours: Sequence[str]) -> list[list[int]]:
    """The places of the patches that behave alike, in order; one that was not observed is in no class."""
    found: list[list[int]] = []
    for place, behaviour in enumerate(behaviours):
        if not behaviour:
            continue
        for members in found:
            first = behaviours[members[0]]
            if comparable(first, behaviour) and alike(first, behaviour):
                members.append(place)
                break
        else:
            found.append([place])
    return found
