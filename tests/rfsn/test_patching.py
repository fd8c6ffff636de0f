"""Patches from elsewhere, applied as the harness does: what goes wrong is said of the patch, in words that are true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rfsn.source.patching import DoesNotApply, changes_of
from rfsn.source.source import take_source

type Applied = Callable[[str], object]
LONG = "/".join(letter * 200 for letter in "abcdef") + "/m.py"


@pytest.fixture
def applied(project: Callable[..., Path], tmp_path: Path) -> Applied:
    take_source(str(project({"m.py": "x = 1\n", LONG: "x = 1\n"})), "HEAD", tmp_path / "base")
    return lambda patch: changes_of(patch, tmp_path / "base", tmp_path / "scratch")


def test_a_patch_that_makes_git_write_too_much_does_not_apply(applied: Applied) -> None:
    hunks = "".join(f"@@ -{line} +{line} @@\n-y\n+z\n" for line in range(1, 50_000))
    with pytest.raises(DoesNotApply, match="git and patch write too much"):
        applied(f"--- a/{LONG}\n+++ b/{LONG}\n{hunks}")
