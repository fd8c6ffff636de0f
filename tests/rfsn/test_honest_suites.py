"""Suites that do what looks like cheating, on the base as well: their projects are repaired all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = """class Field:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return Condition(self.name, other)

    __hash__ = None


class Condition:
    def __init__(self, name, value):
        self.name, self.value = name, value

    def holds(self, row):
        return row.get(self.name) != self.value


def first(rows, condition):
    return next((row for row in rows if condition.holds(row)), None)
"""
TESTS = """import os
import sys
from pathlib import Path

import pytest

from table import Field, first

ROWS = [{"a": 1000 * number} for number in range(5)]
DATA = Path(__file__).parent / "data"


def test_an_object_that_equals_everything():
    row = first(ROWS, Field("a") == 3000)
    assert row is not None
    assert row["a"] == 3000


@pytest.mark.parametrize(("row", "value"), [([{"a": 1}], 1), ([{"a": 2}], 2)])
def test_a_parameter_that_is_changed(row, value):
    assert first(row, Field("a") == value) == {"a": value}
    row[0]["a"] += 1
    assert first(row, Field("a") == value) is None


def test_a_file_that_is_put_back():
    text = (DATA / "a.txt").read_text()
    (DATA / "a.txt").write_text(text)
    assert (DATA / "a.txt").read_text() == text


def test_events_of_its_own():
    sys.audit("open")
    sys.audit("open", "a", "w", None)
    sys.audit("os.rename", None)


def test_a_file_that_is_taken_away():
    (DATA / "b.txt").write_text("b")
    os.remove(DATA / "b.txt")
"""


def test_a_suite_that_writes_and_changes_its_parameters(rfsn: Callable[..., Any], project: Callable[..., Path]) -> None:
    files = {"table.py": SOURCE, "tests/test_table.py": TESTS, "tests/data/a.txt": "a", "conftest.py": ""}
    ran = rfsn("repair", project(files), "--json").json
    assert ran["status"] == "repaired", ran["reason"]
    assert ran["verdict"]["reasons"] == []


@pytest.mark.parametrize(
    ("heading", "python"),
    [
        ("# Copyright\n\n", "3.13"),
        ('"""Tests."""\n\n', "3.8"),
        ("\n\nfrom __future__ import annotations\n", "3.12"),
    ],
)
def test_assertions_are_watched_however_a_file_begins(
    rfsn: Callable[..., Any], project: Callable[..., Path], tmp_path: Path, heading: str, python: str
) -> None:
    tests = f"{heading}from sums import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    files = {"sums.py": "def add(a, b):\n    return a - b\n", "test_sums.py": tests}
    ran = rfsn("repair", project(files), "--json", "--python", python, "--out", tmp_path / "session").json
    assert ran["status"] == "repaired", ran["reason"]
    events = [json.loads(line)["event"] for line in (tmp_path / "session" / "journal.jsonl").read_text().splitlines()]
    seen = [event["observation"] for event in events if event["kind"] == "observed"]
    assert [one["problem"] for one in seen if one["type"] == "suite_ran"] == ["", ""]
