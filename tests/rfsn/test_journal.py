"""The journal: durable, chained, locked."""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from gate import Allowed, Finish, NotApplied, Phase, Proposal, ReadFile
from planners.answers import Reply
from planners.observations import ModelReplied, Observation, Output, SpectrumReady, SuiteRan
from rfsn.config import Config
from rfsn.errors import JournalError, StorageError
from rfsn.machine.files import remove_partials, write_whole
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import Interrupted, Observed, Proposed, SessionEnded
from rfsn.sessions.journal import Journal, read_journal
from rfsn.sessions.meter import Used
from rfsn.sessions.session import Session
from sandbox.maker import Maker


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Interrupted())
        journal.append(SessionEnded(status="repaired", reason="ä\n\u2028"))
        written = list(read_journal(path))
    with Journal(path) as journal:
        assert list(read_journal(path)) == written
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
            assert len(list(read_journal(path))) == 1
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


@pytest.fixture
def limited() -> Iterator[Callable[[int], None]]:
    """A limit on the size of files: the kernel then writes only a part, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 17, 100, 150])
def test_a_line_that_the_disk_takes_in_part_is_taken_back(
    tmp_path: Path, limited: Callable[[int], None], room: int
) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Interrupted())
        whole = path.read_bytes()
        limited(len(whole) + room)
        for _ in range(2):
            with pytest.raises(StorageError, match="free some space, then continue with: rfsn resume"):
                journal.append(Interrupted())
            assert path.read_bytes() == whole
        limited(1 << 30)
        journal.append(SessionEnded(status="repaired", reason=""))
    with Journal(path):
        assert [entry.event.kind for entry in read_journal(path)] == ["interrupted", "session_ended"]


def test_a_part_that_cannot_be_taken_back_is_so_later(tmp_path: Path, limited: Callable[[int], None]) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Interrupted())
        try:
            if subprocess.run(["chattr", "+a", path], check=False, capture_output=True).returncode:
                pytest.skip("no file can be made to grow alone here")
            limited(path.stat().st_size + 50)
            with pytest.raises(StorageError):
                journal.append(Interrupted())
            limited(1 << 30)
            assert not path.read_bytes().endswith(b"\n"), "there is nothing to take back"
            with pytest.raises(StorageError):
                journal.append(Interrupted())
            assert len(list(read_journal(path))) == 1
        finally:
            subprocess.run(["chattr", "-a", path], check=False, capture_output=True)
        journal.append(Interrupted())
    with Journal(path):
        assert len(list(read_journal(path))) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of files that an interrupt left open
def test_an_interrupt_at_any_moment_leaves_a_journal_that_can_continue(tmp_path: Path) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    path, moments, interrupts = tmp_path / "journal.jsonl", random.Random(1), 0
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Journal(path) as journal:
            for _ in range(300):
                try:
                    signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-5, 1e-3))
                    journal.append(Interrupted())
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupts += 1
            journal.append(SessionEnded(status="repaired", reason=""))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    *_, last = read_journal(path)
    assert last.event.kind == "session_ended"
    assert interrupts


def test_a_torn_line_in_the_middle_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    with Journal(folder / "journal.jsonl") as journal:
        for _ in range(3):
            journal.append(Interrupted())
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(lines[0] + lines[1][:40] + lines[2])
    with pytest.raises(JournalError, match=r"journal\.jsonl:2: .*cut short by a full disk") as damaged:
        Journal(folder / "journal.jsonl")
    remedy = str(damaged.value).rpartition(": ")[2]
    subprocess.run(["sh", "-c", remedy], cwd=folder, check=True)
    with Journal(folder / "journal.jsonl"):
        assert len(list(read_journal(folder / "journal.jsonl"))) == 1


@pytest.mark.parametrize("room", [0, 10, 4096])
def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, limited: Callable[[int], None], room: int) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "old")
    limited(room)
    with pytest.raises(OSError, match="File too large"):
        write_whole(path, b"x" * 5000)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"report.json": "old"}
    limited(1 << 30)
    write_whole(path, "\udcff\u2028")
    assert path.read_bytes() == b"\xff\xe2\x80\xa8"


def test_what_stands_in_the_way_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OSError, match=r"report\.json") as raised:
        write_whole(tmp_path / "report.json", b"x")
    assert raised.value.filename == str(tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_only_the_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    dead = f".report.json.{'0' * 32}-1-1-1.00000000.partial"
    living = f".report.json.{Maker.own()}.00000000.partial"
    for name in (dead, living, ".mine.partial", "download.partial", ".a.b.00000000.partial"):
        (tmp_path / name).touch()
    remove_partials(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [living, ".mine.partial", "download.partial", ".a.b.00000000.partial"]
    )


def test_who_only_looks_for_leftovers_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.touch()
    with path.open("a") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_EX)
        letting_go = Timer(0.2, fcntl.flock, (looked_at, fcntl.LOCK_UN))
        letting_go.start()
        with Journal(path) as journal:
            journal.append(Interrupted())
        letting_go.join()
    assert len(list(read_journal(path))) == 1


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


def test_decisions_name_rules_not_applied_and_older_ones_can_be_read() -> None:
    finish = Proposal("p1", Phase.VERIFY, "end", "it is repaired", Finish(), "the end")
    event = Proposed(proposal=finish, decision=Allowed((NotApplied(("tamper.exits",), ("a.js",), 1),)))
    written = json.loads(event.model_dump_json())
    assert Proposed.model_validate(written) == event
    older = written | {"decision": {}}
    assert Proposed.model_validate_json(json.dumps(older)).decision == Allowed()


def test_replay_finds_alterations(rfsn: Callable[..., Any], examples: Path, tmp_path: Path) -> None:
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


@pytest.mark.thorough
def test_a_session_of_another_version_says_so_and_keeps_its_report(
    rfsn: Callable[..., Any], examples: Path, tmp_path: Path
) -> None:
    session = tmp_path / "session"
    assert rfsn("repair", examples / "stock", "--out", session).code == 0
    first, *others = (session / "journal.jsonl").read_bytes().splitlines(keepends=True)
    event = json.loads(first)
    event["event"] |= {"journal_format": 1, "version": "0.0.9\x1b[2J"}
    (session / "journal.jsonl").write_bytes(b"".join([json.dumps(event).encode() + b"\n", *others]))
    page = (session / "report.html").read_bytes()
    for command in ("resume", "replay", "verify"):
        ran = rfsn(command, session)
        assert ran.code == 2, ran
        assert f"{session} was written by rfsn 0.0.9" in ran.err.replace("\n", "")
    ran = rfsn("report", session)
    assert (ran.code, ran.out) == (0, f"{session / 'report.html'}\n")
    assert "another format" in ran.err
    assert (session / "report.html").read_bytes() == page


def test_a_hint_names_a_session_so_that_it_is_found_from_anywhere(
    rfsn: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    for folder in (tmp_path / "it's mine" / "one", home / "sessions" / "one"):
        Session.create("somewhere", Config(), folder).close()
        report = rfsn("report", folder)
        hint = json.loads((folder / "report.json").read_text())["reason"].partition("continue with: rfsn resume ")[2]
        named = shlex.split(hint)
        assert named == ["one" if folder.is_relative_to(home) else str(folder)], report.err
        assert Path(rfsn("report", *named, cwd=tmp_path).out.strip()) == folder / "report.html"
    shutil.rmtree(home / "sessions" / "one")


def test_a_blob_that_the_disk_refuses_is_named_with_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    session = Session.create("here", Config(), folder)
    session.blobs.put_output("a text")
    pipe, other = os.pipe()
    session.blobs._syncing.add(pipe)  # it cannot be synced: the kernel refuses
    for _ in range(2):
        with pytest.raises(StorageError, match="see to the disk") as refused:
            session.record(Interrupted())
        assert str(refused.value).startswith(f"{folder / 'blobs'} cannot be written: Invalid argument")
        assert str(refused.value).endswith(f"rfsn resume {folder}")
    assert [entry.event.kind for entry in read_journal(folder / "journal.jsonl")] == ["session_started"]
    session.close()
    os.close(other)


def test_a_blob_that_the_disk_takes_in_part_is_named(tmp_path: Path, limited: Callable[[int], None]) -> None:
    store = BlobStore(tmp_path / "session" / "blobs")
    limited(1_000)
    with pytest.raises(StorageError, match="free some space") as refused:
        store.put_request("a long text " * 1_000)
    assert str(refused.value).startswith(str(tmp_path / "session" / "blobs"))
    assert str(refused.value).endswith(f"rfsn resume {tmp_path / 'session'}")


@pytest.mark.parametrize("kind", ["report", "spectrum", "output", "answer"])
@pytest.mark.parametrize("followed", [False, True])
def test_an_event_is_cut_off_with_its_blob_unless_it_was_waited_for(
    kind: str, *, followed: bool, tmp_path: Path
) -> None:
    session = Session.create("here", Config(), tmp_path / "session")
    name = session.blobs.put_output("what the blob says")
    reply = ModelReplied((Reply("failed"), Reply("complete", name)), 0.0, 0.0)
    ran = SuiteRan(name, passed=1, failing_total=0, total=1, failing=(), duration_s=0.1, forecast_s=0.1)
    observations: dict[str, Observation] = {
        "report": ran,
        "spectrum": SpectrumReady(name, 0, 0.0),
        "output": Output("what", blob=name),
        "answer": reply,
    }
    for number, observation in enumerate((Output("all"), observations[kind])):
        proposal = Proposal(f"s{number}", Phase.PATCH, "look", "why", ReadFile("a.py"), "a text")
        session.record(Proposed.of(proposal, Allowed()))
        session.record(Observed.of(proposal, observation, Used(0.0, ())))
    if followed:
        session.record(Interrupted())
    session.close()
    whole = (tmp_path / "session" / "journal.jsonl").read_bytes().splitlines()
    (tmp_path / "session" / "blobs" / name).unlink()
    with closing(Session.resume(tmp_path / "session")) as resumed:
        assert resumed.taken_back == (not followed)
        assert len(resumed.projection.used_ids) == 1 + followed
    kept = (tmp_path / "session" / "journal.jsonl").read_bytes().splitlines()
    assert kept[:-1] == (whole if followed else whole[:-1]), "and one line says that it goes on"


def test_an_empty_blob_that_a_power_cut_left_is_written_again(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put_output("a long text " * 100)
    store.close()
    (tmp_path / name).write_bytes(b"")
    store = BlobStore(tmp_path)
    assert store.put_output("a long text " * 100) == name
    store.close()
    assert BlobStore(tmp_path).output(name) == "a long text " * 100
