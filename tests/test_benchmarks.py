"""The benchmarks still fit the code: each script can be loaded (CI does not measure)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).resolve().parent.parent / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_can_be_loaded(benchmark: Path) -> None:
    load = f"import runpy; runpy.run_path({str(benchmark)!r}, run_name='benchmark')"
    loaded = subprocess.run([sys.executable, "-P", "-c", load], capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
