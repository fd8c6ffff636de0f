"""`make soak`: hours of what must never matter. `SEED=` makes a run again; parts and counts may be named."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Mapping

from tests.soak.filling import full_disks
from tests.soak.killing import killed_evaluations, killed_sessions
from tests.soak.measuring import grown_memory
from tests.soak.sources import random_sources

PARTS: Mapping[str, tuple[Callable[[int, int], list[str]], int]] = {
    "sessions": (killed_sessions, 200),
    "evaluations": (killed_evaluations, 50),
    "disks": (full_disks, 200),
    "memory": (grown_memory, 80),
    "sources": (random_sources, 2_000),
}
"""Each part: a function of a seed and a count that gives the problems it found, and how many trials it is run for."""


def main() -> int:
    """Run the parts; 1 where any found a problem."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS], default=[*PARTS], help="which parts (default: all)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--count", type=int, default=None, help="trials of each part")
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if chosen.seed is None else chosen.seed
    found = 0
    for name in chosen.parts:
        part, usual = PARTS[name]
        count = usual if chosen.count is None else chosen.count
        print(f"{name}: {count} trials, SEED={seed}", flush=True)
        for problem in part(seed, count):
            found += 1
            print(f"  {problem}", flush=True)
    print(f"{found} problems, SEED={seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
