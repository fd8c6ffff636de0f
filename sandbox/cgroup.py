"""A control group for each command: limits that apply to all of its processes together, and to root as well.

Version 1 of the kernel's interface is used if the controller may write to its own groups; version 2 if it may write to
a group above its own that has both controllers enabled (root on most machines, and a user's own services and desktop).
Otherwise there is no group, and only the limits on each process apply.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.maker import Maker
from sandbox.model import Limits

__all__ = ["Group", "groups_work", "remove_dead_groups"]

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_CONTROLLERS = ("memory", "pids")
_PREFIX = "rfsn-"
_SETPRIV = "/usr/bin/setpriv"
# The controller may die while a command enters its group: the parent-death signal is requested before that, not only by
# bwrap, and a controller that was already dead is noticed.
_ENTER = (
    '[ "$PPID" = "$1" ] || exit 125; shift; '
    'for group in "$1" "$2"; do echo 0 >"$group/cgroup.procs" || exit 125; done; shift 2; exec "$@"'
)
# By version: the limit on memory; the one on swap, and its value if that differs; then the kernel's counters.
_MEMORY_LIMITS = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", ""),
    2: ("memory.max", "memory.swap.max", "0"),
}
_MEMORY_EVENTS = {1: "memory.oom_control", 2: "memory.events"}
_REMOVE_TRIES = 200
_OVERHEAD = 3  # the processes that bwrap itself needs
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Group:
    """One command's groups (in version 2 a single one); the command starts in them, and they are removed after it."""

    memory: Path
    pids: Path
    version: int

    @classmethod
    def create(cls, limits: Limits) -> Group | None:
        """Groups with these limits; None if they cannot be created here."""
        if not os.access(_SETPRIV, os.X_OK):
            return None
        name = f"{_PREFIX}{Maker.own()}.{next(_numbers)}"
        memory, pids, version = _places()
        group = cls(memory / name, pids / name, version)
        limit, of_swap, swap = _MEMORY_LIMITS[version]
        try:
            for folder in {group.memory, group.pids}:
                folder.mkdir()
            (group.memory / limit).write_text(str(limits.memory_bytes))
            with suppress(OSError):  # without swap accounting there is no such file
                (group.memory / of_swap).write_text(swap or str(limits.memory_bytes))
            (group.pids / "pids.max").write_text(str(limits.processes + _OVERHEAD))
        except OSError:
            group.remove()
            return None
        return group

    def enter(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """A command that enters the groups and then becomes `argv`."""
        watched = (_SETPRIV, "--pdeathsig", "KILL", "/bin/sh", "-c", _ENTER, "sh", str(os.getpid()))
        return (*watched, str(self.memory), str(self.pids), *argv)

    def killed_for_memory(self) -> bool:
        """Whether the kernel killed a process because all of them together used too much memory."""
        with suppress(OSError):
            for line in (self.memory / _MEMORY_EVENTS[self.version]).read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count) > 0
        return False

    def remove(self) -> None:
        """Remove the groups; processes that were killed a moment ago may still count, so it is tried for a while."""
        for folder in {self.memory, self.pids}:
            _remove(folder)


@cache
def groups_work() -> bool:
    """Whether groups can be created here."""
    group = Group.create(Limits())
    if group is not None:
        group.remove()
    return group is not None


def remove_dead_groups() -> list[str]:
    """Remove the groups of dead controllers, with the processes left in them, and return their paths."""
    removed = []
    for place in set(_places()[:2]):
        for folder in place.glob(f"{_PREFIX}*"):
            maker = Maker.parse(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
            if maker is not None and maker.is_dead() and _end(folder):
                removed.append(str(folder))
    return removed


def _end(folder: Path) -> bool:
    """Kill what is left in a group, and remove it; whether that succeeded.

    A bwrap that was killed early leaves a child that waits for it forever: it has not asked for its own end with its
    parent's yet.
    """
    for pid in _members(folder):
        with suppress(OSError):
            process = os.pidfd_open(pid)
            try:
                if pid in _members(folder):  # otherwise the number may be that of another process by now
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            finally:
                os.close(process)
    return _remove(folder)


def _members(folder: Path) -> list[int]:
    """The processes in a group that are visible from here."""
    try:
        return [pid for pid in map(int, (folder / "cgroup.procs").read_text().split()) if pid]
    except OSError:
        return []


def _remove(folder: Path) -> bool:
    for _ in range(_REMOVE_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False


@cache
def _places() -> tuple[Path, Path, int]:
    """The parents of our groups, for memory and for pids, and the version; our own limits continue to apply there."""
    own: dict[str, str] = {}
    with suppress(OSError):
        for line in os.fsdecode(_OWN.read_bytes()).removesuffix("\n").split("\n"):
            _, controllers, path = line.split(":", 2)
            own |= dict.fromkeys(controllers.split(","), path.lstrip("/"))
    if place := _delegated(own.get("", "")):
        return place, place, 2
    places = [(_ROOT / name, _ROOT / name / own.get(name, "")) for name in _CONTROLLERS]
    memory, pids = (inside if inside.is_dir() else top for top, inside in places)
    return memory, pids, 1


def _delegated(own: str) -> Path | None:
    """The nearest group of version 2, from our own upwards, in which groups with both controllers can be created.

    A group that contains processes, such as our own, cannot delegate controllers, unless it is the root. Moving a
    process also needs the right to write to the common ancestor of both groups, which is the one returned.
    """
    for place in (_ROOT / own, *(_ROOT / own).parents):
        with suppress(OSError):
            enabled = (place / "cgroup.subtree_control").read_text().split()
            if set(_CONTROLLERS) <= set(enabled) and os.access(place / "cgroup.procs", os.W_OK):
                return place
        if place == _ROOT:
            break
    return None
