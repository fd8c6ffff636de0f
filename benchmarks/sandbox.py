"""What a sandbox costs: from opening to the end of one command and closing, a further command, and a workspace.

Docker is measured where an engine answers and has an image (by default `rfsn-test:debian`, made by
`scripts/docker-images debian`). Milliseconds of wall-clock time, median of several.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox import Command, SandboxProvider, SandboxSpec, SandboxUnavailable, choose, copy_tree, remove_tree

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
    """Measure every backend that there is here."""
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
        source, target = Path(folder, "source"), Path(folder, "target")
        for number in range(FILES):
            path = source / f"{number % 100}" / f"{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * SIZE)

        def copied() -> None:
            copy_tree(source, target)
            remove_tree(target)

        print(f"workspace    copy and remove 50 MB   {measured(copied, 3):8.1f} ms, {FILES} files")


if __name__ == "__main__":
    main()
