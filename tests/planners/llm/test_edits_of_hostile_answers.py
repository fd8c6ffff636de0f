"""Answers of any length and shape end: each of these took minutes or ended in an error with a plain implementation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate import PatchError, apply
from planners.llm.edits import parse_edits
from planners.testing import GivenTree

CORE = "import re\n\n\ndef f(x):\n    value = one(x)\n    return value\n"
TREE = GivenTree(
    {
        "core.py": CORE.encode(),
        "same.py": b"a\n" * 50_000,
        "long.py": b"x" * 2_000_000,
        "mixed.py": "".join(f"x{at % 7} = {at % 3}\n" for at in range(20_000)).encode(),
        "binary.py": b"\0\0",
        "empty.py": b"",
    }
    | {f"d{at}/u.py": b"" for at in range(3_000)}
)


def block(path: str, search: str, replacement: str = "x") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replacement}\n>>>>>>> REPLACE\n"


HOSTILE = {
    "newlines": "\n" * 1_000_000,
    "fences": "```\n" * 250_000,
    "named fences": "```python core.py\n" * 60_000,
    "markers": "<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE\n" * 25_000,
    "beginnings": "<<<<<<< SEARCH\n" * 70_000,
    "misses": block("core.py", "    value = one(two)\n    return nothing") * 9_000,
    "misses in equal lines": block("same.py", "a\n" * 2_000 + "b") * 200,
    "hits in equal lines": block("same.py", "a\na", "b") * 5_000,
    "nearly": "".join(block("mixed.py", f"x1 = 1\nx3 = 0\nx{at} = 9\nx2 = 2") for at in range(5_000)),
    "nearly one line": "".join(block("core.py", f"    value = one(x{at})") for at in range(5_000)),
    "ticks": "`" * 1_000_000,
    "spaces in a fence": "```" + " " * 900_000 + "`",
    "headers of diffs": "--- a\n+++ b\n" * 70_000,
    "hunks": "--- a/core.py\n+++ b/core.py\n" + "@@ -1 +1 @@\n-x\n+y\n" * 50_000,
    "growing fences": "".join("`" * (3 + at) + "\n" for at in range(1_300)),
    "nested fences": "".join("`" * (3 + at) + "x\n" for at in range(1_300)) + "<<<<<<< SEARCH\n",
    "functions": "```python core.py\n" + "def f():\n    pass\n" * 30_000 + "```\n",
    "whole files": ("```python core.py\n" + CORE + "x = 1\n```\n") * 3_000,
    "brackets": "```python core.py\n" + "(" * 100_000 + "\n```",
    "NUL": "```python core.py\n\0def f(): pass\n```\n" + block("binary.py", "x"),
    "surrogates": block("core.py", "import re", "\ud800") + "```python \ud800.py\nx\n```\n```python n.py\n\udcff\n```",
    "bidi": block("core\u202e.py", "import re", "\u202e") * 2_000,
    "names": ("u.py " * 100 + "\n" + block("", "x")) * 1_400,
    "dividers": "core.py\n<<<<<<< SEARCH\n" + "=======\n" * 100_000 + ">>>>>>> REPLACE\n",
    "one line": block("long.py", "x" * 900_000),
    "megabytes": "x" * 20_000_000,
    "equal lines": "```python same.py\n" + "a\n" * 49_000 + "b\n```",
    "traversal": block("../../etc/passwd", "", "x") + "```sh /etc/cron.d/x\nx\n```",
}


@pytest.mark.sample(6)
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_answer_ends(name: str) -> None:
    parsed = parse_edits(HOSTILE[name], TREE, ["core.py", "same.py"])
    assert len(parsed.misses) <= 100
    assert len(parsed.notes) <= 100
    for path, file in apply(parsed.patch, TREE.read).files.items():
        assert path
        assert file.after != file.before


WORDS = [
    "core.py", "new.py", "```", "```python", "```diff", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "--- a/core.py",
    "+++ b/core.py", "--- /dev/null", "@@ -1,2 +1,2 @@", "-import re", "+import os", " import re", "import re",
    "def f(x):",
    "    value = one(x)", "    return value", "    # ...", "@cached", "class A:", "", "\r", "\t", "\0", "\ud800",
    "rename from x",
    "diff --git a/core.py b/core.py", "    def f(self):", "~~~", "mixed.py", "x1 = 1", "empty.py", "````",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=40).map("\n".join) | st.text(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_answer_gives_a_patch_that_applies(answer: str, cut: bool) -> None:  # noqa: FBT001
    parsed = parse_edits(answer, TREE, ["core.py"], cut=cut)
    try:
        changed = apply(parsed.patch, TREE.read).files
    except PatchError as error:
        pytest.fail(f"{error}: {answer!r}")
    assert all(file.after != file.before for file in changed.values())
    assert parse_edits(answer, TREE, ["core.py"], cut=cut) == parsed


def test_an_answer_of_the_longest_length_is_read_to_its_end() -> None:
    filler = "word " * 199_900
    parsed = parse_edits(f"{filler}\n{block('core.py', '    return value', '    return 1')}", TREE)
    assert apply(parsed.patch, TREE.read).files["core.py"].after == CORE.replace("return value", "return 1").encode()
    cut = parse_edits(f"{filler}{filler}\n{block('core.py', '    return value', '    return 1')}", TREE)
    assert cut.patch == ()
    assert "were read" in cut.notes[0]


def test_files_of_this_project_are_no_answers() -> None:
    """Prose and code without edits give none, and no misses either."""
    root = Path(__file__).resolve().parents[3]
    for path in sorted(root.glob("docs/*.md")):
        parsed = parse_edits(path.read_text(), TREE, ["core.py"])
        assert parsed.patch == ()
