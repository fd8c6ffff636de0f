"""What an evaluation costs besides its repairs: many rows whose workers only answer, and no sandbox.

It prints the rows a second, the seconds of the reports, the memory of the evaluation over time, and the disk.

    .venv/bin/python -P benchmarks/scale.py --rows 100000
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rfsn.config import Config
from rfsn.evaluation import Evaluation, Selection, run_evaluation
from rfsn.evaluation.channel import Channel
from rfsn.evaluation.jobs import Job
from rfsn.evaluation.worker import serve

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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rfsn-scale-") as folder:
        dataset, out = Path(folder) / "rows.jsonl", Path(folder) / "out"
        with dataset.open("w") as file:
            for number in range(options.rows):
                file.write(json.dumps(_row(number)) + "\n")
        _measure(dataset, out, options.rows, options.workers)


def _measure(dataset: Path, out: Path, rows: int, workers: int) -> None:
    began, cpu, seen = time.monotonic(), time.process_time(), 0

    def ended(_: Path) -> None:
        nonlocal seen
        seen += 1
        if seen % max(1, rows // TOLD) == 0:
            spent = time.monotonic() - began
            print(f"{seen:8} rows  {spent:8.1f} s  {seen / spent:7.0f} rows/s  {_resident_mib():6.0f} MiB", flush=True)

    how = Evaluation(workers, worker=(sys.executable, "-P", __file__, "worker"))
    totals = run_evaluation(str(dataset), Config(), out, Selection(), how, ended=ended, quiet=True)
    spent = time.monotonic() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"all in {spent:.1f} s: {1000 * spent / rows:.2f} ms a row, {time.process_time() - cpu:.1f} CPU s here")
    print(f"memory at most {most:.0f} MiB; disk {_size(out) / (1 << 20):.0f} MiB in {out.name}; totals {totals}")


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


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        serve(int(sys.argv[2]), scripted)
    else:
        main()
