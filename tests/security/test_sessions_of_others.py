"""A session folder from somebody else, looked at with `report`, `replay` and `verify`; and texts that take too long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildpacks.python.provide import parsed
from gate.languages.python.folding import fold_text
from rfsn.errors import InfraError
from rfsn.project.diffs import DiffError, read_diff
from rfsn.sessions.events import SessionEnded
from rfsn.sessions.journal import Journal, read_journal
from rfsn.source.ignore import Rules
from rfsn.source.snapshot import take_files
from tests.conftest import committed

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

SECRET = "the secret of the user"
FILES = {
    "thing.py": "def least(a, b):\n    return max(a, b) + 1\n",
    "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 'never'\n",
}


@pytest.fixture(scope="module")
def session(rfsn: Rfsn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that found nothing, so that its report shows the suspects."""
    folder = committed(FILES, tmp_path_factory.mktemp("others"))
    out = tmp_path_factory.mktemp("out") / "session"
    assert rfsn("repair", folder, "--out", out, "--max-steps", "5", "--json").json["status"] == "not_repaired"
    return out


def linked_base(folder: Path, canary: Path) -> None:
    (folder / "base").rename(folder / "gone")
    (folder / "base").symlink_to(canary)


def linked_blobs(folder: Path, canary: Path) -> None:
    shutil.rmtree(folder / "blobs")
    (folder / "blobs").symlink_to(canary)


def linked_evidence(folder: Path, canary: Path) -> None:
    (folder / "evidence.json").unlink()
    (folder / "evidence.json").symlink_to(canary / "secret.txt")


def piped_evidence(folder: Path, _: Path) -> None:
    (folder / "evidence.json").unlink()
    os.mkfifo(folder / "evidence.json")


def piped_blobs(folder: Path, _: Path) -> None:
    for blob in (folder / "blobs").iterdir():
        blob.unlink()
        os.mkfifo(blob)


def inflating_blobs(folder: Path, _: Path) -> None:
    for blob in (folder / "blobs").iterdir():
        blob.write_bytes(zlib.compress(b"\0" * (600 << 20), 1))


def linked_source(folder: Path, canary: Path) -> None:
    (folder / "base" / "thing.py").unlink()
    (folder / "base" / "thing.py").symlink_to(canary / "secret.txt")


def nested_evidence(folder: Path, _: Path) -> None:
    (folder / "evidence.json").write_text("[" * 100_000)


def no_evidence(folder: Path, _: Path) -> None:
    (folder / "evidence.json").write_text(json.dumps([1]))


@pytest.mark.sample(8)
@pytest.mark.parametrize(
    "attack",
    [
        linked_base,
        linked_blobs,
        linked_evidence,
        piped_evidence,
        piped_blobs,
        inflating_blobs,
        linked_source,
        nested_evidence,
        no_evidence,
    ],
)
@pytest.mark.parametrize("command", ["report", "verify"])
def test_a_session_of_others_shows_nothing_of_the_host(
    command: str, attack: Callable[[Path, Path], None], session: Path, rfsn: Rfsn, tmp_path: Path
) -> None:
    canary, copy = tmp_path / "canary", tmp_path / "handed"
    canary.mkdir()
    for name in ("thing.py", "test_thing.py", "secret.txt"):
        (canary / name).write_text(f"{SECRET}\n" * 5)
    shutil.copytree(session, copy, symlinks=True)
    attack(copy, canary)
    ran = rfsn(command, copy)
    assert "a defect in rfsn" not in ran.err
    assert SECRET not in ran.out + ran.err
    for path in copy.rglob("*"):
        assert path.is_symlink() or not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_the_session_itself_is_fine(session: Path, rfsn: Rfsn) -> None:
    assert rfsn("report", session).code == 0
    assert rfsn("verify", session).code == 0


WIDE = {
    "a width": '"{:3000000000}".format("x")',
    "a width among the arguments": '"{:{}}".format("x", "3000000000")',
    "repeated": '"a"' + f'.replace("a", "{"a" * 60_000}")' * 3,
    "fields": '("' + "{0}" * 30_000 + '").format("' + "x" * 60_000 + '")',
}


@pytest.mark.parametrize("text", WIDE.values(), ids=WIDE)
def test_texts_that_would_be_large_are_not_made(text: str) -> None:
    import ast

    node = ast.parse(text, mode="eval").body
    found = fold_text(node)
    assert found is None or len(found) <= 100_000
    assert fold_text(ast.parse('"{}{:s}{0[1]}".format("os", "x")', mode="eval").body) in {"osxs", None}


@pytest.mark.parametrize(
    "diff",
    [b"--- " + b"a" * 500_000, b"diff --git " + b"a b " * 100_000, b"literal " + b"9" * 5_000, b"--- a\n" * 100_000],
    ids=["a long name", "a long header", "a long size", "many headers"],
)
def test_a_diff_without_sense_is_refused_at_once(diff: bytes, tmp_path: Path) -> None:
    take_files(FILES, "a test", tmp_path / "base")
    with pytest.raises(DiffError):
        read_diff(diff, tmp_path / "base")


def test_rules_of_any_length_are_read_at_once() -> None:
    assert not Rules(b"[!a]" * 20_000).verdict([b"a"], is_folder=False)
    assert Rules(b"[!a]" * 40).verdict([b"b" * 40], is_folder=False)
    Rules(b"\n".join([b"[!a]" * 400] * 150))


@pytest.mark.parametrize(
    "text", ["idna; os_name != 'x\\x27\"'", r"idna; os_name != 'x\n--index-url\n#'", "a" + " " * 2_000_000 + "b"]
)
def test_what_cannot_be_written_anew_is_no_requirement(text: str, make_tree: Callable[..., Any]) -> None:
    from buildpacks.python.requirements import read_needs

    found = parsed(text.encode().decode("unicode_escape") if "\\" in text else text)
    assert found is None or str(found).isprintable()
    assert set(read_needs(make_tree({"requirements.txt": text})).requirements) <= {"a", "b"}


@pytest.fixture
def make_tree() -> Callable[..., Any]:
    from tests.buildpacks.test_requirements import Tree

    return Tree


LIMITED = "ulimit -v 6000000; exec"


@pytest.mark.thorough
@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("command", ["report", "replay", "verify", "resume"])
def test_a_line_without_end_is_not_read(
    command: str, line: int, session: Path, environment: dict[str, str], script: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "handed"
    shutil.copytree(session, copy, symlinks=True)
    journal = copy / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:line]))
    with journal.open("r+b") as file:
        file.seek(200 << 20)
        file.write(b"\n")
    argv: list[str | Path] = ["sh", "-c", f'{LIMITED} "$0" "$@"', script, command, copy]
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False), ran.stderr
    assert f"journal.jsonl:{line + 1}: the line is over 64 MiB" in ran.stderr


@pytest.mark.thorough
def test_files_without_end_are_not_read(
    session: Path, environment: dict[str, str], script: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "handed"
    shutil.copytree(session, copy, symlinks=True)
    for path in (copy / "evidence.json", copy / "evidence.json.sig", *(copy / "blobs").iterdir()):
        path.touch()
        os.truncate(path, 1 << 40)
    for command in (["report"], ["replay"], ["verify"], ["verify", "--allowed-signers", script, "--signer", "x"]):
        argv: list[str | Path] = ["sh", "-c", f'{LIMITED} "$0" "$@"', script, *command, copy]
        ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=200, check=False)
        assert "Traceback" not in ran.stderr
        assert "defect" not in ran.stderr


@pytest.mark.parametrize("command", [["gate", "check"], ["judge"]])
def test_a_patch_without_end_is_not_read(
    command: list[str], project: Make, environment: dict[str, str], script: Path
) -> None:
    folder = project(FILES)
    argv: list[str | Path] = ["sh", "-c", f'{LIMITED} "$0" "$@"', script, *command, "/dev/zero", "--repo", folder]
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert (ran.returncode, "the patch is larger than 64 MiB" in ran.stderr) == (2, True), ran.stderr


def test_the_largest_event_can_be_read_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append(SessionEnded(status="flaky", reason="x" * ((64 << 20) - 1000)))
        with pytest.raises(InfraError, match="more than a journal holds"):
            journal.append(SessionEnded(status="flaky", reason="x" * (64 << 20)))
    assert [entry.event.kind for entry in read_journal(tmp_path / "journal.jsonl")] == ["session_ended"]
