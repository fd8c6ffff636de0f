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


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("no diff at all\n", "it is not a diff"),
        ("--- a/n.py\n+++ b/n.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n", "there is no file n.py"),
        ("--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-y = 1\n+y = 2\n", "a hunk for m.py fails"),
        ("--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-error: no\n+y\n", "a hunk for m.py fails"),
        ("--- a/m.py\n+++ b/m.py\n@@ -1,4 +1 @@\n-x = 1\n+x = 2\n", "corrupt patch at .*line 6"),
        ("--- /dev/null\n+++ b/m.py\n@@ -0,0 +1 @@\n+x = 2\n", "m.py: already exists in working directory"),
    ],
)
def test_why_a_patch_does_not_apply_is_said_in_one_sentence(applied: Applied, patch: str, why: str) -> None:
    with pytest.raises(DoesNotApply, match=f"^the patch does not apply: {why}$") as raised:
        applied(patch)
    assert "error: " in raised.value.said


def test_a_patch_that_makes_git_write_too_much_does_not_apply(applied: Applied) -> None:
    hunks = "".join(f"@@ -{line} +{line} @@\n-y\n+z\n" for line in range(1, 50_000))
    with pytest.raises(DoesNotApply, match="git and patch write too much"):
        applied(f"--- a/{LONG}\n+++ b/{LONG}\n{hunks}")
