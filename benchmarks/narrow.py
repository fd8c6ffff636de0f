"""How many plausible wrong patches are called narrow, or are contradicted by others, and how many right ones are.

    python -P -m benchmarks.narrow DATASET.jsonl ... [--mutants N] [--of-each N] [--seconds S] [--seed N]

Of each row, the candidates of the search are tried in its order; those that repair a target and break nothing are
*plausible* repairs of it. One that answers otherwise than the row's reference, on calls near those of the tests, is a
wrong patch; of each row some are drawn (`--of-each`), until there are `--mutants` in all or the time is up. A patch is
*contradicted* if another one that repairs the same targets answers otherwise on such calls, as `rfsn repair` reports
it. The same is asked of the references: for these each flag is a false one.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.validation import CASE_LIMIT_S, SUITE_LIMIT_S, Subject, prepared
from buildpacks import RunRequest, SuiteReport
from gate import Candidate, Change, FileChange, apply
from planners.agreement import alike, comparable
from planners.targets import Targets
from rfsn.errors import InfraError
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.generality import Generality
from rfsn.trials.suite import Suite
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker

CANDIDATES = 400
SESSION_S = 900.0


def main() -> None:
    """Judge until there are enough, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--of-each", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [(path, json.loads(line)) for path in options.datasets for line in path.read_text("utf-8").splitlines()]
    random.Random(options.seed).shuffle(rows)  # noqa: S311  # the same every time
    deadline = time.monotonic() + options.seconds
    counts: Counter[tuple[str, str]] = Counter()
    for path, row in rows:
        if time.monotonic() > deadline or counts["mutant", "all"] >= options.mutants:
            break
        try:
            for kind, narrow, contradicted in judged(f"{path}:{row['instance_id']}", row, options.of_each):
                counts.update((kind, flag) for flag in flags(narrow=narrow, contradicted=contradicted))
        except (InfraError, SystemExit) as error:
            print(f"{row['instance_id']}: left out: {error}")
            continue
        print(f"{row['instance_id']}: {dict(counts)}", flush=True)
    for kind in ("mutant", "reference"):
        print(f"{kind}: " + ", ".join(f"{flag} {counts[kind, flag]}" for flag in FLAGS))


FLAGS = ("all", "narrow", "unknown", "contradicted", "either")


def flags(*, narrow: bool | None, contradicted: bool) -> list[str]:
    """What a patch counts as."""
    known = {"all": True, "narrow": narrow, "unknown": narrow is None, "contradicted": contradicted}
    return [flag for flag, holds in {**known, "either": narrow or contradicted}.items() if holds]


def judged(name: str, row: Mapping[str, Any], most: int) -> Iterator[tuple[str, bool | None, bool]]:
    """The reference of a row and some of its wrong patches: whether each is narrow, and whether it is contradicted."""
    with prepared(name, CANDIDATES) as subject:
        bench = subject.bench
        base = bench.run_tests(RunRequest((), CASE_LIMIT_S, CASE_LIMIT_S), SUITE_LIMIT_S)
        right = {path: text.encode() for path, text in row["reference"].items() if text != row["files"].get(path)}
        worker = WarmWorker(bench)
        worker.plan(TrialPlan(subject.targets, subject.tests))
        edits = {path: [(0, len(bench.view.read(path)), text)] for path, text in right.items()}
        reference = behaviour(worker, TrialRequest(0, edits, ()))
        plausible = [*found(worker, subject)]
        worker.close()
        change = Change({path: FileChange(bench.view.read(path), text) for path, text in right.items()})
        targets = tuple(id for id, _ in subject.targets)
        whole = [one.seen for one in plausible if one.fixed == targets]
        yield "reference", narrow(bench, base, targets, change), contradicts(reference, whole)
        wrong = [one for one in plausible if comparable(one.seen, reference) and not alike(one.seen, reference)]
        for one in random.Random(0).sample(wrong, min(most, len(wrong))):  # noqa: S311  # the same every time
            made = apply(one.candidate.patch, bench.view.read)
            rivals = [other.seen for other in plausible if {*one.fixed} <= {*other.fixed}]
            yield "mutant", narrow(bench, base, one.fixed, made), contradicts(one.seen, rivals)


class Plausible(NamedTuple):
    """A candidate that repairs these targets and breaks nothing, and what it does on calls that no test makes."""

    candidate: Candidate
    fixed: tuple[str, ...]
    seen: str


def found(worker: WarmWorker, subject: Subject) -> Iterator[Plausible]:
    """The candidates that repair some targets."""
    targets = tuple(id for id, _ in subject.targets)
    for tried in [one for one in worker.try_out(subject.trials) if one.outcome == "passed"]:
        seen = behaviour(worker, subject.trials[tried.index])
        yield Plausible(subject.candidates[tried.index], tried.fixed or targets, seen)


def behaviour(worker: WarmWorker, trial: TrialRequest) -> str:
    """What a patch does on calls that no test makes, as in `Trial.behaviour`."""
    return " ".join(worker.observe(trial).words)


def contradicts(seen: str, others: Sequence[str]) -> bool:
    """Whether another patch that passes does otherwise."""
    return any(comparable(seen, other) and not alike(seen, other) for other in others)


def narrow(bench: Bench, base: SuiteReport, targets: tuple[str, ...], change: Change) -> bool | None:
    """Whether a patch is narrow, as a verdict with these targets says it."""
    generality = Generality(Suite([bench]), Budget(SESSION_S, 1, lambda: 0.0), strict=False)
    return generality.narrowness(Targets(base, targets, (), targets), change).narrow


if __name__ == "__main__":
    main()
