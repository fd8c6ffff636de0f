"""The page on the gate and the rules in the code name one another."""

from __future__ import annotations

import re
from pathlib import Path

from gate.rules import CHANGE_RULES, PROPOSAL_RULES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "gate.md"
APPLIES = "schema.applies"  # what the gate answers before it asks any rule


def test_every_rule_is_in_the_page_and_every_rule_of_the_page_is_there() -> None:
    ids = [*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES), APPLIES]
    rows = re.findall(r"^\| `([a-z.-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_every_row_says_what_and_how() -> None:
    for row in re.findall(r"^\| `.*$", PAGE.read_text(), re.MULTILINE):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert all(cells), row
