"""Patches from elsewhere: judged, and their verdict audited."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate import Phase
from rfsn.sessions.events import Proposed
from rfsn.sessions.record import Record
from tests.conftest import committed, run_git

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]
type Git = Callable[..., str]

SOURCE = "def least(a, b):\n    return a if a > b else b\n\n\ndef most(a, b):\n    return a if a > b else b\n"
TEST = (
    "from thing import least, most\n\n\n"
    "def test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n\n\n"
    "def test_most():\n    assert most(1, 2) == 2\n"
)
FIXED = SOURCE.replace("a if a > b else b", "a if a < b else b", 1)


@pytest.fixture
def repo(project: Make) -> Path:
    return project({"thing.py": SOURCE, "test_thing.py": TEST})


@pytest.fixture
def diff(repo: Path, git: Git, tmp_path: Path) -> Callable[..., Path]:
    """The diff that changes the files of the repository to the given texts."""

    def make(**files: str) -> Path:
        for name, text in files.items():
            (repo / f"{name}.py").write_text(text)
        git("add", "--all", cwd=repo)
        path = tmp_path / "change.diff"
        path.write_text(git("diff", "--cached", cwd=repo))
        git("reset", "--quiet", "--hard", cwd=repo)
        return path

    return make


def test_a_repair_is_accepted_and_verified_again(repo: Path, diff: Callable[..., Path], rfsn: Rfsn) -> None:
    ran = rfsn("judge", diff(thing=FIXED), "--repo", repo, "--json")
    assert (ran.code, ran.json["status"]) == (0, "repaired")
    assert ran.json["tests"]["fixed"] == ["test_thing.py::test_least"]
    folder = Path(ran.json["folder"])
    proposed = [entry.event.proposal for entry in Record.read(folder).entries() if isinstance(entry.event, Proposed)]
    assert [(one.phase, one.action.type) for one in proposed] == [
        (Phase.REPRODUCE, "run_tests"),
        (Phase.REPRODUCE, "run_tests"),
        (Phase.PATCH, "apply_patch"),
        (Phase.VERIFY, "run_tests"),
        (Phase.VERIFY, "finish"),
    ]
    evidence = json.loads((folder / "evidence.json").read_text())
    assert evidence["after"]["accepted"]
    assert evidence["after"]["canaries"] == 6
    assert evidence["patch"]["diff"] == ran.json["patch"]
    assert evidence["not_applied"] is None
    again = rfsn("verify", folder, "--json")
    said = {"status": "verified", "accepted": True, "signed": False, "problems": []}
    assert (again.code, {**again.json, **said}) == (0, again.json)
    assert rfsn("replay", folder).code == 0
    assert (repo / "thing.py").read_text() == SOURCE


def test_what_tests_alone_read_is_protected_and_in_the_evidence(
    project: Make, git: Git, rfsn: Rfsn, tmp_path: Path
) -> None:
    golden = TEST.replace("least(1, 2) == 1", "least(1, 2) == int(open('golden.txt').read())")
    folder = project({"thing.py": SOURCE, "test_thing.py": golden, "golden.txt": "1\n"}, "golden")
    (folder / "golden.txt").write_text("2\n")
    (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
    git("checkout", "--quiet", ".", cwd=folder)
    ran = rfsn("judge", tmp_path / "p.diff", "--repo", folder, "--json")
    assert (ran.code, ran.json["status"]) == (1, "denied")
    assert "golden.txt is protected" in (Path(ran.json["folder"]) / "journal.jsonl").read_text()
    assert json.loads((Path(ran.json["folder"]) / "evidence.json").read_text())["test_side"] == ["golden.txt"]


@pytest.mark.thorough
def test_rules_that_could_not_be_applied_are_in_the_evidence(
    project: Make, git: Git, rfsn: Rfsn, tmp_path: Path
) -> None:
    folder = project({"thing.py": SOURCE, "test_thing.py": TEST, "page.rb": "x = 1\n"}, "mixed")
    (folder / "thing.py").write_text(FIXED)
    (folder / "page.rb").write_text("x = 2\n")
    (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
    git("checkout", "--quiet", ".", cwd=folder)
    ran = rfsn("judge", tmp_path / "p.diff", "--repo", folder, "--json")
    assert ran.json["status"] == "repaired"
    session = Path(ran.json["folder"])
    (silent,) = json.loads((session / "evidence.json").read_text())["not_applied"]
    assert silent["files"] == ["page.rb"]
    assert "tamper.exits" in silent["rules"]
    assert '"not_applied":[{"rules":["' in (session / "journal.jsonl").read_text()
    assert "Not applied to <code>page.rb</code>" in (session / "report.html").read_text()
    assert rfsn("verify", session, "--json").json["status"] == "verified"
    assert rfsn("replay", session).code == 0


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (SOURCE + "\n\nX = 1\n", "not_repaired", "targets that do not pass: test_thing.py::test_least"),
        (FIXED.replace("def most", "def more"), "not_repaired", "could not be collected"),
        (SOURCE.replace("a > b", "a < b"), "not_repaired", "no longer do: test_thing.py::test_most"),
        (FIXED.replace("def most", "import os\nos._exit(0)\n\n\ndef most"), "denied", "tamper.exits"),
    ],
)
def test_a_patch_that_repairs_nothing_is_rejected(
    text: str, status: str, said: str, repo: Path, diff: Callable[..., Path], rfsn: Rfsn
) -> None:
    ran = rfsn("judge", diff(thing=text), "--repo", repo, "--json")
    assert (ran.code, ran.json["status"]) == (1, status)
    assert said in ran.out
    if status == "not_repaired":
        assert rfsn("verify", ran.json["folder"], "--json").json["accepted"] is False


@pytest.mark.thorough
def test_a_patch_for_some_of_the_failing_tests_is_told_how_to_be_judged(
    diff: Callable[..., Path], repo: Path, git: Git, rfsn: Rfsn
) -> None:
    (repo / "test_other.py").write_text("def test_other():\n    assert 1 == 2\n")
    git("add", "--all", cwd=repo)
    git("commit", "--quiet", "--message=two faults", cwd=repo)
    patch = diff(thing=FIXED)
    ran = rfsn("judge", patch, "--repo", repo)
    assert ran.code == 1
    assert "name those that it is for with --target" in ran.err
    assert (
        "the patch repairs 1 of 2 targets again" in rfsn("verify", ran.err.split("report: ")[1].split("/report")[0]).out
    )
    assert rfsn("judge", patch, "--repo", repo, "--target", "test_thing.py").code == 0
    unrelated = diff(thing=FIXED.replace("a if", "a  if"))
    other = rfsn("judge", unrelated, "--repo", repo, "--target", "test_other.py")
    assert (other.code, "name those that it is for with --target" in other.err) == (1, True)


@pytest.mark.thorough
def test_a_project_that_passes_may_change(project: Make, git: Git, rfsn: Rfsn, tmp_path: Path) -> None:
    folder = project({"thing.py": FIXED, "test_thing.py": TEST}, "fine")
    for text, code, status in (("\n\nMORE = 1\n", 0, "nothing_to_repair"), ("\n\ndel most\n", 1, "not_repaired")):
        (folder / "thing.py").write_text(FIXED + text)
        (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
        git("checkout", "--quiet", ".", cwd=folder)
        ran = rfsn("judge", tmp_path / "p.diff", "--repo", folder, "--json")
        assert (ran.code, ran.json["status"]) == (code, status), ran.json


@pytest.mark.thorough
def test_tests_may_change_if_the_user_says_so(repo: Path, diff: Callable[..., Path], rfsn: Rfsn) -> None:
    more = TEST + "\n\ndef test_more():\n    assert least(5, 5) == 5\n"
    patch = diff(thing=FIXED, test_thing=more)
    assert rfsn("judge", patch, "--repo", repo, "--json").json["status"] == "denied"
    ran = rfsn("judge", patch, "--repo", repo, "--allow-test-edits", "--json")
    assert (ran.code, ran.json["status"]) == (0, "repaired"), ran.json


@pytest.mark.thorough
def test_tests_that_sources_hold_count_as_ever(project: Make, git: Git, rfsn: Rfsn, tmp_path: Path) -> None:
    documented = '"""Things.\n\n>>> most(1, 2)\n2\n"""\n\n\n'
    files = {
        "thing.py": documented + SOURCE,
        "test_thing.py": TEST.replace("    assert most(1, 2) == 2", "    most(1, 2)"),
    }
    folder = project(files | {"pytest.ini": "[pytest]\naddopts = --doctest-modules\n"}, "documented")
    for text, status in ((FIXED, "repaired"), (FIXED.replace("a > b", "a < b"), "not_repaired")):
        (folder / "thing.py").write_text(documented + text)
        (tmp_path / "p.diff").write_text(git("diff", cwd=folder))
        git("checkout", "--quiet", ".", cwd=folder)
        result = rfsn("judge", tmp_path / "p.diff", "--repo", folder, "--json").json
        assert result["status"] == status, result
    assert "no longer do: thing.py::thing" in result["reason"]


def test_a_diff_that_does_not_fit_and_one_that_is_missing(repo: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    (tmp_path / "no.diff").write_text("--- a/nowhere.py\n+++ b/nowhere.py\n@@ -1 +1 @@\n-x\n+y\n")
    ran = rfsn("judge", tmp_path / "no.diff", "--repo", repo, "--json")
    assert (ran.code, ran.json["denials"][0]["rule"]) == (1, "schema.applies")
    assert rfsn("judge", tmp_path / "missing.diff", "--repo", repo).code == 2


@pytest.fixture(scope="module")
def judged(rfsn: Rfsn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session of an accepted patch; it is only read."""
    folder = tmp_path_factory.mktemp("judged")
    repo = committed({"thing.py": SOURCE, "test_thing.py": TEST}, folder / "repo")
    (repo / "thing.py").write_text(FIXED)
    (folder / "change.diff").write_text(run_git("diff", cwd=repo))
    run_git("checkout", "--quiet", ".", cwd=repo)
    return Path(rfsn("judge", folder / "change.diff", "--repo", repo, "--json").json["folder"])


@pytest.mark.sample(1)
@pytest.mark.parametrize("what", ["nothing", "journal", "evidence", "base", "given", "blob"])
def test_an_altered_session_does_not_verify(what: str, judged: Path, rfsn: Rfsn, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(judged, folder, symlinks=True)
    if what == "journal":
        text = (folder / "journal.jsonl").read_text()
        (folder / "journal.jsonl").write_text(text.replace('"accepted":true', '"accepted":false'))
    elif what == "evidence":
        text = (folder / "evidence.json").read_text()
        (folder / "evidence.json").write_text(text.replace('"total": 2', '"total": 3'))
    elif what == "base":
        (folder / "base" / "test_thing.py").write_text("def test_least():\n    pass\n")
    elif what == "given":
        (folder / "given.diff").write_text("")
        assert rfsn("replay", folder).code == 2
        return
    elif what == "blob":
        for blob in (folder / "blobs").iterdir():
            blob.write_bytes(b"")
    ran = rfsn("verify", folder)
    assert ran.code in ({0} if what == "nothing" else {1, 2, 3})
    assert ("verified" in ran.out) == (what == "nothing")


def test_a_signature_is_made_and_checked(repo: Path, diff: Callable[..., Path], rfsn: Rfsn, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
        public = (tmp_path / f"{name}.pub").read_text()
        (tmp_path / f"{name}.allowed").write_text(f"somebody@example.org {public}")
    ran = rfsn("judge", diff(thing=FIXED), "--repo", repo, "--sign-key", tmp_path / "ours", "--json")
    folder = Path(ran.json["folder"])

    def verified(name: str) -> Any:
        allowed = ("--allowed-signers", tmp_path / f"{name}.allowed", "--signer", "somebody@example.org")
        return rfsn("verify", folder, *allowed, "--json")

    ours = verified("ours").json
    assert (ours["status"], ours["signed"]) == ("verified", True)
    assert verified("theirs").json["status"] == "differs"
    (folder / "evidence.json.sig").unlink()
    assert "was not signed" in verified("ours").json["problems"][0]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", tmp_path / "locked"], check=True)
    locked = rfsn("judge", diff(thing=FIXED), "--repo", repo, "--sign-key", tmp_path / "locked", "--json")
    assert (locked.code, locked.json["status"]) == (2, "usage_error")
    assert "cannot be signed" in locked.json["reason"]
    missing = rfsn("repair", repo, "--sign-key", tmp_path / "nowhere", "--json")
    assert (missing.code, missing.json["status"]) == (2, "usage_error")
    assert rfsn("verify", folder, "--signer", "x").code == 2
