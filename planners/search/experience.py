"""What became of edit operators in earlier repairs, and how much likelier or unlikelier that makes each of them now."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from buildpacks import CaseResult
from planners.search.language import Operator

__all__ = ["Experience", "Tally", "fingerprint"]

_LEAST, _MOST = 0.5, 2.0
"""No experience makes an operator less or more likely than by these factors."""

_ASSUMED = 2.0
"""How many repairs the frequencies of the operators count for, beside those that were seen."""

_ALIKE = 4
"""How many repairs one of a failure with the same fingerprint counts for."""

_TYPES = r"(?:NoneType|bool|bytes|dict|float|frozenset|function|int|list|method|module|set|str|tuple|type)"
_NOISE = (
    (
        re.compile(rf"(?!'{_TYPES}')(?<!\w)[brf]*'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""),
        "0",
    ),  # texts, but for the names of types
    (re.compile(r"(?:[\w.~-]*/)+[\w.-]*"), "0"),  # paths
    (re.compile(r"(?<!\w)(?=[a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b"), "0"),  # hashes
    (re.compile(r"(?<!\w)[-+]?\d[\w.]*"), "0"),  # numbers, addresses
    (re.compile(r"0(?:[-:,. T]+0)+"), "0"),  # times, and however many values a collection has
)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """How many candidates of an operator were tried in repairs that succeeded, and how many of these it made."""

    tried: int = 0
    helped: int = 0


@dataclass(frozen=True, slots=True)
class Experience:
    """Tallies by the id of the operator: `overall`, and `alike` for each fingerprint of a failure."""

    overall: Mapping[str, Tally] = field(default_factory=dict)
    alike: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)

    def weigh(self, operators: Sequence[Operator], fingerprint: str) -> tuple[Operator, ...]:
        """The operators with the frequencies that they have for a failure, after what was seen.

        A repair is expected of each operator by its share in the likelihood of all candidates that were tried.
        """
        alike = self.alike.get(fingerprint, {})
        tallies = [_sum(self.overall.get(one.id, Tally()), alike.get(one.id, Tally())) for one in operators]
        mass = sum(one.prior * tally.tried for one, tally in zip(operators, tallies, strict=True))
        if not mass:
            return tuple(operators)
        each = sum(tally.helped for tally in tallies) / mass
        return tuple(
            replace(one, frequency=one.frequency * _weight(tally.helped, each * one.prior * tally.tried))
            for one, tally in zip(operators, tallies, strict=True)
        )


def fingerprint(cases: Iterable[CaseResult]) -> str:
    """The kind of failure that most of the cases show: exception and message, whatever the values in it are."""
    kinds = Counter(f"{case.outcome}: {_normalised(case.message)}" for case in cases)
    kind = min(kinds, key=lambda kind: (-kinds[kind], kind), default="")
    return hashlib.sha256(kind.encode(errors="replace")).hexdigest()[:16]


def _normalised(message: str) -> str:
    text = message.partition("\n")[0][:_LONGEST]
    for noise, token in _NOISE:
        text = noise.sub(token, text)
    return text


def _sum(overall: Tally, alike: Tally) -> Tally:
    more = _ALIKE - 1  # what is alike is in the overall tally, too
    return Tally(overall.tried + more * alike.tried, overall.helped + more * alike.helped)


def _weight(helped: float, expected: float) -> float:
    return min(_MOST, max(_LEAST, (helped + _ASSUMED) / (expected + _ASSUMED)))
