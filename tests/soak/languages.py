"""Every language with all of its tests, and in containers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sandbox.docker.engine import engine_version
from sandbox.errors import SandboxUnavailable
from tests.buildpacks.test_conformance import PACKS

__all__ = ["all_languages"]

_ROOT = Path(__file__).resolve().parents[2]
_IMAGE = "rfsn-test:languages"


def all_languages(seed: int, count: int) -> list[str]:
    """What fails of the thorough tests of the packs, and of their conformance in containers, `count` times."""
    del seed
    problems: list[str] = []
    for _ in range(count):
        problems += _failing(["-P", "-m", "pytest", "-q", "-m", "thorough"])
        try:
            engine_version()
        except SandboxUnavailable as error:
            problems.append(f"no containers: {error}")
            continue
        for name in PACKS:
            rfsn = ["-P", "-c", "import sys; from rfsn.cli import main; sys.exit(main())"]
            problems += _failing([*rfsn, "buildpacks", "check", name, "--sandbox", "docker", "--image", _IMAGE])
    return problems


def _failing(arguments: list[str]) -> list[str]:
    """The lines that tell what failed in a command of Python; empty if its exit code is 0."""
    done = subprocess.run([sys.executable, *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    told = [line for line in lines if line.startswith(("FAILED", "ERROR", "problem", "usage error", "error"))]
    return [f"{' '.join(arguments[-5:])}: {line}" for line in told or [f"exit code {done.returncode}"]]
