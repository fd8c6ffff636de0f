"""The journal: durable, chained, locked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.errors import JournalError
from rfsn.events import Interrupted, SessionEnded
from rfsn.journal import Journal, read_journal
from rfsn.session import Session


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Interrupted())
        journal.append(SessionEnded(status="repaired", reason="ä\n\u2028"))
        written = list(journal.entries())
    with Journal(path) as journal:
        assert list(journal.entries()) == written == list(read_journal(path))
        assert journal.clock >= written[-1].clock


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Interrupted())
        journal.append(Interrupted())
    whole = path.read_bytes()
    for cut in (1, 10, 40):
        path.write_bytes(whole[:-cut])
        with Journal(path) as journal:
            assert len(list(journal.entries())) == 1
            journal.append(Interrupted())
        assert len(list(read_journal(path))) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b"repaired", b"denied--"), *lines[1:]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], b"{}", *lines[1:]],
        lambda lines: [lines[0], b"no json", *lines[1:]],
    ],
)
def test_every_other_damage_is_named(tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(SessionEnded(status="repaired", reason=""))
        journal.append(Interrupted())
        journal.append(Interrupted())
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))
    with pytest.raises(JournalError, match=r"journal\.jsonl:\d"):
        Journal(path)


def test_two_controllers_cannot_share_a_session(tmp_path: Path, rfsn: Callable[..., Any]) -> None:
    session = Session.create("somewhere", Config(), tmp_path / "session")
    try:
        with pytest.raises(JournalError, match="in use"):
            Session.resume(tmp_path / "session")
        ran = rfsn("resume", tmp_path / "session")
        assert ran.code == 2
        assert "in use by another rfsn" in ran.err
    finally:
        session.close()


def test_replay_finds_what_was_altered(rfsn: Callable[..., Any], examples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    assert rfsn("repair", examples / "intervals", "--out", folder).code == 0
    assert rfsn("replay", folder).code == 0
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    source = other / "base" / "intervals.py"
    source.write_text(source.read_text().replace("start < merged", "start > merged"))
    replayed = rfsn("replay", other, "--json")
    assert replayed.code == 1
    assert not replayed.json["agrees"]
    blob = next((folder / "blobs").iterdir())
    blob.write_bytes(b"")
    assert "cannot be read" in rfsn("replay", folder).err
    lines = (folder / "journal.jsonl").read_text().splitlines()
    record = json.loads(lines[3])
    record["clock"] += 1
    lines[3] = json.dumps(record)
    (folder / "journal.jsonl").write_text("\n".join(lines) + "\n")
    ran = rfsn("replay", folder)
    assert ran.code == 2
    assert "altered" in ran.err
