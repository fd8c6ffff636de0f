"""A disk that fills at any moment: the step is journaled, or the session says so and goes on once there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

from tests.soak.common import FILES, Lane, Ran, git_project, in_lanes, outcome, settled

__all__ = ["full_disks"]

_DISK_MB = 256
_CACHE_IS_REMOVED = 0.15
_LEFT = (0, 4096, 8192, 65536, 1 << 20)
_REPAIR = ("--seed", "7", "--json")
_FULL = 3


def full_disks(seed: int, count: int) -> list[str]:
    """Fill the disk of `count` sessions while they run, make room, resume each, and name all that is not as it should.

    For root alone, who may mount the disks.
    """
    if os.geteuid():
        return ["only root can mount the small disks of this part"]
    usual: dict[Path, tuple[tuple[Any, ...], float, float]] = {}

    def prepare(lane: Lane) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "soak", str(lane.folder)], check=True)
        git_project(lane.folder / "project", FILES)
        lengths = []
        for name in ("first", "second"):
            began = time.monotonic()
            ran = lane.rfsn("repair", lane.folder / "project", *_REPAIR, "--out", lane.folder / name, "--no-memory")
            lengths.append(time.monotonic() - began)
        assert ran.json.get("status") == "repaired", ran
        usual[lane.folder] = outcome(ran.json), lengths[0], lengths[1]

    def trial(lane: Lane, number: int) -> list[str]:
        moments = Random(f"{seed}:{number}")  # a choice to be made again
        expected, with_environment, without = usual[lane.folder]
        anew = moments.random() < _CACHE_IS_REMOVED
        if anew:
            shutil.rmtree(lane.environments)
        delay, left = moments.uniform(0.0, with_environment if anew else without), moments.choice(_LEFT)
        session = lane.folder / f"session-{number}"
        begin = ("repair", lane.folder / "project", *_REPAIR, "--out", session, "--no-memory")
        process = lane.start(*begin)
        time.sleep(delay)
        _fill(lane.folder, left)
        out, err = process.communicate()
        (lane.folder / "ballast").unlink()
        problems = _problems(Ran(process.returncode, out, err), expected)
        again = ("resume", session, "--json") if (session / "journal.jsonl").exists() else begin
        ran = lane.rfsn(*again)
        if outcome(ran.json) != expected:
            problems.append(f"{again[0]} gave {ran.code}, {ran.out[-300:]} {ran.err[-500:]}; before: {err[-300:]}")
        problems += [f"left behind: {one}" for one in settled(lane.left_behind)]
        shutil.rmtree(session, ignore_errors=True)
        when = f"{left} bytes left after {delay:.3f} s{', newly made environment' * anew}"
        return [f"{when}: {problem}" for problem in problems]

    try:
        return in_lanes(trial, count, prepare)
    finally:
        for folder in usual:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
            shutil.rmtree(folder.parent, ignore_errors=True)


def _problems(ran: Ran, expected: tuple[Any, ...]) -> list[str]:
    """What a session with a full disk may do: end as usual, or report what to do."""
    if "Traceback" in ran.err:
        return [f"a traceback: {ran.err[-1000:]}"]
    if ran.code == 0 and outcome(ran.json) == expected:
        return []
    if ran.code == _FULL and "free some space" in ran.err:
        return []
    return [f"with a full disk it gave {ran.code}: {ran.out[-300:]} {ran.err[-500:]}"]


def _fill(folder: Path, left: int) -> None:
    """Take all but `left` bytes of the disk."""
    with (folder / "ballast").open("wb") as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    there = os.statvfs(folder)
                    if there.f_bavail * there.f_frsize < left + size:
                        break
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            except OSError:
                continue
