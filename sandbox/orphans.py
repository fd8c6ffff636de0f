"""Programs of the sandbox whose controller is dead: they have its name in their environment.

A bwrap dies with its parent once it is set up; one whose parent is killed before that waits for ever. What runs inside
a sandbox is never one of them, whatever it says of itself: the kernel tells that it is in a namespace of its own.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from sandbox.controller import Controller

__all__ = ["MAKER", "end_orphans"]

MAKER = "RFSN_CONTROLLER"
"""The variable, and the only one, that the programs which rfsn starts for a sandbox have: it says who started them."""

_LONGEST = 200
_NUMBERS = re.compile(rb"^NSpid:((?:\t\d+)+)$", re.MULTILINE)


def end_orphans() -> list[str]:
    """Kill what a dead controller had started and nobody ended, and say what it was."""
    numbers = [process.name for process in Path("/proc").iterdir() if process.name.isdigit()]
    return [f"process {number}" for number in numbers if _ended(number)]


def _ended(number: str) -> bool:
    """Whether the process was an orphan. It is held before it is looked at: its number may soon be another's."""
    with suppress(OSError):
        process = os.pidfd_open(int(number))
        try:
            if _is_orphan(Path("/proc", number)):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                return True
        finally:
            os.close(process)
    return False


def _is_orphan(process: Path) -> bool:
    if not _is_outside(process):  # reading the memory of a sandboxed process could take as long as it likes
        return False
    with (process / "environ").open("rb") as file:
        variables = file.read(_LONGEST)
    name, _, maker = variables.removesuffix(b"\0").partition(b"=")
    if name != MAKER.encode():
        return False
    controller = Controller.parse(maker.decode(errors="replace"))
    return controller is not None and controller.is_dead()


def _is_outside(process: Path) -> bool:
    """Whether a process is in our own namespace of processes: one of a namespace beneath has a number there too."""
    numbers = _NUMBERS.search((process / "status").read_bytes())
    return numbers is not None and len(numbers[1].split()) == 1
