"""kill -9 anywhere loses nothing: a resumed session ends as an undisturbed one does, and nothing is left running."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KILLS = 20

# Some hundred candidates, then a plausible one: a session that the search ends, not the clock.
FILES = {
    "grade.py": (
        "LIMITS = [50, 60, 70, 80]\n\n\ndef grade(points, bonus=0):\n    total = points + bonus\n    result = 0\n"
        "    for limit in LIMITS:\n        if total > limit:\n            result = result + 1\n"
        "        elif result < 0:\n"
        "            result = result * 2\n    return result - 1\n"
    ),
    "test_grade.py": (
        "import pytest\n\nfrom grade import grade\n\n\n"
        "@pytest.mark.parametrize(('points', 'expected'), [(0, 0), (50, 0), (51, 1), (65, 2), (71, 3), (90, 4)])\n"
        "def test_grade(points, expected):\n    assert grade(points) == expected\n\n\n"
        "def test_marker_{marker}():\n    assert True\n"
    ),
}


def outcome(report: dict[str, Any]) -> tuple[Any, ...]:
    return report["status"], report["patch"], report["candidates"], report["outcomes"], report["steps"]


@pytest.mark.slow
def test_twenty_kills_change_nothing(
    rfsn: Callable[..., Any],
    project: Callable[..., Path],
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    source = project({path: text.replace("{marker}", str(os.getpid())) for path, text in FILES.items()})
    began = time.monotonic()
    undisturbed = rfsn("repair", source, "--seed", "7", "--json", "--out", tmp_path / "undisturbed").json
    length = time.monotonic() - began
    assert undisturbed["status"] == "repaired"
    moments = random.Random(time.time_ns())
    unended = 0
    for number in range(KILLS):
        folder = tmp_path / f"killed-{number}"
        command = [str(script), "repair", str(source), "--seed", "7", "--json", "--out", str(folder)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (folder / "journal.jsonl").exists() or not (folder / "journal.jsonl").read_bytes().endswith(b"\n"):
            time.sleep(0.005)
        delay = moments.uniform(0.0, 0.9 * length)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.3)
        assert not processes(str(folder)), f"after a kill at {delay:.2f} s"
        unended += b'"session_ended"' not in (folder / "journal.jsonl").read_bytes()
        resumed = rfsn("resume", folder, "--json").json
        assert outcome(resumed) == outcome(undisturbed), f"after a kill at {delay:.2f} s"
        replayed = rfsn("replay", folder, "--json")
        assert (replayed.code, replayed.json["problems"]) == (0, []), f"after a kill at {delay:.2f} s"
        assert not (folder / "scratch").exists()
    assert unended >= KILLS // 2, "the kills came too late to show anything"


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(
    rfsn: Callable[..., Any],
    project: Callable[..., Path],
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    source = project({path: text.replace("{marker}", "x") for path, text in FILES.items()})
    for number, kind in enumerate((signal.SIGINT, signal.SIGTERM)):
        folder = tmp_path / f"session-{number}"
        process = subprocess.Popen(
            [script, "repair", source, "--out", folder], env=environment, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "localize" in line:
                break
        process.send_signal(kind)
        said = process.stderr.read()
        process.stderr.close()
        assert process.wait(timeout=30) == 130
        assert f"rfsn resume {folder}" in said
        assert "Traceback" not in said
        assert json.loads((folder / "report.json").read_text())["status"] == "interrupted"
        assert not processes(str(folder))
        assert not (folder / "scratch").exists()
        resumed = rfsn("resume", folder, "--json").json
        assert resumed["status"] == "repaired", resumed


def test_a_finished_session_is_not_run_again(rfsn: Callable[..., Any], examples: Path, tmp_path: Path) -> None:
    first = rfsn("repair", examples / "stock", "--out", tmp_path / "session", "--json").json
    journal = (tmp_path / "session" / "journal.jsonl").read_bytes()
    assert rfsn("resume", tmp_path / "session", "--json").json == first
    assert (tmp_path / "session" / "journal.jsonl").read_bytes() == journal
    assert rfsn("repair", examples / "stock", "--out", tmp_path / "session").code == 2
    assert rfsn("resume", "no-such-session").code == 2
