"""kill -9 at any point loses nothing: a resumed session ends like an undisturbed one, and nothing is left running."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import committed
from tests.kills import killed

# An event of each kind, and how often it was there when the kill comes, the most telling first: `make soak`
# kills at random moments.
MOMENTS = [
    ("environment_ready", 1),
    ("started", 4),
    ("observed", 2),
    ("session_ended", 1),
    ("session_started", 1),
    ("source_taken", 1),
    ("proposed", 4),
    ("phase_ended", 1),
]

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
        "def test_grade(points, expected):\n    assert grade(points) == expected\n"
    ),
}


def outcome(report: dict[str, Any]) -> tuple[Any, ...]:
    return report["status"], report["patch"], report["candidates"], report["outcomes"], report["steps"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return committed(FILES, tmp_path_factory.mktemp("survival") / "project")


@pytest.fixture(scope="module")
def undisturbed(source: Path, rfsn: Callable[..., Any]) -> tuple[Any, ...]:
    report = rfsn("repair", source, "--seed", "7", "--json", "--out", source.with_name("undisturbed")).json
    assert report["status"] == "repaired"
    return outcome(report)


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[0]} {moment[1]}")
def test_a_kill_after_any_event_changes_nothing(
    moment: tuple[str, int],
    source: Path,
    undisturbed: tuple[Any, ...],
    rfsn: Callable[..., Any],
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    for number in range(5):
        folder = tmp_path / f"killed-{number}"
        command: list[str | Path] = [script, "repair", source, "--seed", "7", "--json", "--out", folder]
        found = killed(command, environment, folder, moment)
        if "session_ended" not in found or moment[0] == "session_ended":
            break
    else:
        pytest.fail("the kills came too late to show anything")
    deadline = time.monotonic() + 30
    while left := processes(str(folder)):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
    assert outcome(rfsn("resume", folder, "--json").json) == undisturbed
    replayed = rfsn("replay", folder, "--json")
    assert (replayed.code, replayed.json["problems"]) == (0, [])
    assert not (folder / "scratch").exists()


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(
    kind: signal.Signals,
    source: Path,
    rfsn: Callable[..., Any],
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    folder = tmp_path / "session"
    process = subprocess.Popen(
        [script, "repair", source, "--out", folder], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "environment" in line:
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


@pytest.mark.thorough
def test_a_finished_session_is_not_run_again(rfsn: Callable[..., Any], examples: Path, tmp_path: Path) -> None:
    first = rfsn("repair", examples / "stock", "--out", tmp_path / "session", "--json").json
    journal = (tmp_path / "session" / "journal.jsonl").read_bytes()
    assert rfsn("resume", tmp_path / "session", "--json").json == first
    assert (tmp_path / "session" / "journal.jsonl").read_bytes() == journal
    assert rfsn("repair", examples / "stock", "--out", tmp_path / "session").code == 2
    assert rfsn("resume", "no-such-session").code == 2
