"""Candidates per second: cold pytest, the warm worker's two tiers, and mutmut 3 on the same project and tests.

    python -P benchmarks/validation.py [FOLDER | DATASET.jsonl:INSTANCE] [--candidates N] [--cold N] [--agreement N]

Candidates are the search planner's own, in its order, on the project as it is, with failing tests. mutmut needs passing
tests, so it gets the project with the first plausible candidate applied, and a separate venv. The agreement check
compares the worker's outcome for sampled candidates with a cold run of each, and prints where they differ.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import pathspec
from uv import find_uv_bin

from buildpacks import Outcome, PlanOptions, RunRequest, Spectrum
from buildpacks.python import PythonBuildpack
from buildpacks.python.pytest_output import case_id
from buildpacks.view import FolderView
from buildpacks.warm import WarmResult
from gate import Candidate, EditFile, apply
from planners.search.candidates import enumerate_candidates
from planners.search.localize import rank
from planners.targets import Targets, probes, reached
from rfsn.project.environment import prepared_environment
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.order import ordered
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker
from sandbox import choose

EXAMPLE = Path(__file__).parents[1] / "examples" / "intervals"
CASE_LIMIT_S = 2.0
SUITE_LIMIT_S = 120.0
SESSION_S = 900.0
CHUNK = 64


@dataclass(frozen=True, slots=True)
class Subject:
    """A project that is ready to be tested, its candidates, and the trial of each."""

    bench: Bench
    targets: list[tuple[str, float]]
    tests: list[tuple[str, float]]
    sources: list[str]
    candidates: list[Candidate]
    trials: list[TrialRequest]


@dataclass(frozen=True, slots=True)
class Measured:
    """The time that some candidates took."""

    name: str
    candidates: int
    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        wall, cpu = self.candidates / self.wall_s, self.candidates / self.cpu_s if self.cpu_s else 0.0
        return f"{self.name:<34}{self.candidates:>8}{wall:>12.1f}{cpu:>14.1f}"


def read_project(name: str) -> tuple[Mapping[str, str], tuple[str, ...] | None, Sequence[str]]:
    """The files of a project, its test command if it names one, and files that are declared to be tests."""
    dataset, _, instance = name.rpartition(":")
    if dataset:
        for line in Path(dataset).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["instance_id"] == instance:
                return row["files"], tuple(row["test_command"]), row["test_files"]
        sys.exit(f"{dataset} has no instance {instance}")
    folder = Path(name)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}, None, ()


@contextmanager
def prepared(name: str, wanted: int) -> Iterator[Subject]:
    """A project with up to `wanted` candidates."""
    files, command, declared = read_project(name)
    provider = choose("auto")
    with tempfile.TemporaryDirectory(prefix="rfsn-benchmark-") as folder:
        base, scratch = Path(folder, "base"), Path(folder, "scratch")
        scratch.mkdir()
        take_files(files, name, base)
        view, pack = FolderView(base), PythonBuildpack()
        plan = pack.plan(view, PlanOptions(command))
        protected = pathspec.GitIgnoreSpec.from_lines([*pack.protected(view), *declared])
        sources = [path for path in view.files() if path.endswith(".py") and not protected.match_file(path)]
        with prepared_environment(pack, plan, base, provider) as environment:
            yield subject_of(Bench(base, view, environment, Part("", pack), plan, provider, scratch), sources, wanted)
        provider.close()


def subject_of(bench: Bench, sources: list[str], wanted: int, named: frozenset[str] = frozenset()) -> Subject:
    """Run and trace the tests as a session would, and enumerate candidates.

    The targets are the failing tests, or of these only the `named` ones if there are any.
    """
    report = bench.run_tests(RunRequest((), CASE_LIMIT_S, CASE_LIMIT_S), SUITE_LIMIT_S)
    failing = tuple(case.id for case in report.cases if case.outcome.failing and (not named or case.id in named))
    if not failing:
        sys.exit(f"no test fails: {report.problem}")
    passing = [case.id for case in report.cases if case.outcome is Outcome.PASSED]
    tracer = WarmWorker(bench)
    spectrum = Spectrum(tuple(tracer.trace([(id, CASE_LIMIT_S) for id in (*failing, *passing)])))
    tracer.close()
    suspects = rank(spectrum, failing, lambda path: path in sources)
    both = chain.from_iterable(enumerate_candidates(bench.view, suspects, width=width) for width in (0, 1))
    candidates = list(islice(both, wanted))
    chosen = [probes(reached(spectrum, failing, candidate.location)) for candidate in candidates]
    trials = [TrialRequest(index, edits_of(candidate), chosen[index]) for index, candidate in enumerate(candidates)]
    budget = Budget(SESSION_S, 1, lambda: 0.0)
    targets, tests = ordered(Targets(report, failing, (), failing), spectrum, budget)
    return Subject(bench, list(targets), list(tests), sources, candidates, trials)


def edits_of(candidate: Candidate) -> dict[str, list[tuple[int, int, bytes]]]:
    """A candidate's edits in the form of the warm protocol."""
    return {
        operation.path: [(edit.start, edit.end, edit.text) for edit in operation.edits]
        for operation in candidate.patch
        if isinstance(operation, EditFile)
    }


def cold(subject: Subject, index: int) -> bool:
    """Whether all tests pass in a cold run of a candidate."""
    change = apply(subject.candidates[index].patch, subject.bench.view.read)
    report = subject.bench.run_tests(RunRequest((), CASE_LIMIT_S, CASE_LIMIT_S), SUITE_LIMIT_S, change)
    passed = {case.id for case in report.cases if case.outcome is Outcome.PASSED}
    return passed.issuperset(id for id, _ in (*subject.targets, *subject.tests))


def measure_cold(subject: Subject, count: int) -> Measured:
    """Cold runs of the first candidates."""
    subject.bench.meter.take()
    began = time.perf_counter()
    for index in range(count):
        cold(subject, index)
    wall = time.perf_counter() - began
    return Measured("cold pytest per candidate", count, wall, subject.bench.meter.take().cpu_s)


def measure_warm(subject: Subject, name: str, count: int, *, screen: bool) -> tuple[Measured, list[WarmResult]]:
    """The worker on the first candidates, without the time to start and to plan."""
    subject.bench.meter.take()
    worker = WarmWorker(subject.bench, screen=screen)
    spent = []
    for trials in ([], subject.trials[:count]):
        worker.plan(TrialPlan(subject.targets, subject.tests))
        planned = worker.planned()
        began = time.perf_counter()
        results = [tried for at in range(0, len(trials), CHUNK) for tried in worker.try_out(trials[at : at + CHUNK])]
        wall = time.perf_counter() - began
        worker.close()
        spent.append(subject.bench.meter.take().cpu_s)
    if screen:
        print(f"tests that may share a process: {planned.screened} of {planned.tests}. {planned.why}")
    return Measured(name, count, wall, spent[1] - spent[0]), results


def measure_mutmut(subject: Subject, fix: int) -> Measured | str:
    """Run mutmut 3 with one child on the project with a fix applied: its own rate, and its total CPU time."""
    bench, uv = subject.bench, find_uv_bin()
    with tempfile.TemporaryDirectory(prefix="rfsn-mutmut-") as folder:
        tree, venv = Path(folder, "tree"), Path(folder, "venv")
        shutil.copytree(bench.base, tree, ignore=shutil.ignore_patterns(".git"))
        for path, file in apply(subject.candidates[fix].patch, bench.view.read).files.items():
            Path(tree, path).write_bytes(file.after or b"")
        mutated = sorted({operation.path for candidate in subject.candidates for operation in candidate.patch})
        rest = sorted({path.partition("/")[0] for path in bench.view.files()} - {*mutated})
        tests = sorted({case_id(id).file for id, _ in (*subject.targets, *subject.tests)})
        lines = [f"{name}=\n    " + "\n    ".join(values) for name, values in
                 (("paths_to_mutate", mutated), ("tests_dir", tests), ("also_copy", rest))]  # fmt: skip
        Path(tree, "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        install = ("pip", "install", "--quiet", "--python", f"{venv}/bin/python", "mutmut>=3,<4", "pytest")
        for command in (("venv", "--quiet", "--python", sys.executable, str(venv)), install):
            if subprocess.run((uv, *command), check=False).returncode:
                return "it cannot be installed"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run(
            (f"{venv}/bin/mutmut", "run", "--max-children", "1"), cwd=tree, check=False, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        rate, total = re.search(r"([\d.]+) mutations/second", run.stdout), re.findall(r"(\d+)/(\d+)", run.stdout)
        if not rate or not total:
            return f"it cannot run: {(run.stdout + run.stderr).strip()[-400:]}"
        count = int(total[-1][1])
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Measured("mutmut 3", count, count / float(rate[1]), cpu)


def check_agreement(subject: Subject, results: Sequence[WarmResult], count: int) -> None:
    """Compare sampled outcomes of the worker with cold runs."""
    chosen = sorted(random.Random(0).sample(range(len(results)), min(count, len(results))))  # noqa: S311
    wrong = 0
    for index in chosen:
        warm = results[index].outcome == "passed" and results[index].fixed is None
        if warm != cold(subject, index):
            wrong += 1
            words = ("fails", "passes")
            edit = f"{subject.candidates[index].operator} at {subject.candidates[index].location}"
            print(f"  {edit}: warm {words[warm]} ({results[index].outcome}), cold {words[not warm]}")
    print(f"agreement with cold runs: {len(chosen) - wrong} of {len(chosen)} sampled candidates")


def main() -> None:
    """Print one line per kind of validation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", default=str(EXAMPLE))
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--cold", type=int, default=10)
    parser.add_argument("--agreement", type=int, default=20)
    options = parser.parse_args()
    with prepared(options.project, options.candidates) as subject:
        total = len(subject.candidates)
        results = [measure_cold(subject, min(options.cold, total))]
        forks, _ = measure_warm(subject, "warm, a fork for each", min(200, total), screen=False)
        screened, trials = measure_warm(subject, "warm, in process if possible", total, screen=True)
        results += [forks, screened]
        passed = (tried.index for tried in trials if tried.outcome == "passed" and tried.fixed is None)
        plausible = next(passed, None)
        mutmut = measure_mutmut(subject, plausible) if plausible is not None else "no candidate makes the tests pass"
        print(f"{'':<34}{'number':>8}{'a second':>12}{'a CPU second':>14}")
        print(*results, sep="\n")
        print(mutmut if isinstance(mutmut, Measured) else f"mutmut 3: not measured: {mutmut}")
        check_agreement(subject, trials, options.agreement)


if __name__ == "__main__":
    main()
