"""Where the search suspects faults, against where they were fixed: the rank of the faulty function.

    python -P benchmarks/localization.py DATASET.jsonl OUT

OUT is the result of `rfsn eval DATASET.jsonl --out OUT`; nothing is run again. Functions are ranked by their most
suspicious line, and ties by the order of the search; a fix outside functions counts for the module's own statements.
A fault is on a single line if its fix adds and removes at most one line of the sources.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from rfsn.project.project import Project
from rfsn.reporting.report import ranked_suspects
from rfsn.sessions.record import Record

TOP = 5
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


def changed_lines(patch: str) -> Iterator[tuple[str, int, str]]:
    """Each line that a patch removes, and for each line that it adds the one before: path, line number, sign."""
    path, line = "", 0
    for text in patch.splitlines():
        if text.startswith("--- "):
            path = text[4:].removeprefix("a/").split("\t")[0]
        elif hunk := _HUNK.match(text):
            line = int(hunk[1])
        elif text.startswith("-"):
            yield path, line, "-"
            line += 1
        elif text.startswith("+") and not text.startswith("+++ "):
            yield path, max(1, line - 1), "+"
        elif text.startswith(" ") or not text:
            line += 1


def function_at(source: str, line: int) -> str:
    """The innermost function around a line, with its first line; the module if there is none."""
    innermost = "module"
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return innermost
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            innermost = f"{node.name}:{node.lineno}"
    return innermost


def rank_of_fault(record: Record, patch: str) -> tuple[int | None, int]:
    """The best rank (from 1) of a function that the patch changes, and the number of functions among the suspects."""
    view = Project(record).view
    texts: dict[str, str] = {}

    def where(path: str, line: int) -> tuple[str, str]:
        if path not in texts:
            texts[path] = view.read(path).decode(errors="replace") if view.exists(path) else ""
        return path, function_at(texts[path], line)

    faulty = {where(path, line) for path, line, _ in changed_lines(patch) if path.endswith(".py")}
    functions = list(dict.fromkeys(where(suspect.path, suspect.line) for suspect in ranked_suspects(record)))
    return next((rank for rank, function in enumerate(functions, 1) if function in faulty), None), len(functions)


def main() -> None:
    """Print one line per row, and the share of single-line faults whose function is ranked at the top."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("out", type=Path, metavar="OUT")
    options = parser.parse_args()
    rows = {row["instance_id"]: row for row in map(json.loads, options.dataset.read_text("utf-8").splitlines())}
    ranks: list[int | None] = []
    for result in map(json.loads, (options.out / "results.jsonl").read_text("utf-8").splitlines()):
        patch = rows[result["instance_id"]]["patch"]
        signs = [sign for path, _, sign in changed_lines(patch) if path.endswith(".py")]
        single = max(signs.count("+"), signs.count("-")) <= 1
        rank, functions = rank_of_fault(Record.read(Path(result["session"])), patch)
        print(f"{result['instance_id']:<50}{'single line' if single else '':<14}rank {rank} of {functions} functions")
        ranks += [rank] if single else []
    within = sum(rank is not None and rank <= TOP for rank in ranks)
    print(f"single-line faults with their function in the top {TOP}: {within} of {len(ranks)}")


if __name__ == "__main__":
    main()
