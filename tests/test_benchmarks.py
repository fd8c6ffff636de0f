"""The benchmarks still fit the code: each script can be loaded (CI does not measure)."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).resolve().parent.parent / "benchmarks").glob("*.py"))


def test_every_benchmark_can_be_loaded() -> None:
    """In one process, because most of the time goes to what they all import."""
    load = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path, run_name='benchmark')"
    command = [sys.executable, "-P", "-c", load, *map(str, BENCHMARKS)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize("name", ["imports", "planted"])
def test_the_sets_of_faults_are_balanced(name: str) -> None:
    rows = list(map(json.loads, (BENCHMARKS[0].parent / "faults" / f"{name}.jsonl").read_text("utf-8").splitlines()))
    assert len({row["id"] for row in rows}) == len(rows) == 60
    assert sorted(Counter(row["repo"] for row in rows).values()) == [10] * 6
    assert all(row["original"] and row["original"] != row["faulty"] for row in rows)
    if name == "imports":
        assert sorted(Counter(row["kind"] for row in rows).values()) == [6] * 10
        assert len({(row["repo"], row["kind"]) for row in rows}) == 60


def test_a_fault_is_put_where_its_lines_are_and_a_repair_is_judged_by_what_is_left_of_it(tmp_path: Path) -> None:
    script = runpy.run_path(str(BENCHMARKS[0].with_name("faults.py")), run_name="benchmark")
    fields = {"id": "library-1", "repo": "a/b", "commit": "c", "kind": "k", "path": "code.py", "line": 2}
    texts = {"original": "    return a\n", "faulty": "    return b\n"}
    row = script["Row"](**fields, **texts, packages=[], python="3.12", test_command=["pytest"])
    original = "def f(a, b):\n    return a\n"
    assert row.broken(original) == original.replace("return a", "return b")
    assert row.broken("\n" + original) is None
    (tmp_path / "code.py").write_text(row.broken(original))
    for command in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "base"]):
        script["git"](tmp_path, *command)
    head = "--- a/code.py\n+++ b/code.py\n@@ -1,2 +1,2 @@\n def f(a, b):\n-    return b\n"
    assert script["judged"](row, tmp_path, original, f"{head}+    return (a)  # the first\n") == "same"
    script["git"](tmp_path, "checkout", "-q", ".")
    assert script["judged"](row, tmp_path, original, f"{head}+    return a or b\n") == "other"


REFERENCE = """\
def largest(values):
    return max(values)


def total(node):
    return node.value + (total(node.next) if node.next else 0)


def is_word(text):
    return text.isalpha()
"""
CALLS = """\
from code_under_test import is_word, largest, total


class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next


def test_all():
    assert largest([3, 9, 4]) == 9
    assert largest([1, 5]) == 5
    assert total(Node(1, Node(2))) == 3
    assert is_word("abc")
"""


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("max(values)", "sorted(values)[-1]", ""),
        ("max(values)", "values[1]", "largest"),
        ("(total(node.next) if node.next else 0)", "(2 if node.next else 0)", "total"),
        ("text.isalpha()", "text.isalpha() or '-' in text", ""),
        ("text.isalpha()", "len(text) == 3", "is_word"),
    ],
)
def test_versions_are_compared_on_inputs_like_those_of_the_tests(
    old: str, new: str, differs: str, tmp_path: Path
) -> None:
    """Of the three, the second is wrong on other lists, the third on other nodes, and the fourth only on no word."""
    put_comparison = runpy.run_path(str(BENCHMARKS[0].with_name("repair.py")), run_name="benchmark")["put_comparison"]
    folder, project = tmp_path / "judge", tmp_path / "project"
    folder.mkdir()
    project.mkdir()
    (project / "code_under_test.py").write_text(REFERENCE)
    (project / "test_code.py").write_text(CALLS)
    put_comparison(folder, {"code_under_test.py": [REFERENCE, REFERENCE.replace(old, new)]})
    argv = [sys.executable, str(folder / "differential.py"), "0", "200", "-q"]
    ran = subprocess.run(argv, cwd=project, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])["code_under_test.py"]
    assert found["inputs"] > 50
    assert bool(found["differ"]) == bool(differs)
    assert differs in str(found["example"])
