"""Objects that compare honestly where little can be asked of them: what is empty, and what is infinite."""

from __future__ import annotations

import math
from typing import Any

import pytest

from buildpacks.python.runner.forgeries import forgery_in


class Table(dict[str, int]):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and dict.__eq__(self, other)

    __hash__ = None


class Items(list[int]):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and list.__eq__(self, other)

    __hash__ = None


class Number(float):
    def __sub__(self, other: float) -> Number:
        return Number(float(self) - other)

    def __rsub__(self, other: float) -> Number:
        return Number(other - float(self))


class Anything(dict[str, int]):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict)

    __hash__ = None


class Near(float):
    def __sub__(self, other: object) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("operands", "how"),
    [
        ((Table(), {}), None),
        (({}, Table(a=1)), None),
        ((Items(), []), None),
        ((Number(math.inf), math.inf), None),
        ((Number(-math.inf), 4.0), None),
        ((Number(4.0), 4.0), None),
        ((Anything(), {}), "equals everything"),
        ((Near(4.0), 5.0), "is as far from every number"),
    ],
)
def test_only_what_compares_alike_with_everything_is_found(operands: tuple[Any, Any], how: str | None) -> None:
    found = forgery_in(operands)
    assert (found.how if found else None) == how
