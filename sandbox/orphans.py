"""Sandbox programs whose controller is dead, which is named in their environment.

A bwrap dies with its parent once it is set up; one whose parent is killed before that waits forever, and so does its
child, the first process of the sandbox's pid namespace. No other process inside a sandbox counts, whatever its
environment claims: the kernel shows that it is in another pid namespace.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from sandbox.maker import Maker

__all__ = ["MAKER", "end_orphans"]

MAKER = "RFSN_CONTROLLER"
"""The only variable of programs that rfsn starts for a sandbox; it says which controller started them."""

_LONGEST = 200
_NUMBERS = re.compile(rb"^NSpid:((?:\t\d+)+)$", re.MULTILINE)


def end_orphans() -> list[str]:
    """Kill programs that a dead controller had started, and return a description of each."""
    numbers = [process.name for process in Path("/proc").iterdir() if process.name.isdigit()]
    return [f"process {number}" for number in numbers if _ended(number)]


def _ended(number: str) -> bool:
    """Whether the process was an orphan and is killed. A pidfd is opened first, because the pid may be reused."""
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
    if not _is_known(process):  # a sandboxed process can make reading its memory take arbitrarily long
        return False
    with (process / "environ").open("rb") as file:
        variables = file.read(_LONGEST)
    name, _, value = variables.removesuffix(b"\0").partition(b"=")
    if name != MAKER.encode():
        return False
    maker = Maker.parse(value.decode(errors="replace"))
    return maker is not None and maker.is_dead()


def _is_known(process: Path) -> bool:
    """Whether a process is in our own pid namespace, or the first in one below it, which is bwrap or our shell."""
    numbers = _NUMBERS.search((process / "status").read_bytes())
    inside = numbers[1].split()[1:] if numbers else [b""]
    return inside in ([], [b"1"])
