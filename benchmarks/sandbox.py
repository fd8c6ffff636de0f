"""What a sandbox costs: opening it, running one command and closing it; another command; and a workspace.

Docker is measured if an engine answers and has an image (by default `rfsn-test:debian`, built by
`scripts/docker-images debian`), and with it the Docker environment of mini-swe-agent, from PyPI in a throw-away
environment. SWE-ReX is left out: it needs a published port, and its server in the image. Milliseconds of wall-clock
time, median of several runs.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from uv import find_uv_bin

from sandbox import (
    Command,
    SandboxProvider,
    SandboxSpec,
    SandboxUnavailable,
    choose,
    copy_tree,
    remove_tree,
    scratch_folder,
)
from sandbox.mounts import filesystem, mount_overlay

TIMES = 9
FILES, SIZE = 4_000, 12_500  # 50 MB
TRUE = Command(("true",), 30)


def measured(work: Callable[[], object], times: int = TIMES) -> float:
    """The median time of `work`, in milliseconds."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000


PEER = """
import logging, statistics, subprocess, sys, time
logging.disable()
from minisweagent.environments.docker import DockerEnvironment

def whole():
    environment = DockerEnvironment(image=sys.argv[1], cwd="/")
    assert environment.execute({"command": "true"})["returncode"] == 0
    subprocess.run(["docker", "rm", "--force", environment.container_id], check=True, capture_output=True)
    environment.container_id = None

def measured(work):
    spent = []
    for _ in range(int(sys.argv[2])):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000

print(f"mini-swe-agent open, one command, close {measured(whole):6.1f} ms")
environment = DockerEnvironment(image=sys.argv[1], cwd="/")
print(f"mini-swe-agent a further command       {measured(lambda: environment.execute({'command': 'true'})):6.1f} ms")
subprocess.run(["docker", "rm", "--force", environment.container_id], check=True, capture_output=True)
environment.container_id = None
"""


def measure_peer(image: str) -> None:
    """The same with mini-swe-agent, which starts containers with the docker command; including their removal."""
    argv = [find_uv_bin(), "run", "--no-project", "--quiet", "--with", "mini-swe-agent>=2,<3", "python", "-c", PEER]
    done = subprocess.run([*argv, image, str(TIMES)], capture_output=True, text=True, check=False)
    figures = [line for line in done.stdout.splitlines() if line.endswith(" ms")]
    print("\n".join(figures) or f"mini-swe-agent not measured: {done.stderr.strip().splitlines()[-1]}")


def measure(provider: SandboxProvider, workspace: Path) -> None:
    """Print the figures of one backend."""

    def whole() -> None:
        sandbox = provider.open(SandboxSpec(workspace))
        assert sandbox.run(TRUE).exit_code == 0
        sandbox.close()

    print(f"{provider.name:<12} open, one command, close {measured(whole):8.1f} ms")
    sandbox = provider.open(SandboxSpec(workspace))
    sandbox.run(TRUE)
    print(f"{provider.name:<12} a further command       {measured(lambda: sandbox.run(TRUE)):8.1f} ms")
    sandbox.close()


def main() -> None:
    """Measure every available backend."""
    image = sys.argv[1] if len(sys.argv) > 1 else "rfsn-test:debian"
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder, "workspace")
        workspace.mkdir()
        for name in ("bubblewrap", "docker", "local"):
            try:
                provider = choose(name, image)
            except SandboxUnavailable as error:
                print(f"{name:<12} not measured: {error}")
                continue
            measure(provider, workspace)
            provider.close()
            if name == "docker":
                measure_peer(image)
        source, target = Path(folder, "source"), Path(folder, "target")
        for number in range(FILES):
            path = source / f"{number % 100}" / f"{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * SIZE)

        def copied() -> None:
            copy_tree(source, target)
            remove_tree(target)

        print(f"workspace    copy and remove 50 MB   {measured(copied, 3):8.1f} ms, {FILES} files")
        provider = choose("auto")
        with scratch_folder(Path(folder), 1 << 30) as where:
            overlays = provider.overlays(where)
            kind = filesystem(where)
        provider.close()

        def overlaid() -> None:
            with scratch_folder(Path(folder), 1 << 30) as scratch:
                for name in ("upper", "work", "merged"):
                    (scratch / name).mkdir()
                mount_overlay((source,), scratch / "upper", scratch / "work", scratch / "merged")

        if kind == "tmpfs":
            print(f"workspace    overlay on 50 MB        {measured(overlaid):8.1f} ms, on a tmpfs")
        print(f"workspace    bubblewrap {'mounts overlays' if overlays else 'copies trees'} here")


if __name__ == "__main__":
    main()
