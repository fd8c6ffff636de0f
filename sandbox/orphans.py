"""Programs of the sandbox whose controller is dead: they have its name in their environment.

A bwrap dies with its parent once it is set up; one whose parent is killed before that waits for ever. What runs inside
a sandbox has another environment.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from sandbox.controller import Controller

__all__ = ["MAKER", "end_orphans"]

MAKER = "RFSN_CONTROLLER"
"""The variable that says who started a program of the sandbox."""


def end_orphans() -> list[str]:
    """Kill what a dead controller had started and nobody ended, and say what it was."""
    ended = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _is_orphan(process):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL)
                ended.append(f"process {process.name}")
    return ended


def _is_orphan(process: Path) -> bool:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone by now
        return False
    maker = next((one for one in variables if one.startswith(f"{MAKER}=".encode())), b"")
    controller = Controller.parse(maker.partition(b"=")[2].decode(errors="replace")) if maker else None
    return controller is not None and controller.is_dead()
