"""What dead controllers left behind: containers, control groups, workspaces of sessions, environments half made."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

from rfsn import home
from rfsn.environment import HALF_MADE
from rfsn.retention import journal_lock
from sandbox import SandboxError, remove_tree
from sandbox.cgroup import remove_dead_groups
from sandbox.docker import reap_containers

__all__ = ["remove_leftovers"]


def remove_leftovers() -> list[str]:
    """Remove what no living controller uses, and say what it was. The sessions themselves stay, and can be resumed."""
    try:
        removed = [f"container {id[:12]}" for id in reap_containers()]
    except SandboxError:  # no engine, so no containers
        removed = []
    removed += remove_dead_groups()
    for folder in (*_scratch(), *_environments()):
        remove_tree(folder)
        removed.append(str(folder))
    return removed


def _scratch() -> Iterator[Path]:
    """The workspaces of sessions that nobody works on."""
    for journal in home.sessions_home().glob("*/journal.jsonl"):
        with journal_lock(journal, fcntl.LOCK_EX) as free:
            if free and (scratch := journal.with_name("scratch")).is_dir():
                yield scratch


def _environments() -> Iterator[Path]:
    """Environments that nobody goes on making."""
    environments = home.cache_home() / "environments"
    for folder in (folder for pattern in HALF_MADE for folder in environments.glob(pattern)):
        with folder.with_suffix(".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
