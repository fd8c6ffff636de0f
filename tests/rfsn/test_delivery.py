"""Delivering a verified patch where the user asks for it, and never overwriting the user's work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]
type Git = Callable[..., str]

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
FILES = {"inner/thing.py": SOURCE, "inner/test_thing.py": TEST, "other.txt": "x\n"}


def session_of(ran: Any) -> str:
    """The folder of a session, by the first line that it prints."""
    return str(ran.err.partition("(")[2].partition(")")[0])


def test_apply_writes_the_tree_and_nothing_else(rfsn: Rfsn, project: Make, git: Git) -> None:
    folder = project(FILES)
    (folder / "other.txt").write_text("uncommitted\n")
    ran = rfsn("repair", folder / "inner", "--apply", "--json")
    assert (ran.code, ran.json["delivered"]) == (0, "applied to thing.py")
    assert git("diff", "--name-only", cwd=folder).split() == ["inner/thing.py", "other.txt"]
    assert rfsn("repair", folder / "inner", "--json").json["status"] == "nothing_to_repair"
    git("checkout", "inner", cwd=folder)
    again = rfsn("resume", ran.json["session"], "--json")
    assert (again.code, again.json["delivered"]) == (0, "applied to thing.py")
    assert (
        "the session has already ended: repaired; nothing is run again, and its patch was delivered then" in again.err
    )
    assert (folder / "inner" / "thing.py").read_text() == SOURCE, "who took a patch back gets it no second time"


@pytest.mark.thorough
def test_a_patch_that_could_not_be_delivered_is_when_it_can(rfsn: Rfsn, project: Make) -> None:
    folder = project(FILES) / "inner"
    (folder / "thing.py").write_text("# newer\n" + SOURCE)
    refused = rfsn("repair", folder, "--ref", "HEAD", "--apply")
    assert refused.code == 2
    (folder / "thing.py").write_text(SOURCE)
    again = rfsn("resume", session_of(refused))
    assert (again.code, "applied to thing.py" in again.err) == (0, True)
    assert (folder / "thing.py").read_text() != SOURCE
    assert (
        f"the session has already ended: repaired; nothing is run again; for a new session: rfsn repair {folder}"
        in again.err
    )


@pytest.mark.thorough
def test_apply_goes_on_top_of_uncommitted_work(rfsn: Rfsn, project: Make) -> None:
    folder = project(FILES)
    (folder / "inner" / "thing.py").write_text("# mine\n" + SOURCE)
    assert rfsn("repair", folder / "inner", "--apply").code == 0
    assert (folder / "inner" / "thing.py").read_text().startswith("# mine\n")


@pytest.mark.thorough
def test_apply_refuses_files_that_have_changed(rfsn: Rfsn, project: Make) -> None:
    folder = project(FILES) / "inner"
    (folder / "thing.py").write_text("# newer\n" + SOURCE)
    ran = rfsn("repair", folder, "--ref", "HEAD", "--apply")
    assert ran.code == 2
    assert "not written: thing.py is not what was repaired" in ran.err
    assert "+++ b/thing.py" in ran.out, "the repair is shown all the same"
    assert (folder / "thing.py").read_text() == "# newer\n" + SOURCE


def test_a_branch_gets_one_commit_and_the_tree_none(rfsn: Rfsn, project: Make, git: Git) -> None:
    folder = project(FILES)
    ran = rfsn("repair", folder / "inner", "--branch", "fix/least")
    assert ran.code == 0
    assert "committed to the branch fix/least" in ran.err
    message = git("log", "-1", "--format=%B", "fix/least", cwd=folder)
    assert message.startswith("Fix least in inner/thing.py: 1 failing test passes\n\nFailed before, and pass now:\n\n")
    assert "\n- test_thing.py::test_least\n" in message
    assert re.search(r"\n- thing.py:2: [A-Z].* \([a-z-]+\)\n", message), message
    assert message.rstrip().endswith(f"in the session {Path(session_of(ran)).name}.")
    assert git("status", "--porcelain", cwd=folder) == ""
    assert git("branch", "--show-current", cwd=folder).strip() == "main"
    assert git("diff", "--name-only", "main", "fix/least", cwd=folder).split() == ["inner/thing.py"]
    assert git("rev-parse", "fix/least~1", cwd=folder) == git("rev-parse", "main", cwd=folder)
    again = rfsn("repair", folder / "inner", "--branch", "fix/least")
    assert again.code == 2
    assert "already exists" in again.err


@pytest.mark.thorough
def test_a_branch_refuses_uncommitted_work_on_its_files(rfsn: Rfsn, project: Make, git: Git) -> None:
    folder = project(FILES)
    (folder / "inner" / "thing.py").write_text("# mine\n" + SOURCE)
    ran = rfsn("repair", folder / "inner", "--branch", "fix")
    assert ran.code == 2
    assert "not written: inner/thing.py is not what was repaired in HEAD" in ran.err
    assert git("branch", "--list", "fix", cwd=folder) == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--apply", "--branch", "x"], "cannot be combined"),
        (["--branch", "no name"], "not a valid name for a branch"),
        (["--branch", "-evil"], "not a valid name for a branch"),
    ],
)
def test_an_impossible_delivery_is_refused_at_once(options: list[str], said: str, rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", project(FILES), *options)
    assert ran.code == 2
    assert said in ran.err
    assert "session" not in ran.err


def test_a_url_has_no_tree_to_write(rfsn: Rfsn, project: Make) -> None:
    ran = rfsn("repair", f"file://{project(FILES)}", "--apply")
    assert ran.code == 2
    assert "clone it first" in ran.err


def test_a_bare_repository_has_no_tree_to_apply_to(rfsn: Rfsn, project: Make, git: Git, tmp_path: Path) -> None:
    git("clone", "--quiet", "--bare", str(project(FILES)), str(tmp_path / "bare.git"), cwd=tmp_path)
    ran = rfsn("repair", tmp_path / "bare.git", "--apply")
    assert (ran.code, ran.out) == (2, "")
    assert "is bare" in ran.err
    assert "--branch" in ran.err


@pytest.mark.thorough
def test_only_the_folder_that_was_taken_is_written(rfsn: Rfsn, project: Make, tmp_path: Path, git: Git) -> None:
    """It was replaced before the delivery: by a link in its place or a parent's, or by a new folder."""
    (tmp_path / "link").symlink_to(project(FILES, "above/ap"))
    ran = rfsn("repair", tmp_path / "link" / "inner", "--apply", "--out", tmp_path / "session")
    assert (ran.code, "applied to thing.py" in ran.err) == (0, True), "a link at the start names what it leads to"
    taken = tmp_path / "above" / "ap" / "inner"
    (tmp_path / "session" / "delivered").unlink()
    others = project(FILES, "others/ap") / "inner"
    for place, other in ((taken, others), (taken.parents[1], others.parents[1])):
        place.rename(tmp_path / "real")
        place.symlink_to(other)
        again = rfsn("resume", tmp_path / "session")
        assert (again.code, "is not the folder that was repaired" in again.err) == (2, True)
        place.unlink()
        (tmp_path / "real").rename(place)
    assert (others / "thing.py").read_text() == SOURCE
    taken.rename(tmp_path / "real")
    git("clone", "--quiet", str(others.parent), str(tmp_path / "clone"), cwd=tmp_path)
    (tmp_path / "clone" / "inner").rename(taken)
    assert rfsn("resume", tmp_path / "session").code == 2
    assert (taken / "thing.py").read_text() == SOURCE
