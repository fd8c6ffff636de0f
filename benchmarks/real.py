"""The speed of the search on real suites: candidates a second beside cold runs of the same suite, and where time goes.

    python -P benchmarks/real.py DATASET.jsonl --repos DIR [--only NAME ...] [--candidates N] [--seconds S] [--agree N]

The subjects are the first row of each library in the data set (as for `rfsn eval`), with the tests that its command
names, and the first planted fault of each library in `benchmarks/faults/`, with its whole suite. `--repos` has a mirror
`OWNER__NAME` of every library; `--only` takes words of the subjects' names. Candidates are the search planner's own, in
its order, judged by one warm worker for at most `--seconds`. Rates are by CPU time of sandboxes, the workers' start
apart, so that a busy machine changes little. `--agree` compares the outcomes of sampled candidates with cold runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pathspec
from rich.console import Console
from rich.table import Table

from benchmarks.faults import Row, read
from benchmarks.validation import CHUNK, Subject, check_agreement, cold, subject_of
from buildpacks import PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from buildpacks.warm import Planned, WarmResult
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.source import take_source
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TrialPlan, WarmWorker
from sandbox import SandboxProvider, choose

COLD_RUNS = 3
LEAST_CHUNK = 8
GOAL_RATIO, GOAL_RATE = 20.0, 100.0


@dataclass(frozen=True, slots=True)
class Library:
    """A commit of a library with a fault: a diff that adds the tests that show it, or the fault itself."""

    name: str
    repo: str
    commit: str
    command: Sequence[str]
    packages: Sequence[str]
    python: str = ""
    test_patch: str = ""
    targets: frozenset[str] = frozenset()
    fault: Row | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the trials of some candidates took, the cold runs apart; `spent` is by kind of work, in wall-clock time."""

    planned: Planned
    results: list[WarmResult]
    start_s: float
    wall_s: float
    cpu_s: float
    cold_s: float
    spent: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Candidates a CPU second."""
        return len(self.results) / max(self.cpu_s, 0.001)

    @property
    def ratio(self) -> float:
        """How many candidates take the CPU time of one cold run."""
        return self.rate * self.cold_s


def libraries(dataset: Path) -> list[Library]:
    """One row of each library of the data set, and one planted fault of each library with those."""
    chosen: dict[str, Library] = {}
    for row in map(json.loads, dataset.read_text("utf-8").splitlines()):
        command, packages = row["test_command"], row.get("packages") or ()
        targets = frozenset(row["FAIL_TO_PASS"])
        library = Library(row["repo"].rpartition("/")[2], row["repo"], row["base_commit"], command, packages,
                          row.get("python") or "", row["test_patch"], targets)  # fmt: skip
        chosen.setdefault(row["repo"], library)
    planted: dict[str, Library] = {}
    for fault in read("planted"):
        library = Library(f"{fault.library} (all)", fault.repo, fault.commit, fault.test_command, fault.packages,
                          fault.python, fault=fault)  # fmt: skip
        planted.setdefault(fault.repo, library)
    return [*chosen.values(), *planted.values()]


@contextmanager
def prepared(library: Library, repos: Path, provider: SandboxProvider, wanted: int) -> Iterator[Subject]:
    """The library at its commit with up to `wanted` candidates."""
    pack = PythonBuildpack()
    with tempfile.TemporaryDirectory(prefix="rfsn-real-") as folder:
        base, scratch = Path(folder, "base"), Path(folder, "scratch")
        scratch.mkdir()
        clone = (repos / library.repo.replace("/", "__")).resolve()
        take_source(str(clone), library.commit, base, library.test_patch)
        if library.fault:
            faulty = library.fault.broken((base / library.fault.path).read_text("utf-8"))
            assert faulty is not None
            (base / library.fault.path).write_text(faulty, "utf-8")
        view = FolderView(base)
        options = PlanOptions(tuple(library.command), packages=tuple(library.packages), python=library.python)
        plan = pack.plan(view, options)
        protected = pathspec.GitIgnoreSpec.from_lines(pack.protected(view))
        sources = [path for path in view.files() if path.endswith(".py") and not protected.match_file(path)]
        with prepared_environment(pack, plan, base, provider) as environment:
            bench = Bench(base, view, environment, Part("", pack), plan, provider, scratch)
            yield subject_of(bench, sources, wanted, library.targets)


def measured(subject: Subject, seconds: float) -> Measured:
    """One warm worker on the candidates in order, for at most some seconds, and a few cold runs."""
    meter = subject.bench.meter
    meter.take()
    count = min(COLD_RUNS, len(subject.trials))
    for index in range(count):
        cold(subject, index)
    cold_s = meter.take().cpu_s / count
    worker = WarmWorker(subject.bench)
    worker.plan(TrialPlan(subject.targets, subject.tests))
    began = time.perf_counter()
    planned = worker.planned()
    start_s = time.perf_counter() - began
    worker.close()
    start_cpu_s = meter.take().cpu_s
    worker.planned()
    results: list[WarmResult] = []
    size, began = LEAST_CHUNK, time.perf_counter()
    while len(results) < len(subject.trials) and time.perf_counter() - began < seconds:
        chunk_began = time.perf_counter()
        results += worker.try_out(subject.trials[len(results) : len(results) + size])
        size = min(2 * size, CHUNK) if time.perf_counter() - chunk_began < 1.0 else LEAST_CHUNK
    wall_s = time.perf_counter() - began
    spent = worker.spent()
    worker.close()
    return Measured(planned, results, start_s, wall_s, meter.take().cpu_s - start_cpu_s, cold_s, spent)


def row_of(name: str, subject: Subject, found: Measured) -> list[str]:
    """The cells of the table for one library."""
    tests = len(subject.targets) + len(subject.tests)
    passed = sum(one.outcome == "passed" and one.fixed is None for one in found.results)
    count = len(found.results)
    return [
        name,
        f"{found.planned.screened}/{tests}",
        f"{count} ({passed})",
        f"{found.rate:.1f}",
        f"{count / found.wall_s:.1f}",
        f"{found.cold_s:.2f}",
        f"{found.ratio:.0f}",
        f"{found.start_s:.1f}",
    ]


def shares(found: Measured) -> str:
    """Where a candidate's time goes, in milliseconds each, with the cold runs that confirm those that pass."""
    count = max(1, len(found.results))
    passed = sum(one.outcome == "passed" and one.fixed is None for one in found.results)
    spent = dict(found.spent)
    if "forks" in spent:  # what is measured around a fork has the tests in it
        spent["forks"] -= spent.get("tests in forks", 0.0)
    spent["the rest"] = found.wall_s - sum(spent.values())
    spent["cold confirmation"] = passed * found.cold_s
    outcomes = Counter(one.outcome for one in found.results).most_common()
    took = ", ".join(f"{kind} {1000 * seconds / count:.2f}" for kind, seconds in spent.items())
    return took + "; " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes)


def main() -> None:
    """Print a table, and below it where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--candidates", type=int, default=1000, metavar="N")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S")
    parser.add_argument("--agree", type=int, default=0, metavar="N")
    options = parser.parse_args()
    table = Table("library", "screened/tests", "tried (passed)", "a CPU second", "a second", "cold run, CPU s",
                  "ratio", "start, s", box=None)  # fmt: skip
    provider = choose("auto")
    found: list[Measured] = []
    for library in libraries(options.dataset):
        if options.only and not any(word in library.name for word in options.only):
            continue
        with prepared(library, options.repos, provider, options.candidates) as subject:
            if not subject.trials:
                print(f"{library.name}: no candidates", flush=True)
                continue
            found.append(measured(subject, options.seconds))
            cells = row_of(library.name, subject, found[-1])
            table.add_row(*cells)
            print("  ".join(cells), f"\n  ms a candidate: {shares(found[-1])}\n  {found[-1].planned.why}", flush=True)
            if options.agree:
                check_agreement(subject, found[-1].results, options.agree)
    provider.close()
    Console(width=120).print(table)
    ratios, rates = [one.ratio for one in found], [one.rate for one in found]
    print(f"at least {GOAL_RATIO:.0f} times a cold run: {sum(ratio >= GOAL_RATIO for ratio in ratios)} of {len(found)}")
    print(f"median: {statistics.median(rates):.0f} candidates a CPU second (the goal is {GOAL_RATE:.0f})")


if __name__ == "__main__":
    main()
