"""The gate on honest patches: what it denies, how long a check takes on a parsed base, how many it screens a second.

    benchmarks/gate.py [DATASET.jsonl ...] [--repos DIR]

A data set has the columns of SWE-bench; its `patch` values are fixes by maintainers. Without a clone of a repository,
the files are reconstructed from the diff's own context, with blank lines for everything that it does not show. Or its
rows are whole projects (`files`) with the fixed sources (`reference`); these are also judged as if they were written
from nothing, which introduces everything in them.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
import timeit
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pathspec

from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from gate import Allowed, BasePaths, Change, Context, Denied, FileChange, Gate, apply
from gate.rules import CHANGE_RULES
from gate.rules.source import SourceRule
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect
from rfsn.config import Config
from rfsn.project.diffs import patch_of, read_diff
from rfsn.project.fence import Fence
from rfsn.project.parts import find_parts
from rfsn.source.git import GitError, git
from rfsn.source.snapshot import take_files

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCREENED = 5_000
RULES = {rule.id: rule.capability for rule in CHANGE_RULES if isinstance(rule, SourceRule) and rule.capability}
HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


class Commit:
    """One commit of a clone, or what a diff shows of it, as a read-only tree."""

    def __init__(self, paths: Sequence[str], read: Callable[[str], bytes]) -> None:
        self._paths, self._read = paths, read
        self._contents: dict[str, bytes] = {}

    def files(self) -> Sequence[str]:
        """Every file."""
        return self._paths

    @cached_property
    def known(self) -> frozenset[str]:
        """The same as a set."""
        return frozenset(self._paths)

    def exists(self, path: str) -> bool:
        """Whether a file exists in the tree."""
        return path in self.known

    def read(self, path: str) -> bytes:
        """The content of a file."""
        if path not in self.known:
            raise FileNotFoundError(path)
        if path not in self._contents:
            self._contents[path] = self._read(path)
        return self._contents[path]


def main() -> None:
    """Print denials and times for each data set, then the screening rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("--repos", type=Path, metavar="DIR")
    options = parser.parse_args()
    added: Counter[str] = Counter()
    whole = sum(check_dataset(dataset, options.repos, added) for dataset in options.datasets)
    for capability, patches in added.most_common():
        print(f"{capability}: {patches} of {whole} patches whose base is whole add it ({patches / whole:.1%})")
    screen_candidates()


def check_dataset(dataset: Path, repos: Path | None, added: Counter[str]) -> int:
    """Check every fix of a data set, print the denials and the times, and count the capabilities that are added.

    Returns how many of the fixes have a base that is whole: only these count.
    """
    rows = [json.loads(line) for line in dataset.read_text(encoding="utf-8").splitlines()]
    if "reference" in rows[0]:
        check_projects(dataset.stem, rows, added)
        return len(rows)
    denied, alarms, partial, times = 0, 0, 0, []
    for row in rows:
        commit, whole = find_commit(row, repos)
        partial += not whole
        change = change_of(row["patch"], commit)
        context = context_of(commit)
        gate = Gate()
        denials = gate.denials(change, context)
        denied += bool(denials)
        alarms += bool(denials and whole)
        if whole:
            added.update(capabilities(gate, denials, change, context))
        for denial in denials:
            print(f"  {row['instance_id']}: {denial.rule}: {denial.reason}")
        if not denials:
            times.append(milliseconds(gate, change, context))
    slowest = sorted(times)[int(0.99 * len(times))]
    print(
        f"{dataset.stem}: {len(rows)} patches ({partial} on partial bases), {denied} denied ({alarms} on whole bases); "
        f"p50 {statistics.median(times):.2f} ms, p99 {slowest:.2f} ms, slowest {max(times):.2f} ms"
    )
    return len(rows) - partial


def capabilities(gate: Gate, denials: Sequence[Denied], change: Change, context: Context) -> set[str]:
    """The capabilities that a change adds, whether it is denied for them or not."""
    told = {finding.capability for finding in gate.findings(change, context)}
    new = {denial.hint.split()[-3] for denial in denials if denial.rule == "danger.capability"}
    return told | new | {RULES[denial.rule] for denial in denials if denial.rule in RULES}


def check_projects(name: str, rows: Sequence[Mapping[str, Any]], added: Counter[str]) -> None:
    """Check every fixed project of a data set, as a change of what is broken, and as one of nothing."""
    denied, anew, times = 0, 0, []
    for row in rows:
        base = {path: text.encode() for path, text in row["files"].items()}
        fixed = {path: text.encode() for path, text in row["reference"].items() if text.encode() != base.get(path)}
        with TemporaryDirectory() as scratch:
            take_files(row["files"], "a project", Path(scratch) / "base")
            view = FolderView(Path(scratch) / "base")
            config = Config(test=tuple(row["test_command"]), protect=tuple(row["test_files"]))
            context = Fence(view, find_parts(view, config.buildpacks, config.test), config).context()
            change = Change({path: FileChange(base.get(path), text) for path, text in fixed.items()})
            gate = Gate()
            denials = gate.denials(change, context)
            added.update(capabilities(gate, denials, change, context))
            fresh = gate.denials(Change({path: FileChange(b"", text) for path, text in fixed.items()}), context)
            if not denials:
                times.append(milliseconds(gate, change, context))
        denied, anew = denied + bool(denials), anew + bool(fresh)
        for when, denial in [("", one) for one in denials] + [("from nothing: ", one) for one in fresh]:
            print(f"  {row['instance_id']}: {when}{denial.rule}: {denial.reason}")
    print(f"{name}: {len(rows)} projects, {denied} denied ({anew} from nothing); p50 {statistics.median(times):.2f} ms")


def milliseconds(gate: Gate, change: Change, context: Context) -> float:
    """The median CPU time of checking a patch whose base is parsed: applying it and checking every rule."""
    patch = patch_of(change)
    taken = timeit.repeat(
        lambda: gate.check(apply(patch, context.read), context), timer=time.process_time, number=1, repeat=7
    )
    return statistics.median(taken[1:]) * 1000


def find_commit(row: Mapping[str, Any], repos: Path | None) -> tuple[Commit, bool]:
    """The base of a row with its tests, and whether it is complete."""
    for name in (row["repo"].replace("/", "+"), row["repo"].replace("/", "__"), row["repo"]):
        for folder in (repos / name / "repo" / ".git", repos / name / "repo", repos / name) if repos else ():
            if not folder.is_dir():
                continue
            try:
                listing = git("ls-tree", "-r", "-z", "--name-only", row["base_commit"], cwd=folder).decode()
            except GitError:
                continue
            tests = shown_files(row["test_patch"], "+")
            return Commit(listing.split("\0")[:-1], reader(folder, row["base_commit"], tests)), True
    files = shown_files(row["patch"]) | shown_files(row["test_patch"], "+")
    return Commit(sorted(files), lambda path: files[path]), False


def reader(folder: Path, commit: str, tests: Mapping[str, bytes]) -> Callable[[str], bytes]:
    """A function that reads the files of a commit, followed by what the row's tests add to them."""
    return lambda path: git("cat-file", "blob", f"{commit}:{path}", cwd=folder) + tests.get(path, b"")


def shown_files(diff: str, sign: str = "-") -> dict[str, bytes]:
    """The files of a diff, with the lines that it shows of one side, at their line numbers on the old side."""
    files: dict[str, list[str]] = {}
    path, at = "", 0
    for line in diff.splitlines():
        if line.startswith("--- "):
            path = line[6:] if line.startswith("--- a/") else ""
        elif hunk := HUNK.match(line):
            at = int(hunk[1]) - 1
            lines = files.setdefault(path, [])
            lines += [""] * (at - len(lines))
        elif line[:1] in {" ", sign} and path in files:
            files[path].append(line[1:])
        elif not line and path in files:
            files[path].append("")
        if line.startswith("diff --git "):
            path = ""
    return {path: "\n".join([*lines, ""]).encode() for path, lines in files.items() if path}


def change_of(diff: str, commit: Commit) -> Change:
    """What a diff does, in a repository of the files that it touches."""
    touched = {path for path in re.findall(r"^--- a/(\S+)", diff, re.MULTILINE) if commit.exists(path)}
    files = {path: commit.read(path).decode("utf-8", "surrogateescape") for path in touched}
    with TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        take_files({**files, ".rfsn": "a base is never empty"}, "a patch", base)
        return read_diff(diff.encode(), base)


def context_of(commit: Commit) -> Context:
    """What the gate sees of a commit."""
    spec = pathspec.GitIgnoreSpec.from_lines(PythonBuildpack().protected(commit))
    return Context(base=BasePaths(commit.files()), read=commit.read, protected=spec.match_file)


def screen_candidates() -> None:
    """Print how many candidates of a search the incremental rules check in a second."""
    for example in sorted(EXAMPLES.iterdir()):
        view = FolderView(example)
        paths = [path for path in view.files() if path.endswith(".py") and not path.startswith("tests/")]
        if not paths:
            continue
        spec = pathspec.GitIgnoreSpec.from_lines(PythonBuildpack().protected(view))
        context = Context(base=BasePaths(view.files()), read=view.read, protected=spec.match_file)
        patches = list(candidates(view, paths))
        gate = Gate()
        began = time.process_time()
        allowed = sum(isinstance(gate.screen(apply(patch, context.read), context), Allowed) for patch in patches)
        seconds = time.process_time() - began
        denied = sum(not isinstance(gate.check(apply(patch, context.read), context), Allowed) for patch in patches)
        print(
            f"{example.name}: {len(patches) / seconds:,.0f} of {len(patches)} candidates screened a CPU second, "
            f"{len(patches) - allowed} denied; {denied} denied by all rules"
        )


def candidates(view: FolderView, paths: Sequence[str]) -> Iterator[Any]:
    """The first candidates of a search in which every line is equally suspicious."""
    suspects = [Suspect(path, line + 1, 1.0) for path in paths for line in range(len(view.read(path).splitlines()))]
    for _, candidate in zip(range(SCREENED), enumerate_candidates(view, suspects), strict=False):
        yield candidate.patch


if __name__ == "__main__":
    main()
