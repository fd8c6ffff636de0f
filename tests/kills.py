"""Killing sessions as soon as their journals have an event."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["killed", "killed_once", "kinds"]

_LONGEST_S = 300.0


def killed(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path, moment: tuple[str, int]
) -> list[str]:
    """Kill a session as soon as its journal has a number of events of a kind; returns the kinds of all its events."""
    return killed_once(lambda: kinds(folder).count(moment[0]) >= moment[1], command, environment, folder)


def killed_once(
    due: Callable[[], bool], command: Sequence[str | Path], environment: Mapping[str, str], folder: Path
) -> list[str]:
    """Kill a session as soon as it is due; returns the kinds of all its events."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        ended, deadline = False, time.monotonic() + _LONGEST_S
        try:
            while not due():
                assert not ended, f"it ended before: {kinds(folder)}"
                assert time.monotonic() < deadline, f"it came to a halt: {kinds(folder)}"
                time.sleep(0.005)
                ended = process.poll() is not None
        finally:
            process.kill()
    return kinds(folder)


def kinds(folder: Path) -> list[str]:
    """The kinds of the events in a journal that may be in use."""
    if not (folder / "journal.jsonl").exists():
        return []
    *whole, _torn = (folder / "journal.jsonl").read_bytes().split(b"\n")
    return [json.loads(line)["event"]["kind"] for line in whole]
