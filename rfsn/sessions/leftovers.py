"""What dead controllers left behind: containers, control groups, workspaces of sessions, unfinished environments.

Only folders with rfsn's mark are removed: a folder of the user's with such a name stays as it is.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rfsn.machine import home
from rfsn.machine.kept import cached_folders, remove_incomplete
from rfsn.sessions.record import JOURNAL
from rfsn.sessions.retention import journal_lock
from sandbox import SandboxError, discard, is_marked, remove_unfinished
from sandbox.cgroup import remove_dead_groups
from sandbox.docker import reap_containers
from sandbox.maker import Maker
from sandbox.mounts import mounted
from sandbox.orphans import end_orphans

__all__ = ["remove_leftovers", "remove_scratch"]


def remove_leftovers() -> list[str]:
    """Remove what no living controller uses, and return it, a line for each. Sessions stay, and can be resumed."""
    try:
        removed = [f"container {id[:12]}" for id in reap_containers()]
    except SandboxError:  # no engine, so no containers
        removed = []
    removed += end_orphans()
    removed += remove_dead_groups()
    removed += remove_scratch()
    removed += map(str, remove_incomplete(cached_folders()))
    return removed


def remove_scratch() -> list[str]:
    """Remove the scratch folders that no living controller uses, with all that is mounted in them."""
    sessions, cache = home.sessions_home(), home.cache_home()
    caches = (cache / "environments", cache / "projects", cache / "downloads", home.working_home())
    homes = (sessions, *sessions.glob("*/"), *caches, Path(tempfile.gettempdir()))
    unfinished = [name for parent in homes for name in remove_unfinished(parent)]
    return unfinished + [str(folder) for folder in (*_scratch(), *_temporary()) if discard(folder)]


def _scratch() -> Iterator[Path]:
    """The scratch folders of sessions that no process works on: below our home, and wherever ours are mounted."""
    there = {*home.sessions_home().glob("*/scratch")}
    there |= {place.parent for place in mounted() if place.parent.name == "scratch"}
    for scratch in there:
        with suppress(OSError):  # another user's, or gone by now
            journal = scratch.with_name(JOURNAL)
            if is_marked(scratch) and journal.is_file():
                with journal_lock(journal, fcntl.LOCK_EX) as free:
                    if free:
                        yield scratch


def _temporary() -> Iterator[Path]:
    """The temporary folders of controllers that are dead."""
    places = (Path(tempfile.gettempdir()), home.working_home())
    for folder in (folder for place in places for folder in place.glob(f"{home.TEMPORARY}*")):
        maker = Maker.parse(folder.name.removeprefix(home.TEMPORARY).rpartition(".")[0])
        with suppress(FileNotFoundError):  # another rfsn was faster
            if maker is not None and maker.is_dead() and is_marked(folder):
                yield folder
