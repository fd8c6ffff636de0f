"""Issues without a failing test: how many are reproduced, how many wrong tests are noticed, how many are repaired.

    benchmarks/issues.py DATASET.jsonl [--limit N] [--quality P] [--instance-timeout S]

Each row loses its failing tests; one of them becomes the issue. A scripted model behind a real server writes a right
test with probability P, else a wrong one: it fails for an import, it fails as it is, it does not fail flipped, or it
demands something else. Repaired means that the patch passes the row's own tests, which no planner has seen.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.models import Model
from benchmarks.scripted import Account, Message, serving

RFSN = str(Path(sys.executable).with_name("rfsn"))
SEED = 11
TEST = "python -m pytest -q"
WRONG = ("import", "fails as it is", "passes flipped", "other demand")


@dataclass(frozen=True, slots=True)
class Case:
    """A row without its failing tests: what is left of it, and one failing test as statements."""

    row: Mapping[str, Any]
    left: Mapping[str, str]
    imports: str
    test: str
    issue: str


@dataclass
class Writer:
    """A model that writes tests for issues, right or wrong, and right patches."""

    case: Case
    quality: float
    kinds: list[str] = field(default_factory=list)

    def __call__(self, messages: Sequence[Message]) -> str:
        """An answer: two tests to a question for one, else a patch."""
        text = "\n".join(str(message.get("content", "")) for message in messages)
        if "You reproduce reported faults" not in text:
            return "best: 0" if "best:" in text else Model([self.case.row], 0.6)(messages)
        draw = random.Random(f"{SEED}:{self.quality}:{self.case.row['instance_id']}:{len(self.kinds)}")  # noqa: S311  # reproducible
        kind = "right" if draw.random() < self.quality else draw.choice(WRONG)
        self.kinds.append(kind)
        now, flipped = self.tests(kind)
        return f"As it is:\n\n```python\n{now}\n```\n\nFlipped:\n\n```python\n{flipped}\n```\n"

    def tests(self, kind: str) -> tuple[str, str]:
        """The test as it passes now, and flipped, of a kind."""
        body = "\n".join(f"    {line}" for line in self.case.test.splitlines())
        flipped = f"{self.case.imports}\n\n\ndef test_issue():\n{body}"
        shows = "\n".join(f"    {line}" for line in body.splitlines())
        now = f"import pytest\n{self.case.imports}\n\n\ndef test_issue():\n    with pytest.raises(Exception):\n{shows}"
        match kind:
            case "import":
                return now, f"import no_such_module_of_anybody\n{flipped}"
            case "fails as it is":
                return flipped, f"{flipped}\n    assert False"
            case "passes flipped":
                return "def test_issue():\n    assert True", "def test_issue():\n    assert 1"
            case "other demand":
                return "def test_issue():\n    assert 1 == 1", "def test_issue():\n    assert 1 == 2"
        return now, flipped


def main() -> None:
    """Print one line for each row, and totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--quality", type=float, default=0.5)
    parser.add_argument("--instance-timeout", type=float, default=60.0, metavar="S")
    options = parser.parse_args()
    table = Table("instance", "tests written", "kept", "status", "passes the row's own tests", box=None)
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="rfsn-issues-") as folder:
        os.environ["RFSN_HOME"] = f"{folder}/home"
        for line in options.dataset.read_text("utf-8").splitlines():
            case = _case(json.loads(line), Path(folder))
            if case is None:
                continue
            result = _run(case, options.quality, options.instance_timeout, Path(folder))
            table.add_row(case.row["instance_id"], *result)
            totals.update({f"test kept: {result[1]}": 1, result[2]: 1, f"repaired by its own tests: {result[3]}": 1})
            if table.row_count == options.limit:
                break
    Console(width=120).print(table)
    Console(width=120).print(dict(totals))


def _run(case: Case, quality: float, timeout_s: float, folder: Path) -> tuple[str, str, str, str]:
    """The tests that were written, whether the one that was kept is right, the status, and whether it is repaired."""
    name = case.row["instance_id"]
    repo = _repository(folder / f"{name}.left", case.left)
    issue = folder / f"{name}.md"
    issue.write_text(case.issue)
    writer = Writer(case, quality)
    with serving(writer, Account()) as url:
        options = ["--model", "m", "--base-url", url, "--issue", issue, "--time-limit", timeout_s, "--accept-generated"]
        report = _rfsn("repair", repo, *options, "--test", TEST, "--out", folder / f"{name}.session")
    kept = report.get("generated_test")
    right = "" if kept is None else "right" if kept["content"].strip() == writer.tests("right")[1].strip() else "wrong"
    own = ""
    if report.get("patch"):
        patch = folder / f"{name}.diff"
        patch.write_text(report["patch"])
        whole = _repository(folder / f"{name}.whole", case.row["files"])
        judged = _rfsn("judge", patch, "--repo", whole, "--test", TEST, "--out", folder / f"{name}.judged")
        own = "yes" if judged["status"] == "repaired" else "no"
    return ", ".join(writer.kinds), right, report["status"], own


def _case(row: Mapping[str, Any], folder: Path) -> Case | None:
    """The row without its failing tests; None if that cannot be made of it, such as of tests without functions."""
    whole = _repository(folder / f"{row['instance_id']}.base", row["files"])
    session = folder / f"{row['instance_id']}.base-session"
    report = _rfsn("repair", whole, "--max-steps", 1, "--test", TEST, "--out", session)
    failing = {id.rpartition("::")[2].partition("[")[0] for id in report["tests"]["failing"]}
    left, chosen = dict(row["files"]), None
    for path in row["test_files"]:
        if not path.endswith(".py") or not left[path].strip():
            continue
        tree = ast.parse(left[path])
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        gone = [node for node in functions if node.name in failing]
        chosen = chosen or ((imports, gone[0]) if gone and not gone[0].decorator_list else None)
        kept = [node for node in tree.body if node not in gone]
        if not any(node in functions for node in kept):
            kept.append(ast.parse("def test_nothing():\n    pass").body[0])
        left[path] = ast.unparse(ast.Module(kept, [])) + "\n"
    if chosen is None:
        return None
    test = "\n".join(ast.unparse(node) for node in chosen[1].body)
    issue = f"This should hold, and it does not:\n\n{test}\n"
    return Case(row, left, "\n".join(ast.unparse(node) for node in chosen[0]), test, issue)


def _repository(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*git, *command], check=True)
    return folder


def _rfsn(*arguments: object) -> dict[str, Any]:
    command = [RFSN, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    main()
