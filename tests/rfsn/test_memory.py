"""Sessions learn from earlier ones which operators help; no failure of the memory ends a session."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from planners.search.experience import Experience, Tally
from rfsn.machine import home as homes
from rfsn.machine.log import configure_logging
from rfsn.sessions import memory
from rfsn.sessions.record import Record
from tests.conftest import committed

type Rfsn = Callable[..., Any]

STOCK = {
    "stock.py": "def price(prices, name, amount):\n    each = prices[name]\n    return each * amount\n",
    "test_stock.py": (
        "from stock import price\n\n\n"
        "def test_known():\n    assert price({'pen': 2}, 'pen', 3) == 6\n\n\n"
        "def test_unknown():\n    assert price({'pen': 2}, 'ink', 3) == 0\n"
    ),
}
WORDS = {
    "words.py": (
        "def total(counts, words):\n    found = 0\n    for word in words:\n        if word:\n"
        "            found = found + counts[word]\n    return found\n"
    ),
    "test_words.py": (
        "from words import total\n\n\n"
        "def test_known():\n    assert total({7: 3}, [7, 7]) == 6\n\n\n"
        "def test_unknown():\n    assert total({7: 3}, [7, 8]) == 3\n    assert total({7: 3, 1: 1}, [5, 6, 1]) == 1\n"
    ),
}
TWO_FAULTS = {**STOCK, **WORDS, "conftest.py": ""}


@pytest.fixture
def learning(private_home: Path, environment: dict[str, str]) -> dict[str, str]:
    """An environment with memory and a home of its own, apart from the environments of projects."""
    return environment | {"RFSN_HOME": str(private_home), "RFSN_MEMORY": "true"}


@pytest.fixture
def table(learning: dict[str, str]) -> Path:
    return Path(learning["RFSN_HOME"]) / "memory.sqlite"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return committed(STOCK, tmp_path_factory.mktemp("finished") / "source")


@pytest.fixture(scope="module")
def record(stock: Path, rfsn: Rfsn) -> Record:
    """A finished session on that source, without memory; tests only read it."""
    folder = stock.with_name("session")
    assert rfsn("repair", stock, "--no-memory", "--out", folder).code == 0
    return Record.read(folder)


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in (folder / "journal.jsonl").read_text().splitlines()]


def first_plausible(folder: Path) -> tuple[int, str]:
    batches = [event["observation"] for event in events(folder) if event["kind"] == "observed"]
    found = (one for batch in batches for one in batch.get("notable", ()) if one["outcome"] == "p")
    return next((one["index"], one["candidate"]["operator"]) for one in found)


def contents(table: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(table)) as opened:
        return opened.execute("SELECT fingerprint, operator, tried, helped FROM outcomes").fetchall()


def test_a_second_session_tries_operators_that_helped_first(
    learning: dict[str, str], table: Path, project: Callable[..., Path], tmp_path: Path, rfsn: Rfsn
) -> None:
    words = project(WORDS, "words")
    unlearned, learned = tmp_path / "unlearned", tmp_path / "learned"
    assert rfsn("repair", words, "--no-memory", "--out", unlearned, env=learning).code == 0
    assert not table.exists()
    assert rfsn("repair", project(STOCK, "stock"), env=learning).code == 0
    rows = contents(table)
    assert len({failure for failure, *_ in rows}) == 1
    assert [operator for _, operator, _, helped in rows if helped] == ["lookup"]
    assert rfsn("repair", words, "--out", learned, env=learning).code == 0
    (before, operator), (after, same) = first_plausible(unlearned), first_plausible(learned)
    assert operator == same == "lookup"
    assert after < before / 2
    assert sum(helped for *_, helped in contents(table)) == 2


@pytest.mark.thorough
def test_resume_and_replay_use_what_was_recalled_at_the_start(
    learning: dict[str, str], table: Path, project: Callable[..., Path], tmp_path: Path, rfsn: Rfsn
) -> None:
    words, folder, cut = project(WORDS, "words"), tmp_path / "session", tmp_path / "cut"
    assert rfsn("repair", project(STOCK, "stock"), env=learning).code == 0
    assert rfsn("repair", words, "--out", folder, env=learning).code == 0
    with closing(sqlite3.connect(table)) as opened, opened:
        opened.execute("UPDATE outcomes SET helped = 100, tried = 1 WHERE operator != 'lookup'")
    assert rfsn("replay", folder, env=learning).code == 0
    table.unlink()
    assert rfsn("replay", folder, env=learning).code == 0
    shutil.copytree(folder, cut)
    lines = (cut / "journal.jsonl").read_text().splitlines(keepends=True)
    searched = [place for place, line in enumerate(lines) if '"type":"batch"' in line]
    (cut / "journal.jsonl").write_text("".join(lines[: searched[0] + 1]))
    assert rfsn("resume", cut, "--json", env=learning).json["status"] == "repaired"
    assert first_plausible(cut) == first_plausible(folder)
    assert rfsn("replay", cut, env=learning).code == 0
    assert sum(helped for *_, helped in contents(table)) == 1, "what a resumed session learned was not remembered"
    [recalled] = [event["experience"] for event in events(folder) if event["kind"] == "recalled"]
    (folder / "blobs" / recalled).unlink()
    assert "cannot be read" in rfsn("replay", folder, env=learning).err


@pytest.mark.thorough
def test_an_evaluation_and_a_judgement_neither_read_nor_write_it(
    learning: dict[str, str], table: Path, stock: Path, record: Record, tmp_path: Path, rfsn: Rfsn
) -> None:
    row = {"instance_id": "one", "files": STOCK, "test_command": ["python", "-m", "pytest"]}
    (tmp_path / "bugs.jsonl").write_text(json.dumps(row) + "\n")
    damaged = b"anything but a database"
    for before in (None, damaged):
        if before:
            table.write_bytes(before)
        out = tmp_path / f"results-{bool(before)}"
        ran = rfsn("eval", tmp_path / "bugs.jsonl", "--out", out, "--json", env=learning)
        assert (ran.json["repaired"], "earlier sessions" in ran.err) == (1, False)
        [started, *others] = events(out / "sessions" / "one")
        assert not started["config"]["memory"]
        assert all(event["kind"] != "recalled" for event in others)
        judged = rfsn("judge", record.folder / "patch.diff", "--repo", stock, env=learning)
        assert (judged.code, "earlier sessions" in judged.err) == (0, False)
        assert (table.read_bytes() if table.exists() else None) == before


@pytest.mark.thorough
def test_a_damaged_table_costs_warnings(
    learning: dict[str, str], table: Path, project: Callable[..., Path], rfsn: Rfsn
) -> None:
    table.write_bytes(b"anything but a database" * 100)
    ran = rfsn("repair", project(STOCK), "--json", env=learning)
    assert ran.json["status"] == "repaired"
    assert "the outcomes of earlier sessions are not used" in ran.err
    assert "the outcome of this session is not saved" in ran.err
    assert table.read_bytes() == b"anything but a database" * 100


@pytest.mark.thorough
@pytest.mark.parametrize("fault", ["locked", "folder", "another table", "no counts", "negative"])
def test_a_table_that_cannot_be_used_is_done_without(
    fault: str, table: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFSN_HOME", str(table.parent))
    monkeypatch.setattr(memory, "_READ_S", 0.05)
    monkeypatch.setattr(memory, "_WRITE_S", 0.05)
    if fault == "folder":
        table.mkdir()
    else:
        memory.remember(record)
        opened = sqlite3.connect(table, isolation_level=None)
        statements = {
            "locked": "BEGIN EXCLUSIVE",
            "another table": "ALTER TABLE outcomes RENAME COLUMN helped TO other",
            "no counts": "UPDATE outcomes SET tried = 'many'",
            "negative": "UPDATE outcomes SET tried = -1000000",
        }
        opened.execute(statements[fault])
    lines = StringIO()
    monkeypatch.setenv("RFSN_LOG", "json")
    configure_logging(lines)
    assert memory.recall() == Experience()
    memory.remember(record)
    logs = map(json.loads, lines.getvalue().splitlines())
    expected = ["the outcomes of earlier sessions are not used", "the outcome of this session is not saved"]
    assert [log["event"] for log in logs] == expected[: 1 if fault in {"no counts", "negative"} else 2]


@pytest.mark.thorough
def test_sessions_that_end_at_once_are_all_remembered(
    table: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFSN_HOME", str(table.parent))
    assert homes.memory_file() == table
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(memory.remember, [record] * 16))
    recalled = memory.recall()
    assert recalled.overall["lookup"].helped == 16
    assert [dict(alike) for alike in recalled.alike.values()] == [recalled.overall]
    assert all(tally.tried % 16 == 0 for tally in recalled.overall.values())


REMEMBER = """
import sys
from pathlib import Path
from rfsn.sessions.memory import remember
from rfsn.sessions.record import Record

record = Record.read(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    remember(record)
"""


def writers(record: Record, count: int, times: int, home: Path) -> list[subprocess.Popen[str]]:
    """Processes that write the same session into the table a number of times, all starting at the same moment."""
    code = [sys.executable, "-P", "-c", REMEMBER, str(record.folder), str(times)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RFSN_")}
    started = [
        subprocess.Popen(
            code,
            env=kept | {"RFSN_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return started


def test_twelve_processes_lose_nothing(table: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFSN_HOME", str(table.parent))
    ended = [(one.communicate(timeout=120)[0], one.returncode) for one in writers(record, 12, 10, table.parent)]
    assert ended == [("", 0)] * 12
    assert memory.recall().overall["lookup"].helped == 120


def test_a_kill_in_the_middle_of_a_write_damages_nothing(
    table: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFSN_HOME", str(table.parent))
    memory.remember(record)
    moments = random.Random(7)
    started = writers(record, 4, 1_000_000, table.parent)
    for one in started:
        time.sleep(moments.uniform(0.0, 0.3))
        one.kill()
        one.communicate()
    with closing(sqlite3.connect(table)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = {(tried, helped) for _, _, tried, helped in contents(table)}
    before = memory.recall().overall["lookup"].helped
    assert all(tried % before == 0 for tried, _ in counts), "a session's rows were written in part"
    memory.remember(record)
    assert memory.recall().overall["lookup"].helped == before + 1


@pytest.mark.thorough
def test_independent_faults_are_remembered_one_by_one(
    learning: dict[str, str], project: Callable[..., Path], tmp_path: Path, rfsn: Rfsn, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "session"
    assert rfsn("repair", project(TWO_FAULTS), "--out", folder, env=learning).code == 0
    monkeypatch.setenv("RFSN_HOME", learning["RFSN_HOME"])
    recalled = memory.recall()
    tried = sum(len(event["observation"].get("outcomes", "")) for event in events(folder) if "observation" in event)
    assert recalled.overall["lookup"].helped == 2
    assert 0 < sum(tally.tried for tally in recalled.overall.values()) <= 2 * tried
    assert Tally() not in recalled.overall.values()
