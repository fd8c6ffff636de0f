"""Sessions in projects whose tests cannot be loaded: what is the source's fault is repaired, the rest is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

CART = """\
import json
from collections import OrderedDict

LIMITS = OrderedDict(small=1, large=10)


class Cart:
    def __init__(self):
        self.items = OrderedDict()

    def add(self, name, amount=1):
        self.items[name] = self.items.get(name, 0) + amount

    def dump(self):
        return json.dumps(self.items)
"""
PROJECT = {
    "shop/__init__.py": "from .cart import Cart\n",
    "shop/cart.py": CART,
    "tests/test_cart.py": (
        "from shop import Cart\n\n\ndef test_dump():\n    cart = Cart()\n    cart.add('pear')\n"
        "    cart.add('pear')\n    assert cart.dump() == '{\"pear\": 2}'\n"
    ),
    "tests/test_other.py": "def test_other():\n    pass\n",
}
CONFTEST = {"tests/conftest.py": "import shop\n\nKIND = shop.Cart\n"}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("right", "wrong", "others", "target"),
    [
        ("def add(self, name, amount=1):", "def add(self, name, amount=1)", {}, "tests/test_cart.py"),
        ("OrderedDict(small", "OrderdDict(small", CONFTEST, "tests"),
        ("import json\n", "", {}, "tests/test_cart.py::test_dump"),
    ],
)
def test_what_keeps_tests_from_being_loaded_is_repaired(
    right: str, wrong: str, others: dict[str, str], target: str, rfsn: Rfsn, project: Make
) -> None:
    files = PROJECT | others | {"shop/cart.py": CART.replace(right, wrong)}
    ran = rfsn("repair", project(files), "--json").json
    assert ran["status"] == "repaired", ran
    assert ran["tests"]["failing"] == [target]
    assert f"+{right.splitlines()[0]}" in ran["patch"] or right in ran["patch"], ran["patch"]
    evidence = json.loads((Path(ran["folder"]) / "evidence.json").read_text())
    assert evidence["after"]["canaries"] == 6
    assert rfsn("replay", ran["folder"]).code == 0


def test_a_fault_of_another_kind_is_repaired_beside_it_and_warm(rfsn: Rfsn, project: Make) -> None:
    """The workers' tree has the patch that lets the tests be loaded: the base's own file does not even compile."""
    files = {
        "shop/cart.py": CART.replace("def dump(self):", "def dump(self)"),
        "shop/plain.py": "def least(a, b):\n    return a if a > b else b\n",
        "tests/test_plain.py": "from shop.plain import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
        "shop/__init__.py": "",
        "tests/test_cart.py": PROJECT["tests/test_cart.py"].replace("from shop import", "from shop.cart import"),
    }
    ran = rfsn("repair", project(PROJECT | files), "--json").json
    assert (ran["status"], len(ran["tests"]["failing"])) == ("repaired", 2), ran
    assert "+    def dump(self):" in ran["patch"]
    assert "+++ b/shop/plain.py" in ran["patch"]
    assert not ran["outcomes"].get("invalid"), ran["outcomes"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"tests/conftest.py": "import shop\n\nNONE = nothing\n"},
            (
                "tests could not be collected: tests/conftest.py, line 3: NameError: name 'nothing' is not defined "
                "(tests/conftest.py belongs to the tests)"
            ),
        ),
        (
            {"shop/cart.py": f"import numpy\n{CART}"},
            (
                "tests/test_cart.py could not be collected: ModuleNotFoundError: No module named 'numpy' "
                "(shop/cart.py, line 1)"
            ),
        ),
    ],
)
def test_what_no_repair_may_change_is_named(files: dict[str, str], said: str, rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(PROJECT | files), "--json")
    assert (ran.code, ran.json["status"]) == (3, "infra_error")
    assert ran.json["reason"] == said


@pytest.mark.thorough
def test_a_patch_that_lets_tests_be_loaded_and_fail_is_no_repair(rfsn: Rfsn, project: Make) -> None:
    wrong = CART.replace("+ amount", "- amount").replace("def dump(self):", "def dump(self)")
    ran = rfsn("repair", project(PROJECT | {"shop/cart.py": wrong}), "--time-limit", "40", "--json")
    assert (ran.code, ran.json["status"]) == (1, "not_repaired")
    assert "tests/test_cart.py could not be collected: shop/cart.py, line 14: SyntaxError" in ran.json["reason"]


@pytest.mark.thorough
def test_a_name_that_is_missing_behind_another_error_is_imported(rfsn: Rfsn, project: Make) -> None:
    source = (
        "class Failed(Exception):\n    pass\n\n\ndef total(items):\n    try:\n        return _flat(items)\n"
        "    except Exception as error:\n        raise Failed('no total') from error\n\n\n"
        "def _flat(items):\n    return sum(itertools.chain.from_iterable(items))\n"
    )
    test = "from shop import total\n\n\ndef test_total():\n    assert total([[1], [2, 3]]) == 6\n"
    ran = rfsn("repair", project({"shop.py": source, "test_shop.py": test}), "--json").json
    assert (ran["status"], "+import itertools" in ran["patch"]) == ("repaired", True), ran
