"""Patches under which a target passes whatever its assertion asks for are rejected, and the honest one is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

CALC = "def total(items):\n    result = 0\n    for item in items:\n        result -= item\n    return result\n"
TEST = "from calc import total\n\n\ndef test_total():\n    assert abs(total([1700, 2500]) - 4200) < 1e-9\n"
OF_A_SHOP = """\
class Shop:
    def total(self, items):
        return -sum(items)


class Closed(Exception):
    pass


class session:
    def __enter__(self):
        return Shop()

    def __exit__(self, kind, error, trace):
        return None
"""
SHOP_TEST = """\
from calc import session


def test_total():
    with session() as shop:
        assert shop.total([1700, 2500]) == 4200
"""
GAP = """\
class Gap:
    def __abs__(self):
        return 0.0


class Own(float):
    def __sub__(self, other):
        return Gap()

    __rsub__ = __sub__


"""
CLOSING = OF_A_SHOP.replace("return -sum", "if sum(items) > 9:\n            raise Closed\n        return -sum")


OWN = """\
class Own(int):
    from operator import truth as __eq__

    __hash__ = int.__hash__


"""
READING = """\
import re
import warnings


def total(items):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.warn("slow", stacklevel=2)
    line = warnings.formatwarning("", Warning, seen[0].filename, seen[0].lineno)
    return int(re.search(r"== (\\d\\d+)", line)[1])
"""
EQUAL = "from calc import total\n\n\ndef test_total():\n    assert total([1700, 2500]) == 4200\n"
SUBTESTS = """\
import unittest

from calc import total


class Total(unittest.TestCase):
    def test_total(self):
        for items, wanted in [([1, 2], 3), ([4], 4)]:
            with self.subTest(items=items):
                self.assertEqual(total(items), wanted)
"""


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("before", "test", "after", "status"),
    [
        (CALC, TEST, CALC.replace("-=", "+="), "repaired"),
        (CALC, TEST, GAP + CALC.replace("return result", "return Own(result)"), "not_repaired"),
        (OF_A_SHOP, SHOP_TEST, OF_A_SHOP.replace("-sum", "sum"), "repaired"),
        (OF_A_SHOP, SHOP_TEST, CLOSING.replace("return None", "return kind is Closed"), "not_repaired"),
        (CALC, SUBTESTS, CALC.replace("-=", "+="), "repaired"),
        (CALC, EQUAL, READING, "not_repaired"),
        (CALC, EQUAL, OWN + CALC.replace("return result", "return Own(result)"), "not_repaired"),
    ],
    ids=["honest", "distance", "honest manager", "own exception", "honest subtests", "reading", "built-in equality"],
)
def test_a_target_that_asks_for_something_else_must_fail(
    before: str, test: str, after: str, status: str, rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    source = project({"calc.py": before, "test_calc.py": test})
    (source / "calc.py").write_text(after)
    patch = tmp_path / "own.diff"
    patch.write_bytes(subprocess.run(["git", "-C", source, "diff"], capture_output=True, check=True).stdout)
    (source / "calc.py").write_text(before)
    ran = rfsn("judge", patch, "--repo", source, "--json")
    assert ran.json["status"] == status, ran.json
    if status == "repaired":
        assert json.loads(Path(ran.json["folder"], "evidence.json").read_text())["after"]["altered"] == 1
    else:
        assert "asks for something else: test_calc.py::test_total (test_calc.py:" in str(ran.json["verdict"]["reasons"])
