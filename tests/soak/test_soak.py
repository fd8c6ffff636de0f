"""A small, fixed sample of what `make soak` does for hours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.__main__ import PARTS, chosen

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "count"),
    [
        pytest.param("sessions", 1, marks=pytest.mark.thorough),
        pytest.param("models", 1, marks=pytest.mark.thorough),
        pytest.param("evaluations", 1, marks=pytest.mark.thorough),
        pytest.param("disks", 1, marks=pytest.mark.thorough),
        ("sources", 30),
    ],
)
def test_a_sample_of_the_soak_finds_nothing(part: str, count: int) -> None:
    if part == "disks" and os.geteuid():
        pytest.skip("only root can mount small disks")
    command = [sys.executable, "-m", "tests.soak", part, "--count", str(count), "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_parts_are_run_where_none_is_named() -> None:
    assert chosen([]).parts == [*PARTS]
    assert chosen(["disks", "memory"]).parts == ["disks", "memory"]
    with pytest.raises(SystemExit):
        chosen(["disk"])
