"""What a large evaluation costs: many rows whose workers only answer, without a sandbox, or rows that are repaired.

It prints the rows a second, the seconds of the reports, the memory of the evaluation over time, and the disk. With
data sets, their rows are repeated in turn under new ids and really repaired; then it also prints the memory and disk
of the whole machine over time, and what 16 cores would do.

    .venv/bin/python -P benchmarks/scale.py --rows 100000
    .venv/bin/python -P benchmarks/scale.py --rows 1000 --time-limit 60 --out DIR ROWS.jsonl [ROWS.jsonl ...]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfsn.config import Config
from rfsn.evaluation import Evaluation, Selection, run_evaluation
from rfsn.evaluation.channel import Channel
from rfsn.evaluation.jobs import Job
from rfsn.evaluation.worker import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n"
PATCH = """\
diff --git a/thing.py b/thing.py
--- a/thing.py
+++ b/thing.py
@@ -1,2 +1,2 @@
 def least(a, b):
-    return a if a > b else b
+    return a if a < b else b
"""
STATUSES = ("repaired", "not_repaired", "repaired", "infra_error", "flaky")
TOLD = 10


def main() -> None:
    """Measure one evaluation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--time-limit", type=float, default=60, help="seconds a row, where rows are repaired")
    parser.add_argument("--out", type=Path, help="keep the results here")
    parser.add_argument("datasets", nargs="*", type=Path, metavar="ROWS.jsonl", help="rows to repeat and repair")
    options = parser.parse_args()
    scripted_worker = (sys.executable, "-P", __file__, "worker")
    how = Evaluation(options.workers) if options.datasets else Evaluation(options.workers, worker=scripted_worker)
    with tempfile.TemporaryDirectory(prefix="rfsn-scale-") as folder:
        dataset, out = Path(folder) / "rows.jsonl", options.out or Path(folder) / "out"
        with dataset.open("w") as file:
            for row in itertools.islice(_rows(options.datasets), options.rows):
                file.write(json.dumps(row) + "\n")
        _measure(dataset, out, options, how)


def _measure(dataset: Path, out: Path, options: argparse.Namespace, how: Evaluation) -> None:
    began, cpu, seen, rows = time.monotonic(), time.process_time(), 0, options.rows
    disk = shutil.disk_usage(out.parent).used

    def ended(_: Path) -> None:
        nonlocal seen
        seen += 1
        if seen % max(1, rows // TOLD) == 0:
            spent = time.monotonic() - began
            machine = ""
            if options.datasets:
                grown = (shutil.disk_usage(out.parent).used - disk) / (1 << 20)
                machine = f"   machine: {_machine_mib():6.0f} MiB of memory, {grown:6.0f} MiB more disk"
            speed = f"{spent:8.1f} s  {seen / spent:7.2f} rows/s"
            print(f"{seen:8} rows  {speed}  {_resident_mib():6.0f} MiB{machine}", flush=True)

    config = Config(time_limit=options.time_limit) if options.datasets else Config()
    totals = run_evaluation(str(dataset), config, out, Selection(), how, ended=ended, quiet=True)
    spent = time.monotonic() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = 1000 * spent / max(1, seen)
    print(f"{seen} rows in {spent:.1f} s: {each:.2f} ms a row, {time.process_time() - cpu:.1f} CPU s here")
    print(f"memory at most {most:.0f} MiB; disk {_size(out) / (1 << 20):.0f} MiB in {out.name}; totals {totals}")
    if options.datasets:
        here = os.cpu_count() or 1
        hourly = 3600 * seen / spent
        print(f"{hourly:.0f} rows an hour on {here} cores; {hourly * 16 / here:.0f} on 16, by calculation")


def _rows(datasets: list[Path]) -> Iterator[dict[str, Any]]:
    """Scripted rows, or those of data sets again and again under new ids, without end."""
    if not datasets:
        yield from (_row(number) for number in itertools.count())
    rows = [json.loads(line) for path in datasets for line in path.read_text().splitlines()]
    for number, row in enumerate(itertools.cycle(rows)):
        yield {**row, "instance_id": f"{row['instance_id']}-{number // len(rows):03}"}


def _row(number: int) -> dict[str, Any]:
    return {
        "instance_id": f"scripted-{number:06}",
        "files": {"thing.py": SOURCE, "test_thing.py": TEST},
        "test_files": ["test_thing.py"],
        "test_command": ["python", "-m", "pytest", "-q"],
    }


def scripted(job: Job, channel: Channel) -> dict[str, Any]:
    """A result without a session, which depends on the id alone."""
    channel.tell(step="patch: scripted")
    number = int(job.id.rpartition("-")[2])
    status = STATUSES[number % len(STATUSES)]
    return {
        "instance_id": job.id,
        "status": status,
        "seconds": 1.0 + number % 97,
        "cpu_seconds": 0.5 + number % 31,
        "candidates": number % 301,
        "patch": PATCH if status == "repaired" else None,
        "reason": f"reason {number % 7}",
        "session": str(job.folder),
        "seed": job.config.seed,
    }


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def _machine_mib() -> float:
    """The memory in use that could not be had by dropping caches."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return (total - free) / 1024


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        serve(int(sys.argv[2]), scripted)
    else:
        main()
