"""Repair the faults of `benchmarks/faults/` in real libraries, or check that those faults are what they say.

    benchmarks/faults.py SET [--check] [--only ID] [--library NAME] [--time-limit S] [--out DIR] --repos DIR

SET is `imports` or `planted`. `--repos` has a mirror `OWNER__NAME` of every library (`git clone --mirror`). Each row
becomes a repository of one commit that has the fault, and a session of `rfsn repair` in it, without memory of others.
A repair is `same` if it leaves the library as it was, comments and layout aside; the diff of any `other` is kept
beside the results for a person to read. Rows that `--out` has results of are not run again.

`--check` repairs nothing: it runs each library's suite as it is, which has to pass, and then with each fault. Code of
the libraries runs without a sandbox there.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from uv import find_uv_bin

from buildpacks.python.interpreters import asked

SETS = Path(__file__).with_name("faults")
RFSN = str(Path(sys.executable).with_name("rfsn"))
RUN_TIMEOUT_S = 300.0
# What pytest exits with if files of tests cannot be collected, and if a conftest.py cannot be imported.
NOT_COLLECTED = (2, 4)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault: whole lines of one file, as they are in the library and as they are broken."""

    id: str
    repo: str
    commit: str
    kind: str
    path: str
    line: int
    original: str
    faulty: str
    packages: Sequence[str]
    python: str
    test_command: Sequence[str]

    @property
    def library(self) -> str:
        """The short name of the library."""
        return self.id.rpartition("-")[0]

    def broken(self, text: str) -> str | None:
        """The text of the file with the fault; None if the original lines are not where they should be."""
        lines = text.splitlines(keepends=True)
        start, end = self.line - 1, self.line - 1 + len(self.original.splitlines())
        if "".join(lines[start:end]) != self.original:
            return None
        return "".join([*lines[:start], self.faulty, *lines[end:]])


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of a suite ended: pytest's exit code, and the tests that passed and did not."""

    code: int
    passed: frozenset[str]
    failed: frozenset[str]


def main() -> None:
    """Check the rows, or repair them and print totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("imports", "planted"), metavar="SET")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="ID")
    parser.add_argument("--library", metavar="NAME")
    parser.add_argument("--time-limit", type=float, default=120.0, metavar="S")
    parser.add_argument("--out", type=Path, metavar="DIR")
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    rows = [row for row in read(options.set) if not options.only or row.id in options.only]
    rows = [row for row in rows if options.library in (None, row.library)]
    if options.check:
        sys.exit(0 if check(rows, options.repos, collected=options.set == "planted") else 1)
    out = options.out or Path(tempfile.mkdtemp(prefix="rfsn-faults-"))
    out.mkdir(parents=True, exist_ok=True)
    repair(rows, options.repos, out, options.time_limit)
    print(f"the sessions: {out}")


def read(name: str) -> list[Row]:
    """The rows of a set."""
    return [Row(**json.loads(line)) for line in (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def unpack(row: Row, repos: Path, folder: Path) -> None:
    """Put the files of the library's commit into a folder, without its history."""
    mirror = repos.resolve() / row.repo.replace("/", "__")
    folder.mkdir()
    git(folder, "clone", "-q", "--no-checkout", str(mirror), ".")
    git(folder, "checkout", "-q", "--detach", row.commit)
    shutil.rmtree(folder / ".git")


def git(folder: Path, *command: str, text: str | None = None) -> str:
    """What a git command prints."""
    argv = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com", *command]
    return subprocess.run(argv, input=text, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True).stdout


def check(rows: Sequence[Row], repos: Path, *, collected: bool) -> bool:
    """Print for each row whether it is what it says; `collected` says whether the suite still collects all tests."""
    sound = True
    for library, group in groupby(rows, lambda row: row.library):
        of_library = list(group)
        with tempfile.TemporaryDirectory(prefix="rfsn-faults-") as scratch:
            install(of_library[0], repos, Path(scratch))
            whole = suite(of_library[0], Path(scratch))
            print(f"{library}: {len(whole.passed)} tests pass, {len(whole.failed)} fail", flush=True)
            sound &= whole.code == 0
            for row in of_library:
                began = time.monotonic()
                verdict, failing = examined(row, Path(scratch), whole, collected=collected)
                sound &= verdict == "ok"
                seconds = time.monotonic() - began
                print(f"{row.id:<12} {row.kind:<22} {verdict:<6} {failing} {seconds:.1f} s", flush=True)
    return sound


def install(row: Row, repos: Path, scratch: Path) -> None:
    """Put the library into `tree` and its environment into `env`: the row's packages, and the library in its place."""
    unpack(row, repos, scratch / "tree")
    uv, environment = find_uv_bin(), str(scratch / "env")
    subprocess.run([uv, "venv", "-q", "--python", str(asked(row.python).executable), environment], check=True)
    pip = [uv, "pip", "install", "-q", "--python", environment, "--no-deps"]
    subprocess.run([*pip, *row.packages], check=True)
    subprocess.run([*pip, "--editable", str(scratch / "tree")], check=True)


def suite(row: Row, scratch: Path) -> Run:
    """Run the library's suite as its files are now."""
    report = scratch / "report.xml"
    report.unlink(missing_ok=True)
    python = str(scratch / "env" / "bin" / "python")
    argv = [python, *row.test_command[1:], "-p", "no:cacheprovider", f"--junitxml={report}"]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    tree = scratch / "tree"
    done = subprocess.run(argv, cwd=tree, env=env, capture_output=True, check=False, timeout=RUN_TIMEOUT_S)
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314  # pytest wrote it
    names = [f"{case.get('classname')}::{case.get('name')}" for case in cases]
    bad = [case.find("failure") is not None or case.find("error") is not None for case in cases]
    failed = frozenset(compress(names, bad))
    return Run(done.returncode, frozenset(names) - failed, failed)


def examined(row: Row, scratch: Path, whole: Run, *, collected: bool) -> tuple[str, str]:
    """Whether a row is what it says, and what fails with its fault."""
    file = scratch / "tree" / row.path
    original = file.read_text("utf-8")
    faulty = row.broken(original)
    if faulty in (None, original):
        return "WRONG: the original lines are not there, or the fault is none", ""
    file.write_text(faulty or "", "utf-8")
    try:
        run = suite(row, scratch)
    except subprocess.TimeoutExpired:
        return "WRONG: the suite does not end", ""
    finally:
        file.write_text(original, "utf-8")
    broken = run.failed & whole.passed if collected else run.failed
    right = run.code == 1 and bool(broken) if collected else run.code in NOT_COLLECTED
    return "ok" if right else "WRONG", f"pytest exits with {run.code}, {len(broken)} fail,"


def repair(rows: Sequence[Row], repos: Path, out: Path, time_limit_s: float) -> None:
    """Run a session for every row without a result, and print each result and the totals."""
    path = out / "results.jsonl"
    known = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    results = {result["id"]: result for result in known}
    for row in rows:
        if row.id not in results:
            results[row.id] = repaired(row, repos, out, time_limit_s)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(results[row.id]) + "\n")
        result = results[row.id]
        line = f"{row.id:<12} {row.kind:<22} {result['status']:<12} {result['seconds']:>6.1f} s"
        print(f"{line} {result['verdict']}", flush=True)
    show([results[row.id] for row in rows])


def repaired(row: Row, repos: Path, out: Path, time_limit_s: float) -> dict[str, Any]:
    """The result of a session in a repository that has the fault."""
    session = out / "sessions" / row.id
    shutil.rmtree(session, ignore_errors=True)  # what a run that was cut off has left
    with tempfile.TemporaryDirectory(prefix="rfsn-faults-") as scratch:
        folder, config = Path(scratch) / row.library, Path(scratch) / "rfsn.toml"
        original = commit(row, repos, folder)
        # A list of strings in JSON is one in TOML. What a session learned must not help the next one.
        config.write_text(f'packages = {json.dumps(row.packages)}\npython = "{row.python}"\nmemory = false\n')
        command = [RFSN, "repair", str(folder), "--test", shlex.join(row.test_command), "--config", str(config)]
        command += ["--time-limit", str(time_limit_s), "--out", str(session), "--json"]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        report = json.loads(done.stdout) if done.stdout else {"status": f"exit {done.returncode}", "patch": None}
        patch: str = report["patch"] or ""
        verdict = judged(row, folder, original, patch) if patch else ""
    if verdict == "other":
        (out / f"{row.id}.diff").write_text(patch, "utf-8")
    ended = {"status": report["status"], "reason": report.get("reason"), "seconds": round(seconds, 2)}
    return {"id": row.id, "kind": row.kind, "verdict": verdict} | ended


def commit(row: Row, repos: Path, folder: Path) -> str:
    """Make the repository with the fault, and give the file's original text."""
    unpack(row, repos, folder)
    original = (folder / row.path).read_text("utf-8")
    faulty = row.broken(original)
    assert faulty is not None
    (folder / row.path).write_text(faulty, "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-qm", "base")
    return original


def judged(row: Row, folder: Path, original: str, patch: str) -> str:
    """`same` if the patched library is the original one, comments and layout aside, else `other`."""
    git(folder, "apply", "-", text=patch)
    if git(folder, "status", "--porcelain", "-z") != f" M {row.path}\0":
        return "other"
    patched = (folder / row.path).read_text("utf-8")
    return "same" if ast.dump(ast.parse(patched)) == ast.dump(ast.parse(original)) else "other"


def show(results: Sequence[Mapping[str, Any]]) -> None:
    """Print the totals by kind."""
    table = Table("kind", "rows", "repaired", "same", "median s of the repaired", box=None)
    for kind in [*sorted({result["kind"] for result in results}), "all"]:
        of_kind = [result for result in results if kind in (result["kind"], "all")]
        done = [result for result in of_kind if result["status"] == "repaired"]
        same = sum(result["verdict"] == "same" for result in done)
        median = f"{statistics.median(result['seconds'] for result in done):.1f}" if done else ""
        table.add_row(kind, *map(str, (len(of_kind), len(done), same)), median)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
