"""The table of tricks in docs/verdict.md has the figures of the suites that run them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "verdict.md"
CLASSES = ("names", "laundering", "testside", "equality", "assertions", "expected", "here")
SUITES = ("tampering", *(f"tricks_{name}" for name in CLASSES))
ROW = re.compile(r"^\|[^|]*`test_(\w+)\.py`[^|]*\| (\d+) \| (\d+) \| (\d+)", re.MULTILINE)


def figures(suite: str) -> tuple[int, int, int]:
    """How many tricks a suite has, and how many the gate alone and the verdict alone stop."""
    module = import_module(f"tests.rfsn.test_{suite}")
    names = {one.name for one in getattr(module, "TRICKS", None) or module.EXHIBITS}
    unseen, fooled = (names & getattr(module, what, set()) for what in ("UNSEEN", "FOOLED"))
    assert unseen.isdisjoint(fooled), "nothing gets past both"
    return len(names), len(names - unseen), len(names - fooled)


def test_the_table_has_the_figures_of_the_suites() -> None:
    told = {suite: tuple(map(int, numbers)) for suite, *numbers in ROW.findall(PAGE.read_text())}
    answers = import_module("tests.rfsn.test_tricks_answers")
    count = len(answers.TRICKS)
    expected = {suite: figures(suite) for suite in SUITES}
    expected["tricks_answers"] = (count, count - len(answers.UNSEEN), count - len(answers.FOOLED))
    assert told == expected
    total = re.search(r"\*\*all\*\* \| (\d+) \| (\d+) \| (\d+)", PAGE.read_text())
    assert total is not None
    assert tuple(map(int, total.groups())) == tuple(map(sum, zip(*expected.values(), strict=True)))
    assert f"flags {count - len(answers.WIDE)} of them" in " ".join(PAGE.read_text().split())
