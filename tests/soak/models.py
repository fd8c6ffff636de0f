"""kill -9 at any moment of a session with a model: it ends as if undisturbed, and no answer is paid for twice."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from random import Random
from typing import Any

from tests.models.server import serving
from tests.models.talkers import FILES, SETTINGS, TALKERS, command, problems_of_calls, result
from tests.soak.common import Lane, git_project, in_lanes, settled
from tests.soak.killing import end_after

__all__ = ["killed_models"]

_REPLAYED = 3


def killed_models(seed: int, count: int) -> list[str]:
    """Kill `count` sessions in which a model answers once or is an agent, in turn, and resume each without a kill."""
    usual: dict[tuple[Path, str], tuple[tuple[Any, ...], float]] = {}

    def prepare(lane: Lane) -> None:
        git_project(lane.folder / "project", FILES)
        (lane.folder / "rfsn.toml").write_text(SETTINGS)
        for name, talker in TALKERS.items():
            for number in range(2):  # the first makes the environment too
                folder = lane.folder / f"{name}-{number}"
                with serving(talker.answer) as server:
                    began = time.monotonic()
                    report = lane.rfsn(*_command(lane, name, server.endpoint("chat"), folder)).json
                assert report.get("status") == "repaired", report
                usual[lane.folder, name] = result(report), time.monotonic() - began

    def trial(lane: Lane, number: int) -> list[str]:
        name = [*TALKERS][number % len(TALKERS)]
        expected, length = usual[lane.folder, name]
        delay = Random(f"{seed}:{number}").uniform(0.0, length)  # a choice to be made again
        session = lane.folder / f"session-{number}"
        with serving(TALKERS[name].answer) as server:
            again = _command(lane, name, server.endpoint("chat"), session)
            problems = end_after(lane, again, delay)
            if (session / "journal.jsonl").exists() and b"\n" in (session / "journal.jsonl").read_bytes():
                again = ("resume", session, "--json")
            ran = lane.rfsn(*again)
            if not ran.json or result(ran.json) != expected:
                problems.append(f"{again[0]} gave {ran.code}, {ran.out[-300:]} {ran.err[-500:]}")
            else:
                problems += problems_of_calls(session, ran.json, server.asked)
        if number % _REPLAYED == 0 and (replayed := lane.rfsn("replay", session, "--json")).code:
            problems.append(f"replay: {replayed.out} {replayed.err}")
        problems += [f"left behind: {one}" for one in settled(lane.left_behind)]
        shutil.rmtree(session, ignore_errors=True)
        return [f"{name} killed after {delay:.3f} s of {length:.3f}: {problem}" for problem in problems]

    return in_lanes(trial, count, prepare)


def _command(lane: Lane, name: str, endpoint: str, folder: Path) -> tuple[str | Path, ...]:
    start = command(TALKERS[name], endpoint, lane.folder / "project", folder, lane.folder / "rfsn.toml")
    return (*start, "--no-memory")
