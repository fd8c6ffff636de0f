"""Which process of which boot made a thing, to distinguish what a dead controller left from what a living one uses."""

from __future__ import annotations

import os
import re
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Self

__all__ = ["Maker"]


# The text may come from anybody, and parts of it become paths.
_WRITTEN = re.compile(r"([0-9a-f]{1,32})-([0-9]{1,20})-([0-9]{1,10})-([0-9]{1,20})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Maker:
    """One process, identified by the boot, its pid namespace, its pid there, and its start time (in kernel ticks).

    Pids are reused; the combination is not.
    """

    boot: str
    namespace: str
    pid: str
    started: str

    @classmethod
    def own(cls) -> Self:
        """The process that runs this."""
        pid = str(os.getpid())
        return cls(_boot(), _namespace(), pid, _own_start(pid))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The maker that `str` wrote down; None if the text does not name one."""
        return cls(*match.groups()) if (match := _WRITTEN.fullmatch(text)) else None

    def __str__(self) -> str:
        return "-".join(astuple(self))

    def is_dead(self) -> bool:
        """Whether it is known to be dead; one in another pid namespace of this boot cannot be seen, so it is not."""
        if self.boot != _boot():
            return True
        if self.namespace != _namespace():
            return False
        state, started = _stat(self.pid)
        return state in {"", "Z"} or started != self.started


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")


@cache
def _namespace() -> str:
    return "".join(filter(str.isdigit, str(Path("/proc/self/ns/pid").readlink())))


@cache
def _own_start(pid: str) -> str:
    return _stat(pid)[1]


def _stat(pid: str) -> tuple[str, str]:
    """The state and the start time of a process; empty if it does not exist."""
    try:
        # The parentheses contain a name that the process itself chose, of any bytes.
        fields = Path("/proc", pid, "stat").read_bytes().rpartition(b")")[2].decode().split()
    except OSError:
        return "", ""
    return fields[0], fields[19]
