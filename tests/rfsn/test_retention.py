"""Listing and pruning sessions: a session in use, and anything that is not a session, stays."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.sessions.events import FORMAT
from rfsn.sessions.retention import choose, list_sessions, prune
from rfsn.sessions.session import Session

ALL = ("--keep", "0", "--older-than", "0")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sessions for one test."""
    monkeypatch.setenv("RFSN_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "sessions"


@pytest.fixture
def sessions(own: Path, rfsn: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        return rfsn("sessions", *arguments, env={"RFSN_HOME": str(own.parent)})

    return run


@pytest.fixture
def live(own: Path) -> Iterator[Session]:
    session = Session.create("somewhere", Config(), own / "20260102-live")
    yield session
    session.close()


def left_open(own: Path, name: str) -> Path:
    Session.create("somewhere", Config(), own / name).close()
    return own / name


def test_each_session_is_listed_as_it_is(
    own: Path, sessions: Callable[..., Any], live: Session, rfsn: Callable[..., Any], examples: Path
) -> None:
    left_open(own, "20260101-stopped")
    damaged = left_open(own, "20260101-damaged") / "journal.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"somewhere", b"nowhere\n\n"))
    older = left_open(own, "20260101-older") / "journal.jsonl"
    older.write_bytes(older.read_bytes().replace(b'"journal_format":%d,' % FORMAT, b""))
    ended = rfsn("repair", examples / "stock", "--out", own / "20260103-ended", "--json").json
    listed = sessions("list", "--json").json["sessions"]
    assert [entry["begun"] for entry in listed] == sorted((entry["begun"] for entry in listed), reverse=True)
    found = {entry["name"].partition("-")[2]: entry for entry in listed}
    assert {name: entry["status"] for name, entry in found.items()} == {
        "stopped": "interrupted",
        "damaged": "damaged",
        "older": "other_version",
        "live": "running",
        "ended": "repaired",
    }
    assert (found["ended"]["source"], found["ended"]["seconds"]) == (ended["source"], ended["seconds"])
    lines = sessions("list").out.splitlines()
    assert [line.split()[0] for line in lines] == [entry["name"] for entry in listed]
    assert live.projection.ended is None


@pytest.mark.thorough
def test_sizes_add_up(own: Path, sessions: Callable[..., Any], rfsn: Callable[..., Any], examples: Path) -> None:
    assert rfsn("repair", examples / "stock", "--out", own / "ended").code == 0
    left_open(own, "stopped")
    os.link(own / "ended" / "report.json", own / "ended" / "second-name")
    sizes = {entry["name"]: entry["bytes"] for entry in sessions("list", "--json").json["sessions"]}
    for name, size in sizes.items():
        said = subprocess.run(["du", "-s", "-B1", own / name], capture_output=True, text=True, check=True).stdout
        assert size == int(said.split()[0])
    pruned = sessions("prune", *ALL, "--json").json
    assert pruned["bytes"] == sum(sizes.values())
    assert list(own.iterdir()) == []


def test_a_live_session_is_kept(own: Path, sessions: Callable[..., Any], live: Session) -> None:
    left_open(own, "20260101-stopped")
    pruned = sessions("prune", *ALL, "--json").json
    assert [entry["name"] for entry in pruned["removed"]] == ["20260101-stopped"]
    assert [entry["name"] for entry in pruned["in_use"]] == [live.name]
    assert (live.folder / "journal.jsonl").exists()
    live.close()
    assert f"removed {live.name}" in sessions("prune", *ALL).out
    assert not live.folder.exists()


def test_a_folder_that_is_not_a_session_is_never_removed(
    own: Path, sessions: Callable[..., Any], tmp_path: Path
) -> None:
    elsewhere = left_open(tmp_path, "elsewhere")
    own.mkdir(parents=True)
    (own / "link").symlink_to(elsewhere)
    (own / "notes").mkdir()
    (own / "notes" / "mine").write_text("kept")
    (own / "nested").mkdir()
    left_open(own / "nested", "deep")
    (own / "linked-journal").mkdir()
    (own / "linked-journal" / "journal.jsonl").symlink_to(elsewhere / "journal.jsonl")
    before = sorted(path.name for path in own.iterdir())
    locked = left_open(own, "locked") / "base"
    locked.mkdir(mode=0o755)
    (locked / "file").write_text("removed though its folder is read-only")
    locked.chmod(0o555)
    assert sessions("prune", *ALL).code == 0
    assert sorted(path.name for path in own.iterdir()) == before
    assert (own / "nested" / "deep" / "journal.jsonl").exists()
    assert (elsewhere / "journal.jsonl").exists()


def test_only_sessions_beyond_both_limits_are_removed(own: Path, sessions: Callable[..., Any]) -> None:
    for number in range(22):
        left_open(own, f"s{number:02}")
    assert sessions("prune", "--json").json["removed"] == [], "all are young"
    assert sessions("prune", "--older-than", "0", "--dry-run", "--json").json["bytes"] > 0
    listed, now = list_sessions(), datetime.now(UTC)
    assert len(listed) == 22, "a dry run removes nothing"
    later = now + timedelta(days=31)
    assert choose(listed, later, keep=20, older_than=30) == listed[20:]
    assert choose(listed, later, keep=30, older_than=30) == []
    assert choose(listed, now, keep=0, older_than=30) == []
    pruned = prune(listed[20:], dry_run=False)
    assert pruned.removed == tuple(listed[20:])
    assert list_sessions() == listed[:20]


def test_a_status_narrows_the_choice(own: Path, sessions: Callable[..., Any]) -> None:
    stopped = left_open(own, "stopped")
    damaged = left_open(own, "damaged")
    (damaged / "journal.jsonl").write_text("no journal\n")
    refused = sessions("prune", *ALL, "--status", "lost")
    assert refused.code == 2
    assert "interrupted" in refused.err
    assert sessions("prune", *ALL, "--status", "repaired", "--status", "flaky").code == 0
    assert stopped.exists()
    assert sessions("prune", *ALL, "--status", "damaged", "--status", "flaky").code == 0
    assert [path.name for path in own.iterdir()] == ["stopped"]


def test_no_home_means_no_sessions(sessions: Callable[..., Any]) -> None:
    assert json.loads(sessions("list", "--json").out) == {"sessions": []}
    assert sessions("list").code == sessions("prune").code == 0
