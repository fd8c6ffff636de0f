"""kill -9 and Ctrl-C in a session with a model: it ends as if undisturbed, and no answer is paid for twice."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.models.names import PROVIDERS
from rfsn.sessions.events import CallEnded, CallStarted
from rfsn.sessions.record import Record
from tests.conftest import committed
from tests.kills import killed, killed_once, kinds
from tests.models.server import Json, ModelServer, Play, serving
from tests.models.talkers import FILES, SETTINGS, TALKERS, command, problems_of_calls, result

type Rfsn = Callable[..., Any]

NO_KEYS = {provider.key_variable: "" for provider in PROVIDERS.values()}

# An event of each kind that a session with a model has, and how many answers it gets until then: too few for its end.
# At `asked`, the server has calls under way.
MOMENTS = (
    ("models_ready", 0),
    ("asked", 1),
    ("call_ended", 1),
    ("call_started", 1),
    ("observed", 6),
    ("proposed", 1),
    ("started", 1),
    ("asked", 1),
)


class Held:
    """Answers some questions, then none any more: a session cannot end before it is killed."""

    def __init__(self, answer: Callable[[Json], Play]) -> None:
        self._answer = answer
        self.left = 0

    def __call__(self, body: Json) -> Play:
        self.left -= 1
        return self._answer(body) if self.left >= 0 else Play(fault="silent")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models-survival")
    (folder / "rfsn.toml").write_text(SETTINGS)
    return committed(FILES, folder / "project")


def undisturbed(name: str, source: Path, folder: Path, rfsn: Rfsn) -> tuple[Any, ...]:
    """The result of a session without kills."""
    with serving(TALKERS[name].answer) as server:
        ran = rfsn(*command(TALKERS[name], server.endpoint("chat"), source, folder, source.with_name("rfsn.toml")))
        assert server.problems == []
        assert ran.json["status"] == "repaired", ran.json
        assert problems_of_calls(folder, ran.json, server.asked) == []
        assert len(server.asked) >= 10
    assert lost(folder) == []
    assert_readable(folder, rfsn)
    return result(ran.json)


def gone(processes: Callable[[str], list[str]], folder: Path) -> None:
    """Wait until no process of a killed session is left."""
    deadline = time.monotonic() + 30
    while left := processes(str(folder)):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("name", ["one-shot", pytest.param("agent", marks=pytest.mark.thorough)])
def test_a_session_killed_again_and_again_ends_as_if_undisturbed(
    name: str,
    source: Path,
    rfsn: Rfsn,
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    expected = undisturbed(name, source, tmp_path / "undisturbed", rfsn)
    folder, held = tmp_path / "session", Held(TALKERS[name].answer)
    with serving(held) as server:
        start = command(TALKERS[name], server.endpoint("chat"), source, folder, source.with_name("rfsn.toml"))
        for moment, answers in MOMENTS:
            first = "session_started" not in kinds(folder)
            known, held.left = kinds(folder).count(moment), answers
            again: list[str | Path] = [script, *(start if first else ["resume", folder, "--json"])]
            if moment == "asked":
                found = killed_once(lambda: held.left < 0, again, environment, folder)
            else:
                found = killed(again, environment, folder, (moment, known + 1))
            assert "session_ended" not in found
            gone(processes, folder)
        held.left = 1_000
        ended = rfsn("resume", folder, "--json").json
        assert result(ended) == expected
        assert problems_of_calls(folder, ended, server.asked) == []
        assert ended["models"]["cost_usd"] > sum(usd for usd in lost(folder)) > 0
        assert server.problems == []
    assert_readable(folder, rfsn)
    assert not (folder / "scratch").exists()


def lost(folder: Path) -> list[float]:
    """The reservations of the calls that are not known to have ended."""
    events = [entry.event for entry in Record.read(folder).entries()]
    ended = {(end.proposal, end.sample, end.attempt) for end in events if isinstance(end, CallEnded)}
    calls = [event for event in events if isinstance(event, CallStarted)]
    return [call.reserved_usd for call in calls if (call.proposal, call.sample, call.attempt) not in ended]


def assert_readable(folder: Path, rfsn: Rfsn) -> None:
    """Without a server and without a key, a session replays, and can be audited, reported and read."""
    replayed = rfsn("replay", folder, "--json", env=NO_KEYS)
    assert (replayed.code, replayed.json["problems"]) == (0, []), replayed.json
    verified = rfsn("verify", folder, "--json", env=NO_KEYS)
    assert verified.code == 0, verified.out
    assert rfsn("report", folder, env=NO_KEYS).code == 0
    calls = [json.loads(line) for line in rfsn("report", folder, "--messages", env=NO_KEYS).out.splitlines()]
    record = Record.read(folder)
    assert sum(call["cost_usd"] for call in calls) == pytest.approx(record.projection.spent_usd)
    assert all(call["request"]["turns"] for call in calls)
    assert sorted(call["cost_usd"] for call in calls if call["status"] == "lost") == sorted(lost(folder))
    assert all(call["answer"] for call in calls if call["status"] == "ok")


def begun(name: str, source: Path, folder: Path, server: ModelServer, held: Held, script: Path) -> list[str | Path]:
    """The command of a session that comes to a halt in its third question or after."""
    held.left = 3
    return [script, *command(TALKERS[name], server.endpoint("chat"), source, folder, source.with_name("rfsn.toml"))]


@pytest.mark.thorough
@pytest.mark.parametrize("name", TALKERS)
def test_ctrl_c_ends_a_call_that_never_ends(
    name: str,
    source: Path,
    rfsn: Rfsn,
    script: Path,
    environment: dict[str, str],
    tmp_path: Path,
    processes: Callable[[str], list[str]],
) -> None:
    folder, held = tmp_path / "session", Held(TALKERS[name].answer)
    with serving(held) as server:
        start = begun(name, source, folder, server, held, script)
        process = subprocess.Popen(start, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while held.left >= 0:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert json.loads(out)["status"] == "interrupted"
        assert f"rfsn resume {folder}" in out + said
        assert "Traceback" not in said
        assert kinds(folder)[-1] == "interrupted"
        assert lost(folder)
        gone(processes, folder)
        assert not (folder / "scratch").exists()
        replayed = rfsn("replay", folder, "--json", env=NO_KEYS)
        assert (replayed.code, replayed.json["problems"]) == (0, [])
        held.left = 1_000
        ended = rfsn("resume", folder, "--json").json
        assert ended["status"] == "repaired"
        assert problems_of_calls(folder, ended, server.asked) == []


# Only the widened search, which comes after the models, makes the two edits that this needs.
TWO_FAULTS = {
    "ratio.py": "def ratio(values):\n    total = sum(values) / 0\n    return total / len(values) + 1\n",
    "test_ratio.py": (
        "from ratio import ratio\n\n\ndef test_ratio():\n    assert ratio([2, 4]) == 3\n"
        "    assert ratio([6, 9, 3]) == 6\n    assert ratio([5]) == 5\n    assert ratio([5, 10, 15, 10]) == 10\n"
    ),
}


@pytest.mark.thorough
def test_without_money_for_another_call_a_session_goes_on_without_a_model(
    rfsn: Rfsn, script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """The reservation of a call that a crash cut off stays spent, and what is left pays for no other."""
    project, folder = committed(TWO_FAULTS, tmp_path / "project"), tmp_path / "session"
    (tmp_path / "rfsn.toml").write_text(SETTINGS)
    with serving(lambda _: Play(fault="silent")) as server:
        model = ("--model", "scripted", "--base-url", server.endpoint("chat"), "--config", tmp_path / "rfsn.toml")
        start: list[str | Path] = [
            script,
            "repair",
            project,
            *model,
            "--max-cost",
            "0.2",
            "--no-memory",
            "--json",
            "--out",
            folder,
        ]
        killed_once(lambda: bool(server.asked), start, environment, folder)
        (reserved,) = lost(folder)
        assert 0.1 < reserved < 0.2
        ended = rfsn("resume", folder, "--json").json
        assert len(server.asked) == 1
    assert (ended["status"], ended["models"]["calls"]) == ("repaired", 1)
    assert "+    total = sum(values)\n" in ended["patch"]
    assert ended["models"]["cost_usd"] == pytest.approx(reserved)
    assert kinds(folder)[-1] == "session_ended"
    assert_readable(folder, rfsn)


@pytest.mark.thorough
@pytest.mark.parametrize("kept", [None, 0, pytest.param(9, marks=pytest.mark.thorough)])
def test_what_a_power_cut_took_at_the_end_is_done_again(
    kept: int | None, source: Path, rfsn: Rfsn, script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """The lines of the last answer got to the disk, and the answer itself did not, or in part."""
    folder, held = tmp_path / "session", Held(TALKERS["agent"].answer)
    with serving(held) as server:
        start = begun("agent", source, folder, server, held, script)
        killed_once(lambda: held.left < 0, start, environment, folder)
        held.left = 1_000
        journal = folder / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        last = max(place for place, kind in enumerate(kinds(folder)) if kind == "call_ended")
        more = kinds(folder)[last : last + 2] == ["call_ended", "observed"]
        journal.write_bytes(b"".join(lines[: last + 1 + more]))
        blob = folder / "blobs" / json.loads(lines[last])["event"]["answer"]
        stored = blob.read_bytes()
        blob.unlink()
        if kept is not None:
            blob.write_bytes(stored[:kept])
        ran = rfsn("resume", folder)
        assert ran.code == 0, ran.err
        assert f"a power cut took files that the journal's end names: {1 + more} event" in ran.err
        assert journal.read_bytes().startswith(b"".join(lines[:last]))
        assert len(lost(folder)) == 1, "the answer that is gone counts as its reservation"
    assert_readable(folder, rfsn)
    assert blob.read_bytes() == stored, "it was given again"


@pytest.mark.thorough
def test_an_answer_that_is_gone_or_altered_is_named(
    source: Path, rfsn: Rfsn, script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    folder, held = tmp_path / "session", Held(TALKERS["agent"].answer)
    with serving(held) as server:
        start = begun("agent", source, folder, server, held, script)
        killed_once(lambda: held.left < 0, start, environment, folder)
        held.left = 1_000
        events = [entry.event for entry in Record.read(folder).entries()]
        blob = folder / "blobs" / next(event.answer for event in events if isinstance(event, CallEnded))
        stored = blob.read_bytes()
        journal = (folder / "journal.jsonl").read_bytes()
        other = zlib.compress(zlib.decompress(stored).replace(b"I look", b"I lock"))
        for content, why in ((None, "cannot be read"), (other, "was altered"), (stored[:9], "cannot be read")):
            blob.unlink()
            if content is not None:
                blob.write_bytes(content)
            asked = len(server.asked)
            for arguments in (("replay",), ("resume",), ("report", "--messages")):
                ran = rfsn(arguments[0], folder, *arguments[1:], env=NO_KEYS)
                assert ran.code in {2, 3}, (arguments, ran)
                assert blob.name in ran.err
                assert why in ran.err
            assert len(server.asked) == asked
            blob.write_bytes(stored)
        assert (folder / "journal.jsonl").read_bytes().startswith(journal)
        assert rfsn("resume", folder, "--json").json["status"] == "repaired", "with its answer it can go on"
