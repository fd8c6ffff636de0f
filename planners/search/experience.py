"""How edit operators did in earlier repairs, and how much more or less likely each of them is now."""

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
"""The bounds of the factor by which experience changes the likelihood of an operator."""

_ASSUMED = 2.0
"""The number of repairs that the operators' own frequencies count for, beside the observed ones."""

_ALIKE = 4
"""The number of repairs that a repair with the same fingerprint counts for."""

_TYPES = r"(?:NoneType|bool|bytes|dict|float|frozenset|function|int|list|method|module|set|str|tuple|type)"
_NOISE = (
    (
        re.compile(rf"(?!'{_TYPES}')(?<!\w)[brf]*'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""),
        "0",
    ),  # texts, except names of types
    (re.compile(r"(?:[\w.~-]*/)+[\w.-]*"), "0"),  # paths
    (re.compile(r"(?<!\w)(?=[a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b"), "0"),  # hashes
    (re.compile(r"(?<!\w)[-+]?\d[\w.]*"), "0"),  # numbers, addresses
    (re.compile(r"0(?:[-:,. T]+0)+"), "0"),  # times, and collections of any size
)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """How many candidates of an operator were tried in successful repairs, and how many of these repairs are its."""

    tried: int = 0
    helped: int = 0


@dataclass(frozen=True, slots=True)
class Experience:
    """Tallies by the id of the operator: `overall`, and `alike` for each fingerprint of a failure."""

    overall: Mapping[str, Tally] = field(default_factory=dict)
    alike: Mapping[str, Mapping[str, Tally]] = field(default_factory=dict)

    def weigh(self, operators: Sequence[Operator], fingerprint: str) -> tuple[Operator, ...]:
        """The operators with their frequencies for a failure, given the experience.

        The expected repairs of an operator are its share in the likelihood of all candidates that were tried.
        """
        alike = self.alike.get(fingerprint, {})
        tallies = [
            _sum(self.overall.get(operator.id, Tally()), alike.get(operator.id, Tally())) for operator in operators
        ]
        mass = sum(operator.prior * tally.tried for operator, tally in zip(operators, tallies, strict=True))
        if not mass:
            return tuple(operators)
        each = sum(tally.helped for tally in tallies) / mass
        return tuple(
            replace(operator, frequency=operator.frequency * _weight(tally.helped, each * operator.prior * tally.tried))
            for operator, tally in zip(operators, tallies, strict=True)
        )


def fingerprint(cases: Iterable[CaseResult]) -> str:
    """The kind of failure that most of the cases have: exception and message, without the values in it."""
    kinds = Counter(f"{case.outcome}: {_normalised(case.message)}" for case in cases)
    kind = min(kinds, key=lambda kind: (-kinds[kind], kind), default="")
    return hashlib.sha256(kind.encode(errors="replace")).hexdigest()[:16]


def _normalised(message: str) -> str:
    text = message.partition("\n")[0][:_LONGEST]
    for noise, token in _NOISE:
        text = noise.sub(token, text)
    return text


def _sum(overall: Tally, alike: Tally) -> Tally:
    more = _ALIKE - 1  # the overall tally includes them already
    return Tally(overall.tried + more * alike.tried, overall.helped + more * alike.helped)


def _weight(helped: float, expected: float) -> float:
    return min(_MOST, max(_LEAST, (helped + _ASSUMED) / (expected + _ASSUMED)))
