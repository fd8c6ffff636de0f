"""Several faults in one project: repaired one after another, composed, and reported if only some could be."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

SHOP = """\
def normal(name):
    return name.strip().lower()


def total(prices):
    result = 0
    for price in prices:
        result -= price
    return result


def in_stock(stock, name):
    return normal(name) not in stock


def label(name, price):
    return f"{normal(name)}: {price}"


def secret(number):
    return number
"""
TESTS = """\
import pytest

from shop import in_stock, label, secret, total


@pytest.mark.parametrize(("prices", "expected"), [([1, 2], 3), ([5], 5), ([], 0)])
def test_total(prices, expected):
    assert total(prices) == expected


def test_in_stock():
    assert in_stock({"tea": 1}, " Tea")
    assert not in_stock({"tea": 1}, "coffee")


def test_label():
    assert label(" Tea", 3) == "tea: 3"
"""
BEYOND = """

def test_secret():
    assert secret(3) == "eerht"
    assert secret(4) == [7, 7, 1]
"""
TOTAL = ["test_shop.py::test_total[prices0-3]", "test_shop.py::test_total[prices1-5]"]
STOCK = "test_shop.py::test_in_stock"
SECRET = "test_shop.py::test_secret"


@pytest.fixture
def two_faults(project: Make) -> Path:
    return project({"shop.py": SHOP, "test_shop.py": TESTS})


@pytest.fixture
def beyond_repair(project: Make) -> Path:
    """Two faults that one edit each repairs, and one that none does."""
    return project({"shop.py": SHOP, "test_shop.py": TESTS + BEYOND})


def test_independent_faults_are_repaired_and_composed(two_faults: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    ran = rfsn("repair", two_faults, "--out", tmp_path / "session", "--json")
    assert (ran.code, ran.json["status"]) == (0, "repaired")
    assert set(ran.json["tests"]["fixed"]) == {*TOTAL, STOCK}
    subprocess.run(["git", "apply", tmp_path / "session" / "patch.diff"], cwd=two_faults, check=True)
    assert (two_faults / "shop.py").read_text() == SHOP.replace("-=", "+=").replace("not in", "in")
    assert rfsn("replay", tmp_path / "session").code == 0


@pytest.mark.thorough
def test_a_partial_repair_is_kept_if_the_rest_cannot_be_repaired(
    beyond_repair: Path, rfsn: Rfsn, tmp_path: Path
) -> None:
    ran = rfsn("repair", beyond_repair, "--out", tmp_path / "session", "--branch", "some", "--json")
    assert (ran.code, ran.json["status"]) == (1, "partly_repaired")
    assert set(ran.json["tests"]["fixed"]) == {*TOTAL, STOCK}
    assert ran.json["reason"].startswith("the patch repairs 3 of 4 targets and breaks nothing; none of ")
    assert ran.json["verdict"]["reasons"] == [f"targets that do not pass: {SECRET}"]
    assert ran.json["delivered"] == "committed to the branch some"
    assert ran.json["patch"] == (tmp_path / "session" / "patch.diff").read_text()
    subprocess.run(["git", "apply", tmp_path / "session" / "patch.diff"], cwd=beyond_repair, check=True)
    assert (beyond_repair / "shop.py").read_text() == SHOP.replace("-=", "+=").replace("not in", "in")
    assert "partly repaired" in (tmp_path / "session" / "report.html").read_text()
    assert rfsn("replay", tmp_path / "session").code == 0


@pytest.mark.thorough
def test_targets_that_are_not_wanted_do_not_count(beyond_repair: Path, rfsn: Rfsn) -> None:
    ran = rfsn("repair", beyond_repair, "--target", STOCK, "--target", TOTAL[0], "--json")
    assert (ran.code, ran.json["status"]) == (0, "repaired")
    assert SECRET in ran.json["tests"]["failing"]


def test_a_patch_for_all_targets_without_a_verdict_is_shown(project: Make, rfsn: Rfsn, tmp_path: Path) -> None:
    one_fault = project({"shop.py": SHOP.replace("not in", "in"), "test_shop.py": TESTS})
    report = rfsn("repair", one_fault, "--max-steps", "4", "--out", tmp_path / "session", "--json").json
    assert (report["status"], report["patch"]) == ("not_repaired", None)
    assert report["best"]["fixed"] == TOTAL
    subprocess.run(["git", "apply", tmp_path / "session" / "best.diff"], cwd=one_fault, check=True)


def test_a_partial_patch_without_a_verdict_is_shown(two_faults: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    """Four steps are enough to find it, but not to verify it."""
    ran = rfsn("repair", two_faults, "--max-steps", "4", "--out", tmp_path / "session")
    assert ran.code == 1
    report = json.loads((tmp_path / "session" / "report.json").read_text())
    assert (report["status"], report["patch"]) == ("not_repaired", None)
    assert report["best"]["patch"] == (tmp_path / "session" / "best.diff").read_text()
    assert f"{tmp_path / 'session'}/best.diff" in ran.err
    assert not (tmp_path / "session" / "patch.diff").exists()
    subprocess.run(["git", "apply", tmp_path / "session" / "best.diff"], cwd=two_faults, check=True)
    after = (two_faults / "shop.py").read_text()
    assert after in {SHOP.replace("-=", "+="), SHOP.replace("not in", "in")}
    assert set(report["best"]["fixed"]) == (set(TOTAL) if "+=" in after else {STOCK})
