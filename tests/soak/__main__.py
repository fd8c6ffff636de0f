"""`make soak`: hours of what must never matter. `SEED=` makes a run again; parts and counts may be named."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Mapping, Sequence

from tests.soak.filling import full_disks
from tests.soak.killing import killed_evaluations, killed_sessions
from tests.soak.languages import all_languages
from tests.soak.measuring import grown_memory
from tests.soak.models import killed_models
from tests.soak.sources import random_sources

PARTS: Mapping[str, tuple[Callable[[int, int], list[str]], int]] = {
    "sessions": (killed_sessions, 200),
    "models": (killed_models, 40),
    "evaluations": (killed_evaluations, 50),
    "disks": (full_disks, 200),
    "memory": (grown_memory, 80),
    "languages": (all_languages, 1),
    "sources": (random_sources, 2_000),
}
"""Each part: a function of a seed and a count that gives the problems it found, and how many trials it is run for."""


def chosen(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    # With choices and a default, argparse of Python 3.12.1 refuses the default.
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--count", type=int, default=None, help="trials of each part")
    asked = parser.parse_args(arguments)
    asked.parts = asked.parts or [*PARTS]
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {unknown[0]!r}: the parts are {', '.join(PARTS)}")
    return asked


def main() -> int:
    """Run the parts; 1 where any found a problem."""
    asked = chosen(sys.argv[1:])
    seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
    found = 0
    for name in asked.parts:
        part, usual = PARTS[name]
        count = usual if asked.count is None else asked.count
        print(f"{name}: {count} trials, SEED={seed}", flush=True)
        for problem in part(seed, count):
            found += 1
            print(f"  {problem}", flush=True)
    print(f"{found} problems, SEED={seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
