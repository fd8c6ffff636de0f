"""docs/troubleshooting.md quotes messages as the code has them, and every kind of finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rfsn.reporting.diagnosis import ADVICE

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
LIBRARY = ("No such option: ", "No such command ")
MESSAGES = [
    message for line in PAGE.splitlines() if line.startswith("### ") for message in re.findall(r"`([^`]+)`", line)
]


@pytest.fixture(scope="module")
def source() -> str:
    """All code, with texts that go on in the next line put together."""
    packages = ("rfsn", "planners", "gate", "buildpacks", "sandbox")
    whole = "\n".join(path.read_text() for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return re.sub(r"\"\s*\n\s*f?\"", "", whole)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_quoted_message_is_one_of_ours(message: str, source: str) -> None:
    parts = [part for part in message.split("...") if re.search(r"\w{2}", part)]
    assert parts
    assert not [part for part in parts if part.strip(" ;:,()") not in source and part not in LIBRARY]


def test_every_kind_of_finding_has_its_row(source: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert [kind for kind, _ in rows] == list(ADVICE)
    assert not [seems for _, seems in rows if seems not in source]
