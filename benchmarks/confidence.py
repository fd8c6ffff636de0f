"""Fit the weights of `planners/confidence.py` to labelled repairs, and measure how well they are calibrated.

    benchmarks/confidence.py                      fit, and print weights, Brier score and reliability
    benchmarks/confidence.py --collect SET DIR    add the repairs of a set in DIR to the labelled ones
    benchmarks/confidence.py --weaken DATA OUT    make a data set with few of the tests of another, for `repair.py`

The labelled repairs are `benchmarks/repairs.jsonl`: of each verified patch its project, its signs and whether it is
right. `--collect` takes the sessions in DIR/sessions and the labels that benchmarks left in DIR: `benchmark.jsonl`
(`repair.py`: right is what does the same as the reference on inputs that no test has), `results.jsonl` (`faults.py`:
right is what leaves the library as it was) and `labels.jsonl`, which a person writes ({"id", "right", "why"}) and which
counts first. A repair without a label is left out.

Weak tests make wrong repairs, of which there are few otherwise: each row of DATA gives three, with two test functions
of its own each, chosen by chance.

Every figure is of repairs of projects that the weights were not fitted to: one project after another is left out. The
interval of the Brier score comes from 2,000 bootstrap samples.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from buildpacks.view import FolderView
from planners.confidence import Signs, signs_of
from rfsn.sessions.record import Record

REPAIRS = Path(__file__).with_name("repairs.jsonl")
NAMES = [field.name for field in fields(Signs)]
DIRECTIONS = Signs(
    place=-1,
    mended=1,
    model=-1,
    doubt=-1,
    hollow=-1,
    rivals=-1,
    allies=1,
    passing=1,
    targets=1,
    faults=-1,
    rejected=-1,
    files=-1,
)
"""Whether a sign speaks for a patch or against it, as is known of overfitting: the repairs are too few to tell it."""
SHRINKAGE = 20.0
"""The strength of the prior that a weight is 0, for signs in units of their deviation."""
ROUNDS, STEP = 1_500, 0.5
SAMPLES = 2_000
VERSIONS, TESTS = 3, 2
LIKELY = 0.5
BINS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def main() -> None:
    """Collect, or fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", nargs=2, metavar=("SET", "DIR"))
    parser.add_argument("--weaken", nargs=2, metavar=("DATA", "OUT"), type=Path)
    options = parser.parse_args()
    if options.weaken:
        weaken(*options.weaken)
    elif options.collect:
        collect(options.collect[0], Path(options.collect[1]))
    else:
        show([json.loads(line) for line in REPAIRS.read_text("utf-8").splitlines()])


def weaken(data: Path, out: Path) -> None:
    """Write the rows of a data set with few tests."""
    chance = random.Random(0)  # noqa: S311  # the same every time
    with out.open("w", encoding="utf-8") as file:
        for row in rows_of(data):
            for number in range(VERSIONS):
                files = row["files"] | {path: fewer(row["files"][path], chance) for path in row["test_files"]}
                file.write(json.dumps(row | {"instance_id": f"{row['instance_id']}-{number}", "files": files}) + "\n")


def fewer(text: str, chance: random.Random) -> str:
    """A file of tests with two of its test functions."""
    tree = ast.parse(text)
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    kept = chance.sample(tests, min(TESTS, len(tests)))
    tree.body = [node for node in tree.body if node not in tests or node in kept]
    return ast.unparse(tree) + "\n"


def collect(name: str, folder: Path) -> None:
    """Replace the repairs of a set by those in a folder."""
    kept = REPAIRS.read_text("utf-8").splitlines() if REPAIRS.exists() else []
    kept = [line for line in kept if json.loads(line)["set"] != name]
    found = [json.dumps(row) for row in labelled(name, folder)]
    REPAIRS.write_text("".join(f"{line}\n" for line in kept + found), "utf-8")
    print(f"{name}: {len(found)} labelled repairs")


def labelled(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    """The labelled repairs of a set, with their signs."""
    for id, right in sorted(labels(folder).items()):
        session = folder / "sessions" / id
        if not (session / "journal.jsonl").exists():
            continue
        record = Record.read(session)
        signs = signs_of(record.projection.state, FolderView(record.base), record.blobs, record.config.target)
        if signs is not None:
            rounded = {sign: round(value, 3) for sign, value in asdict(signs).items()}
            yield {"set": name, "project": project_of(name, id), "id": id, "right": right, "signs": rounded}


def labels(folder: Path) -> dict[str, bool]:
    """Whether each repair in a folder is right, as far as that is known."""
    known: dict[str, bool] = {}
    for row in rows_of(folder / "benchmark.jsonl"):
        if row["correctness"] in {"correct", "wrong"}:
            known[row["instance_id"]] = row["correctness"] == "correct"
    for row in rows_of(folder / "results.jsonl"):
        if row.get("verdict") == "same":
            known[row["id"]] = True
    return known | {row["id"]: row["right"] for row in rows_of(folder / "labels.jsonl")}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that may not be there."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def project_of(name: str, id: str) -> str:
    """The project that a repair belongs to: a set of small programs is one."""
    return id.rsplit("__", maxsplit=1)[-1].rsplit("-", 1)[0] if name in {"planted", "imports", "real"} else name


def show(repairs: Sequence[Mapping[str, Any]]) -> None:
    """Print the weights from all repairs, and the calibration of weights from other projects."""
    rows = [([row["signs"][name] for name in NAMES], float(row["right"]), row["project"]) for row in repairs]
    projects = sorted({project for *_, project in rows})
    bias, weights = fitted([(signs, right) for signs, right, _ in rows])
    print(f"{len(rows)} repairs of {len(projects)} projects, {sum(right for _, right, _ in rows):.0f} right")
    print("".join(f"\n    {name}={weight:.2f}," for name, weight in zip(NAMES, weights, strict=True)))
    print(f"BIAS = {bias:.2f}\n")
    said, sets = [], dict[str, list[tuple[float, float]]]()
    for project in projects:
        model = fitted([(signs, right) for signs, right, other in rows if other != project])
        for repair, (signs, right, other) in zip(repairs, rows, strict=True):
            if other == project:
                said.append((likelihood(model, signs), right))
                sets.setdefault(repair["set"], []).append(said[-1])
    usual = sum(right for _, right in said) / len(said)
    low, high = interval(said)
    print(f"Brier score, projects left out: {brier(said):.3f} (95%: {low:.3f} to {high:.3f})")
    print(f"of always saying {usual:.2f}: {brier([(usual, right) for _, right in said]):.3f}\n")
    print(f"{'said':>14} {'repairs':>8} {'mean said':>10} {'right':>6}")
    for least, most in pairwise(BINS):
        inside = [(value, right) for value, right in said if least <= value < most or value == most == 1.0]
        if inside:
            mean, share = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            print(f"{least:>6.2f} to {most:<4.2f} {len(inside):>8} {mean:>10.2f} {share:>6.2f}")
    print(f"\n{'set':>14} {'repairs':>8} {'mean said':>10} {'right':>6} {'said 0.5':>9} {'right':>6}")
    for name, inside in sorted(sets.items()):
        mean, share = (sum(column) / len(inside) for column in zip(*inside, strict=True))
        likely = [right for value, right in inside if value >= LIKELY]
        print(f"{name:>14} {len(inside):>8} {mean:>10.2f} {share:>6.2f} {len(likely):>9} {sum(likely):>6.0f}")


def fitted(rows: Sequence[tuple[Sequence[float], float]]) -> tuple[float, list[float]]:
    """The bias and the weights that make the labels likeliest, with a normal prior on the size of each weight."""
    size = len(rows)
    columns = list(zip(*(signs for signs, _ in rows), strict=True))
    means = [sum(column) / size for column in columns]
    spread = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / size) or 1.0
        for column, mean in zip(columns, means, strict=True)
    ]
    scaled = [
        ([(value - mean) / unit for value, mean, unit in zip(signs, means, spread, strict=True)], right)
        for signs, right in rows
    ]
    bias, weights = 0.0, [0.0] * len(means)
    ways = [getattr(DIRECTIONS, name) for name in NAMES]
    for _ in range(ROUNDS):
        errors = [(likelihood((bias, weights), signs) - right, signs) for signs, right in scaled]
        bias -= STEP * sum(error for error, _ in errors) / size
        slopes = [sum(error * signs[at] for error, signs in errors) for at in range(len(weights))]
        moved = [
            weight - STEP * (slope + SHRINKAGE * weight) / size for weight, slope in zip(weights, slopes, strict=True)
        ]
        weights = [way * max(0.0, way * weight) for way, weight in zip(ways, moved, strict=True)]
    plain = [weight / unit for weight, unit in zip(weights, spread, strict=True)]
    return bias - sum(weight * mean for weight, mean in zip(plain, means, strict=True)), plain


def likelihood(model: tuple[float, Sequence[float]], signs: Sequence[float]) -> float:
    """How likely a repair with these signs is right."""
    odds = model[0] + sum(weight * sign for weight, sign in zip(model[1], signs, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def brier(said: Sequence[tuple[float, float]]) -> float:
    """The mean squared difference between what was said and what is (Brier, Monthly Weather Review 78, 1950)."""
    return sum((value - right) ** 2 for value, right in said) / len(said)


def interval(said: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The middle 95 percent of the Brier scores of bootstrap samples."""
    chance = random.Random(0)  # noqa: S311  # the same every time
    scores = sorted(brier(chance.choices(said, k=len(said))) for _ in range(SAMPLES))
    return scores[int(0.025 * SAMPLES)], scores[int(0.975 * SAMPLES)]


if __name__ == "__main__":
    main()
