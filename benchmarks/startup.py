"""CPU time of starting rfsn, over that of bare Python: `import rfsn`, `rfsn --help`, and a command's own imports."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 15
RFSN = str(Path(sys.executable).with_name("rfsn"))
COMMANDS = {
    "bare python": [sys.executable, "-P", "-c", "pass"],
    "import rfsn": [sys.executable, "-P", "-c", "import rfsn"],
    "rfsn --help": [RFSN, "--help"],
    "rfsn repair (imports)": [sys.executable, "-P", "-c", "import rfsn.cli.commands"],
}
GOALS = {"import rfsn": 0.1, "rfsn --help": 0.2}


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run of a command."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def main() -> None:
    """Print the medians side by side."""
    for command in COMMANDS.values():
        cpu_seconds(command)  # fills the caches
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            measured[name].append(cpu_seconds(command))
    bare = statistics.median(measured["bare python"])
    print(f"{'CPU ms, median of ' + str(RUNS):<28}{'total':>8}{'over bare':>11}{'goal':>8}")
    for name, times in measured.items():
        median = statistics.median(times)
        goal = f"{GOALS[name] * 1000:.0f}" if name in GOALS else ""
        print(f"{name:<28}{median * 1000:>8.0f}{(median - bare) * 1000:>11.0f}{goal:>8}")


if __name__ == "__main__":
    main()
