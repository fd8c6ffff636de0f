"""Memory, descriptors and threads of the controller over a long session and a long evaluation: all must stay flat."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

RFSN = str(Path(sys.executable).with_name("rfsn"))
SAMPLES_SHOWN = 12
PERIOD_S = 0.5
GOAL_MB = 150

# Every function is executed by the failing test and none can repair it, so that the search does not end early.
FUNCTION = (
    "def step_{number}(values, limit):\n    total = 7\n    for index, value in enumerate(values):\n"
    "        if value > limit and index != total:\n            total = total + value * 3\n"
    "        elif value == limit or not index:\n            total = total - 1\n    return total\n\n\n"
)
TEST = "from long import *\n\n\ndef test_all():\n{calls}    assert len('a') == 2\n"

SOURCE = "def least(first, second):\n    return first if first > second else second\n\n\n"
OTHER_FUNCTIONS, OTHER_FILES = 200, 40
ROW_TEST = "from least import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """Resources of the controllers at one moment, from the kernel: MB, descriptors and threads are the largest."""

    at_s: float
    resident_mb: float
    descriptors: int
    threads: int
    processes: int


def watched(command: Sequence[str], environment: dict[str, str]) -> tuple[int, list[Sample]]:
    """Run a command of rfsn to its end; returns its exit code, and samples of its controllers."""
    began = time.monotonic()
    samples: list[Sample] = []
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        while process.poll() is None:
            usages = [usage for pid in controllers(process.pid) if (usage := usage_of(pid))]
            if usages:
                resident, descriptors, threads = (max(column) for column in zip(*usages, strict=True))
                samples.append(Sample(time.monotonic() - began, resident, descriptors, threads, len(usages)))
            time.sleep(PERIOD_S)
        output.seek(0)
        sys.stderr.write(output.read().decode(errors="replace")[-2000:])
    return process.returncode, samples


def controllers(pid: int) -> Iterator[int]:
    """The process and those of its direct children that run the same interpreter, so not the sandboxes."""
    yield pid
    try:
        own = Path(f"/proc/{pid}/exe").readlink()
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/exe").readlink() == own:
                yield int(child)
    except OSError:
        return


def usage_of(pid: int) -> tuple[float, int, int] | None:
    """Resident memory (MB), open descriptors and threads of a process; None once it has ended."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return (
            int(status["VmRSS"].split()[0]) / 1024,
            len(list(Path(f"/proc/{pid}/fd").iterdir())),
            int(status["Threads"]),
        )
    except (OSError, KeyError):
        return None


def long_project(folder: Path, functions: int) -> Path:
    """A project with enough functions for tens of thousands of candidates, none of them a repair."""
    source = "".join(FUNCTION.format(number=number) for number in range(functions))
    calls = "".join(f"    step_{number}([1, 2, 3], 2)\n" for number in range(functions))
    return repository(folder, {"long.py": source, "test_long.py": TEST.format(calls=calls)})


def data_set(folder: Path, rows: int) -> Path:
    """A data set of `rows` commits of small repositories, with the columns of SWE-bench."""
    path = folder / "rows.jsonl"
    with path.open("w") as file:
        for number in range(rows):
            names = (f"_{number}_{place}" for place in range(OTHER_FUNCTIONS))
            more = "".join(FUNCTION.format(number=name) for name in names)
            files = {"least.py": SOURCE + more} | {f"other_{place}.py": more for place in range(OTHER_FILES)}
            clone = repository(folder / "clones" / f"owner__project-{number}", files)
            (clone / "test_least.py").write_text(ROW_TEST)
            git("add", "--all", cwd=clone)
            row = {
                "instance_id": f"owner__project-{number}",
                "repo": f"owner/project-{number}",
                "base_commit": git("rev-parse", "HEAD", cwd=clone).strip(),
                "test_patch": git("diff", "--cached", cwd=clone),
                "test_command": ["python", "-m", "pytest"],
                "FAIL_TO_PASS": ["test_least.py::test_least"],
                "packages": ["pytest"],
            }
            file.write(json.dumps(row) + "\n")
    return path


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A new git repository with these files in one commit."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    git("init", "--quiet", cwd=folder)
    git("add", "--all", cwd=folder)
    git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "start", cwd=folder)
    return folder


def git(*arguments: str, cwd: Path) -> str:
    """The output of git in a folder."""
    return subprocess.run(
        ["git", *arguments],  # noqa: S607  # the git of whoever measures
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def show(title: str, samples: Sequence[Sample]) -> None:
    """Print some of the samples, and the peak memory."""
    print(title)
    print(f"{'s':>8}{'MB':>8}{'fds':>6}{'threads':>9}{'controllers':>13}")
    step = max(1, len(samples) // SAMPLES_SHOWN)
    for shown in (*samples[::step], samples[-1]):
        print(
            f"{shown.at_s:>8.0f}{shown.resident_mb:>8.0f}{shown.descriptors:>6}{shown.threads:>9}{shown.processes:>13}"
        )
    most = max(sample.resident_mb for sample in samples)
    print(f"most: {most:.0f} MB in one process (goal: below {GOAL_MB})\n")


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=400)
    parser.add_argument("--rows", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--time-limit", type=int, default=900)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"RFSN_HOME": str(folder / "home"), "RFSN_MEMORY": "false"}
        if chosen.rows:
            rows = data_set(folder, chosen.rows)
            command = [RFSN, "eval", str(rows), "--repos", str(folder / "clones"), "--out", str(folder / "out")]
            _, samples = watched([*command, "--workers", str(chosen.workers), "--json"], environment)
            show(f"an evaluation of {chosen.rows} rows, {chosen.workers} workers", samples)
        if chosen.functions:
            project = long_project(folder / "long", chosen.functions)
            limits = ("--time-limit", str(chosen.time_limit), "--max-steps", "5000", "--workers", str(chosen.workers))
            command = [RFSN, "repair", str(project), "--out", str(folder / "session"), *limits, "--json"]
            _, samples = watched(command, environment)
            report = json.loads((folder / "session" / "report.json").read_text())
            show(f"a session of {report['candidates']} candidates ({report['status']})", samples)


if __name__ == "__main__":
    main()
