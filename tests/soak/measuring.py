"""Memory, descriptors and threads of the controller over a long evaluation, as `benchmarks/memory.py` samples them."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path

from tests.soak.common import RFSN, Lane

__all__ = ["grown_memory"]

_MOST_MB, _MOST_DESCRIPTORS, _MOST_THREADS = 150, 64, 32
_BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"


def grown_memory(_seed: int, rows: int) -> list[str]:
    """What an evaluation of `rows` commits of repositories takes beyond what it may."""
    benchmark = runpy.run_path(str(_BENCHMARK), run_name="benchmark")
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        lane = Lane(Path(name))
        rows_file = benchmark["data_set"](lane.folder, rows)
        command = [RFSN, "eval", str(rows_file), "--repos", str(lane.folder / "clones")]
        options = ["--out", str(lane.folder / "out"), "--workers", "2", "--json"]
        code, samples = benchmark["watched"]([*command, *options], lane.variables())
    benchmark["show"](f"an evaluation of {rows} rows", samples)
    most = {
        "MB": (max(one.resident_mb for one in samples), _MOST_MB),
        "descriptors": (max(one.descriptors for one in samples), _MOST_DESCRIPTORS),
        "threads": (max(one.threads for one in samples), _MOST_THREADS),
    }
    problems = [f"{found:.0f} {what}, more than {limit}" for what, (found, limit) in most.items() if found > limit]
    return [*problems, f"the evaluation gave {code}"] if code else problems
