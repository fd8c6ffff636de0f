"""Repair every row of an inline data set, and judge the repairs: plausible, correct, and what they cost.

    benchmarks/repair.py DATASET.jsonl [--limit N] [--only ID] [--instance-timeout S] [--workers N] [--out DIR]

Plausible: the verdict accepted it (the given tests pass, nothing broke). Correct: it also does what the row's
`reference` does on inputs that the tests do not have (`differential.py`, in the same sandbox); the reference is for
judging alone. Rows in whose tests no call is found, or that leave no input to compare, are unjudged. An `--out` that
has results already is judged again without repairing anything.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import buildpacks.python.runner
from gate import Change, FileChange, apply
from planners.observations import Batch
from rfsn.config import load_config
from rfsn.evaluation import Selection, run_evaluation
from rfsn.machine.log import configure_logging
from rfsn.project.environment import prepared_environment
from rfsn.project.project import Project
from rfsn.sessions.events import Observed, Proposed, Started
from rfsn.sessions.record import Record
from rfsn.trials.bench import Bench, Workspace
from sandbox import Command, Mount, SandboxProvider, choose

INPUTS = 200
SEED = 0
JUDGE_TIMEOUT_S = 300.0
PHASES = ("environment", "reproduce", "localize", "patch", "expand", "verify", "plan", "other")


def main() -> None:
    """Print one line for each row, and totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, metavar="DATASET.jsonl")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--only", action="append", default=[], metavar="ID")
    parser.add_argument("--instance-timeout", type=float, default=60.0, metavar="S")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="DIR")
    options = parser.parse_args()
    configure_logging()
    out = options.out or Path(tempfile.mkdtemp(prefix="rfsn-benchmark-"))
    config = load_config({"time_limit": options.instance_timeout})
    selection = Selection(options.limit, tuple(options.only))
    run_evaluation(options.dataset, config, out, options.workers, selection, quiet=True)
    rows = {row["instance_id"]: row for row in map(json.loads, options.dataset.read_text("utf-8").splitlines())}
    results = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    results = [one for one in results if not options.only or one["instance_id"] in options.only]
    provider = choose("auto")
    try:
        told = [tell(result, rows[result["instance_id"]], provider) for result in results]
    finally:
        provider.close()
    (out / "benchmark.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))
    show(told)
    print(f"the sessions: {out}")


def tell(result: Mapping[str, Any], row: Mapping[str, Any], provider: SandboxProvider) -> dict[str, Any]:
    """One row's figures."""
    record = Record.read(Path(result["session"]))
    plausible = result["status"] == "repaired"
    phases = spent(record)
    searching = phases["patch"] + phases["expand"]
    judged = judge(record, row, provider) if plausible else {"verdict": "-"}
    return {
        "instance_id": result["instance_id"],
        "status": result["status"],
        "plausible": plausible,
        "candidates": result["candidates"],
        "rate": result["candidates"] / searching if searching else 0.0,
        "seconds": result["seconds"],
        "cpu_seconds": result["cpu_seconds"],
        "phases": {name: round(seconds, 2) for name, seconds in phases.items()},
        "outcomes": outcomes(record),
        "reason": result["reason"],
    } | judged


def spent(record: Record) -> Counter[str]:
    """Seconds by phase, from the journal's clock; `plan` is what proposing and deciding took."""
    seconds: Counter[str] = Counter()
    before, phase = 0.0, "environment"
    for entry in record.entries():
        match entry.event:
            case Proposed(proposal=proposal):
                name = "plan" if phase != "environment" else phase
                phase = str(proposal.phase)
            case Observed():
                name = phase
            case Started():
                name = "plan"
            case _:
                name = phase if phase == "environment" else "other"
        seconds[name] += entry.clock - before
        before = entry.clock
    return seconds


def outcomes(record: Record) -> dict[str, int]:
    """How many candidates ended with each letter."""
    found: Counter[str] = Counter()
    for entry in record.entries():
        if isinstance(entry.event, Observed) and isinstance(entry.event.observation, Batch):
            found.update(entry.event.observation.outcomes)
    return dict(found)


def judge(record: Record, row: Mapping[str, Any], provider: SandboxProvider) -> dict[str, Any]:
    """Whether a verified patch does what the reference does."""
    project = Project(record)
    verified = record.projection.state.verified
    assert verified is not None
    repaired = apply(verified[0], project.view.read)
    reference: dict[str, str] = row["reference"]
    versions = {path: [text, after(repaired, path, project)] for path, text in reference.items()}
    change = Change({path: FileChange(project.view.read(path), text.encode()) for path, text in reference.items()})
    part, plan = project.parts[0], project.plans[0]
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory() as folder,
        prepared_environment(part.pack, plan, record.base, provider) as environment,
    ):
        bench = Bench(record.base, project.view, environment, part, plan, provider, Path(scratch))
        put_judge(Path(folder), versions)
        arguments = plan.test[plan.test.index("pytest") + 1 :]
        argv = ("python", "/judge/differential.py", str(SEED), str(INPUTS), *arguments)
        with Workspace(bench, change, (Mount(Path(folder), "/judge"),)) as sandbox:
            env = {**plan.env, "PYTHONHASHSEED": "0"}
            done = sandbox.run(Command(argv, JUDGE_TIMEOUT_S, env=env))
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.exit_code != 0 or not lines:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return {"verdict": "unjudged", "because": said[-1] if said else str(done.ending)}
    found = json.loads(lines[-1]).values()
    inputs, differ = sum(one["inputs"] for one in found), sum(one["differ"] for one in found)
    verdict = "unjudged" if not inputs else "wrong" if differ else "correct"
    examples = [one["example"] for one in found if one["differ"]]
    return {"verdict": verdict, "inputs": inputs, "differ": differ, "examples": examples}


def put_judge(folder: Path, versions: Mapping[str, Sequence[str]]) -> None:
    """Put what compares versions into a folder, with the versions and with the runner that it takes inputs from."""
    shutil.copy(Path(__file__).with_name("differential.py"), folder)
    runner = Path(buildpacks.python.runner.__file__).parent
    shutil.copytree(runner, folder / "rfsn_runner", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions.json").write_text(json.dumps(versions))


def after(change: Change, path: str, project: Project) -> str:
    """The text of a file after a change."""
    file = change.files.get(path)
    content = file.after if file else project.view.read(path)
    return (content or b"").decode()


def show(told: Sequence[Mapping[str, Any]]) -> None:
    """Print the table and the totals."""
    console = Console(width=200)
    table = Table("row", "status", "judged", "inputs", "differ", "candidates", "a second", "wall s", "CPU s", "where")
    for one in told:
        where = " ".join(f"{name} {one['phases'][name]:.1f}" for name in PHASES if one["phases"].get(name, 0) >= 0.1)
        numbers = (one.get("inputs", ""), one.get("differ", ""), one["candidates"], round(one["rate"]))
        times = (f"{one['seconds']:.1f}", f"{one['cpu_seconds']:.1f}")
        table.add_row(one["instance_id"], one["status"], one["verdict"], *map(str, numbers), *times, where)
    console.print(table, markup=False)
    repaired = [one for one in told if one["plausible"]]
    verdicts = Counter(one["verdict"] for one in repaired)
    candidates = sum(one["candidates"] for one in told)
    searching = sum(one["phases"].get("patch", 0) + one["phases"].get("expand", 0) for one in told)
    median = statistics.median([one["seconds"] for one in repaired]) if repaired else 0.0
    print(
        f"{len(told)} rows: plausible {len(repaired)}, correct {verdicts['correct']}, wrong {verdicts['wrong']}, "
        f"unjudged {verdicts['unjudged']}; {candidates} candidates, {candidates / max(searching, 1e-9):.0f} a second "
        f"of search; median {median:.1f} s to a verified repair; "
        f"{sum(one['cpu_seconds'] for one in told):.0f} CPU s"
    )


if __name__ == "__main__":
    main()
