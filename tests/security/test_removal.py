"""rfsn removes what it made to be removed, and nothing else: folders of the user that look like it stay as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.machine import home as homes
from rfsn.sessions.leftovers import remove_leftovers, remove_scratch
from rfsn.sessions.session import Session
from sandbox import MARK, NotMarked, discard, make_marked, making, remove_marked, remove_unfinished

type Rfsn = Callable[..., Any]

DEAD = "0" * 32 + "-1-1-1"
"""A controller of another boot: it is dead."""


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `RFSN_HOME` and a folder for temporary files, of this test alone."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("RFSN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path / "home"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A folder of the user, with a mark in it by whatever accident."""
    folder = tmp_path / "thesis"
    make_marked(folder)
    (folder / "chapter.txt").write_text("years of work")
    return folder


LOOK_ALIKES = [
    "home/sessions/mine/scratch",
    "home/cache/environments/mine.partial",
    f"home/cache/environments/.{DEAD}.00000000.making",
    f"home/sessions/.{DEAD}.00000000.making",
    f"home/sessions/mine/.{DEAD}.00000000.making",
    f"tmp/rfsn-{DEAD}.abcdef",
    f"tmp/.{DEAD}.00000000.making",
]


def put(folder: Path, place: str) -> Path:
    """A parent for a folder at `place`, beside a journal as a session's would be."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "journal.jsonl").touch()
    return path


@pytest.mark.parametrize("place", LOOK_ALIKES)
@pytest.mark.parametrize("kind", ["folder", "empty", "folder as mark", "link as mark", "file", "another's mark"])
def test_what_has_no_mark_stays(own_home: Path, tmp_path: Path, place: str, kind: str) -> None:
    path = put(own_home.parent, place)
    if kind == "file":
        path.write_text("mine")
    else:
        path.mkdir()
    if kind not in {"empty", "file"}:
        (path / "chapter.txt").write_text("years of work")
    if kind == "folder as mark":
        (path / MARK).mkdir()
    if kind == "link as mark":
        (tmp_path / "mark").write_text("")
        (path / MARK).symlink_to(tmp_path / "mark")
    if kind == "another's mark":
        if os.geteuid():
            pytest.skip("only root can give a file to another")
        (path / MARK).touch()
        os.chown(path / MARK, 64123, 64123)
    remove_leftovers()
    if kind != "empty" or not place.endswith(".making"):  # of such a name, and of a dead maker, rfsn makes them
        assert path.exists()
    assert kind in {"file", "empty"} or (path / "chapter.txt").read_text() == "years of work"
    if not place.endswith(".making"):
        with pytest.raises(NotMarked, match="rfsn did not make it"):
            remove_marked(path)


@pytest.mark.parametrize("place", LOOK_ALIKES)
def test_links_are_not_followed(own_home: Path, canary: Path, place: str) -> None:
    path = put(own_home.parent, place)
    path.symlink_to(canary)
    remove_leftovers()
    assert path.is_symlink()
    assert (canary / "chapter.txt").read_text() == "years of work"
    assert not discard(path)


@pytest.mark.parametrize("place", LOOK_ALIKES)
def test_what_rfsn_made_goes_and_links_in_it_alone(own_home: Path, canary: Path, place: str) -> None:
    path = put(own_home.parent, place)
    make_marked(path)
    (path / "inner").mkdir()
    (path / "inner" / "link").symlink_to(canary)
    (path / "linked").symlink_to(canary / "chapter.txt")
    remove_leftovers()
    assert not os.path.lexists(path)
    assert (canary / "chapter.txt").read_text() == "years of work"


def test_a_link_among_the_parents_of_a_scratch_folder_leads_nowhere(own_home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "project"
    (mine / "scratch").mkdir(parents=True)
    (mine / "scratch" / "chapter.txt").write_text("years of work")
    (mine / "journal.jsonl").touch()
    (own_home / "sessions").mkdir(parents=True)
    (own_home / "sessions" / "mine").symlink_to(mine)
    remove_scratch()
    assert (mine / "scratch" / "chapter.txt").read_text() == "years of work"


def test_a_folder_is_never_there_without_its_mark(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with making(folder) as unfinished:
        assert not folder.exists()
        (unfinished / "content").write_text("x")
    assert {path.name for path in folder.iterdir()} == {MARK, "content"}
    with pytest.raises(RuntimeError), making(tmp_path / "other"):
        raise RuntimeError
    with pytest.raises(FileExistsError):
        make_marked(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    remove_marked(folder)
    remove_marked(folder)
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_makes_is_left_to_it(tmp_path: Path) -> None:
    with making(tmp_path / "made") as unfinished:
        assert remove_unfinished(tmp_path) == []
        assert unfinished.is_dir()


@pytest.mark.parametrize("name", ["base", "scratch", "patch.diff", "journal.json", ".hidden", "blobs"])
def test_a_session_takes_no_folder_that_has_something_in_it(
    rfsn: Rfsn, examples: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    (out / name / "chapter.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        Session.create("somewhere", Config(), out)
    if name == "base":
        ran = rfsn("repair", examples / "stock", "--out", out)
        assert (ran.code, "not empty" in ran.err) == (2, True)
    assert [str(path.relative_to(out)) for path in out.rglob("*")] == [name, f"{name}/chapter.txt"]


def test_a_session_takes_an_empty_folder_and_what_a_killed_one_left(tmp_path: Path) -> None:
    for number, left in enumerate(({}, {MARK: ""}, {MARK: "", "journal.jsonl": ""}, {MARK: "", "journal.jsonl": "{"})):
        out = tmp_path / str(number)
        out.mkdir()
        for name, text in left.items():
            (out / name).write_text(text)
        with_session = Session.create("somewhere", Config(), out)
        assert with_session.projection.started is not None
        with_session.close()
        with pytest.raises(UsageError, match="already has a session"):
            Session.create("somewhere", Config(), out)


def test_prune_leaves_a_session_that_rfsn_did_not_make(rfsn: Rfsn, own_home: Path, environment: dict[str, str]) -> None:
    for name in ("copied", "made"):
        Session.create("somewhere", Config(), homes.sessions_home() / name).close()
    (own_home / "sessions" / "copied" / MARK).unlink()
    (own_home / "sessions" / "copied" / "notes.txt").write_text("mine")
    everything = ("sessions", "prune", "--keep", "0", "--older-than", "0")
    ran = rfsn(*everything, env=environment | {"RFSN_HOME": str(own_home)})
    assert "kept copied: rfsn did not make this folder" in ran.out
    assert (own_home / "sessions" / "copied" / "notes.txt").read_text() == "mine"
    assert not (own_home / "sessions" / "made").exists()
    rows = json.loads(rfsn(*everything, "--json", env=environment | {"RFSN_HOME": str(own_home)}).out)
    assert [row["name"] for row in rows["unmarked"]] == ["copied"]


def test_resume_removes_no_scratch_folder_of_the_user(rfsn: Rfsn, examples: Path, tmp_path: Path) -> None:
    session = Session.create(str(examples / "stock"), Config(memory=False), tmp_path / "session")
    session.close()
    mine = tmp_path / "session" / "scratch"
    mine.mkdir()
    (mine / "chapter.txt").write_text("years of work")
    ran = rfsn("resume", session.folder)
    assert (ran.code, "rfsn did not make it" in ran.err) == (3, True)
    assert (mine / "chapter.txt").read_text() == "years of work"
