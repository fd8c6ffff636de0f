"""kill -9 at any moment, from the first instruction on: what was begun ends as if nothing had been."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from tests.soak.common import FILES, Lane, git_project, in_lanes, outcome, settled

__all__ = ["end_after", "killed_evaluations", "killed_sessions"]

_CACHE_IS_REMOVED = 0.25
_REPLAYED = 5
_REPAIR = ("--seed", "7", "--json")

FINE = "def price(prices, name, amount):\n    return prices.get(name, 0) * amount\n"
_EVALUATION = ("eval", "rows.jsonl", "--workers", "2", "--out", "out", "--json")


def killed_sessions(seed: int, count: int) -> list[str]:
    """Kill `count` sessions, resume each, and name every difference from one that ran undisturbed."""
    usual: dict[Path, tuple[tuple[Any, ...], float, float]] = {}

    def prepare(lane: Lane) -> None:
        git_project(lane.folder / "project", FILES)
        lengths = []
        for name in ("first", "second"):  # the first makes the environment too
            began = time.monotonic()
            report = lane.rfsn("repair", lane.folder / "project", *_REPAIR, "--out", lane.folder / name).json
            lengths.append(time.monotonic() - began)
            _forget(lane)
        assert report.get("status") == "repaired", report
        usual[lane.folder] = outcome(report), lengths[0], lengths[1]

    def trial(lane: Lane, number: int) -> list[str]:
        moments = Random(f"{seed}:{number}")  # a choice to be made again
        expected, with_environment, without = usual[lane.folder]
        anew = moments.random() < _CACHE_IS_REMOVED
        if anew:
            shutil.rmtree(lane.environments)
        delay = moments.uniform(0.0, with_environment if anew else without)
        session = lane.folder / f"session-{number}"
        problems = end_after(lane, ("repair", lane.folder / "project", *_REPAIR, "--out", session), delay)
        begun = (session / "journal.jsonl").exists() and b"\n" in (session / "journal.jsonl").read_bytes()
        again = (
            ("resume", session, "--json") if begun else ("repair", lane.folder / "project", *_REPAIR, "--out", session)
        )
        ran = lane.rfsn(*again)
        if outcome(ran.json) != expected:
            problems.append(f"{again[0]} gave {ran.code}, {ran.out[-300:]} {ran.err[-500:]}")
        if number % _REPLAYED == 0 and (replayed := lane.rfsn("replay", session, "--json")).code:
            problems.append(f"replay: {replayed.out} {replayed.err}")
        problems += [f"left behind: {one}" for one in settled(lane.left_behind)]
        problems += _memory(lane)
        shutil.rmtree(session, ignore_errors=True)
        return [f"killed after {delay:.3f} s{', environment made anew' * anew}: {problem}" for problem in problems]

    return in_lanes(trial, count, prepare)


def killed_evaluations(seed: int, count: int) -> list[str]:
    """Kill `count` evaluations, start each again, and name every difference from an undisturbed one.

    They have twelve rows, and three where only one is wanted.
    """
    usual: dict[Path, tuple[Mapping[str, Any], float]] = {}
    size = min(12, 3 * count)

    def prepare(lane: Lane) -> None:
        rows = [_row(number) for number in range(size)]
        (lane.folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        for _ in range(2):
            shutil.rmtree(lane.folder / "out", ignore_errors=True)
            began = time.monotonic()
            lane.rfsn(*_EVALUATION)
        usual[lane.folder] = _results(lane, size, []), time.monotonic() - began

    def trial(lane: Lane, number: int) -> list[str]:
        moments = Random(f"{seed}:{number}")  # a choice to be made again
        expected, length = usual[lane.folder]
        shutil.rmtree(lane.folder / "out")
        delay = moments.uniform(0.0, length)
        problems = end_after(lane, _EVALUATION, delay)
        ran = lane.rfsn(*_EVALUATION)
        if ran.code:
            problems.append(f"started again it gave {ran.code}: {ran.err[-500:]}")
        found = _results(lane, size, problems)
        problems += [f"{id}: {found.get(id)}, not {row}" for id, row in expected.items() if found.get(id) != row]
        problems += [f"left behind: {one}" for one in settled(lane.left_behind)]
        return [f"killed after {delay:.3f} s: {problem}" for problem in problems]

    return in_lanes(trial, count, prepare)


def end_after(lane: Lane, command: tuple[str | Path, ...], delay: float) -> list[str]:
    """Start a command and kill it after `delay` seconds; what of it goes on without its controller is a problem."""
    process = lane.start(*command)
    try:
        process.communicate(timeout=delay)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return [f"still running: {one}" for one in settled(lane.processes)]


def _row(number: int) -> dict[str, Any]:
    files = FILES if number % 3 == 0 else {**FILES, "stock.py": FINE}
    row: dict[str, Any] = {"instance_id": f"row__{number}", "test_command": ["python", "-m", "pytest"]}
    if number % 3 == 2:  # a row that cannot be taken, for there is no clone
        return row | {"repo": "nobody/nothing", "base_commit": "HEAD", "test_patch": "", "FAIL_TO_PASS": []}
    return row | {"files": files}


def _results(lane: Lane, size: int, problems: list[str]) -> dict[str, Any]:
    """Each instance's status, patch and prediction; an instance that is there twice or not at all is a problem."""
    found: dict[str, Any] = {}
    for name, columns in (("results", ("status", "patch", "candidates")), ("predictions", ("model_patch",))):
        lines = (lane.folder / "out" / f"{name}.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        ids = [row["instance_id"] for row in rows]
        if sorted(ids) != sorted({*ids}) or len(ids) != size:
            problems.append(f"{name}.jsonl has {sorted(ids)}")
        for row in rows:
            found.setdefault(row["instance_id"], {}).update({column: row[column] for column in columns})
    return found


def _forget(lane: Lane) -> None:
    """Have every session start without memory: what it learned would change what the next does."""
    for path in lane.home.glob("memory.sqlite*"):
        path.unlink()


def _memory(lane: Lane) -> list[str]:
    """What is wrong with the memory after a session of which no more than one contribution can be there."""
    path = lane.home / "memory.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as table:
        sound = table.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        there = table.execute("SELECT count(*) FROM sqlite_master WHERE name = 'outcomes'").fetchone()[0]
        helped = table.execute("SELECT sum(helped) FROM outcomes").fetchone()[0] if there else 0
    _forget(lane)
    return [] if sound and helped in {None, 0, 1} else [f"the memory: sound {sound}, helped {helped}"]
