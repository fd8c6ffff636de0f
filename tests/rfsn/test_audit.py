"""What `rfsn verify` finds: each file that a session leaves, as it was left, altered, and gone, signed or not."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildpacks import Basis
from gate import Verdict
from planners.observations import VerdictReached
from rfsn.audit import audit_session, differences
from rfsn.reporting.results import write_results
from rfsn.sessions.events import Observed, SessionEnded, SessionStarted
from rfsn.sessions.journal import Journal, read_journal
from rfsn.sessions.record import Record
from rfsn.sessions.signing import Signer
from tests.conftest import committed, run_git

type Rfsn = Callable[..., Any]

SOURCE = "def least(a, b):\n    return a if a > b else b\n"
TEST = "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n    assert least(4, 3) == 3\n"
ALWAYS = ("journal.jsonl", "evidence.json", "report.json", "report.html")
SESSIONS = {
    "judged": (*ALWAYS, "patch.diff", "given.diff", "evidence.json.sig"),
    "applied": (*ALWAYS, "patch.diff", "delivered"),
    "withdrawn": (*ALWAYS, "best.diff", "evidence.json.sig"),
}
"""Sessions that end in different ways, and the files that each of them leaves."""

CASES = [(session, name) for session, names in SESSIONS.items() for name in names]


@pytest.fixture(scope="module")
def left(rfsn: Rfsn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with those sessions, which are only read, and a key with the file that allows its signatures."""
    folder = tmp_path_factory.mktemp("left")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    (folder / "allowed").write_text(f"us@example.org {(folder / 'key.pub').read_text()}")
    repo = committed({"thing.py": SOURCE, "test_thing.py": TEST}, folder / "repo")
    (repo / "thing.py").write_text(SOURCE.replace(">", "<"))
    (folder / "change.diff").write_text(run_git("diff", cwd=repo))
    run_git("checkout", "--quiet", ".", cwd=repo)
    sign = ("--sign-key", folder / "key", "--json", "--out")
    lifts = ("--allow-path", "docs/", "--env", "TOKEN=hunter2")
    assert rfsn("judge", folder / "change.diff", "--repo", repo, *lifts, *sign, folder / "judged").code == 0
    assert rfsn("repair", repo, "--min-confidence", "1", *sign, folder / "withdrawn").json["withdrawn"]
    assert rfsn("repair", repo, "--apply", "--json", "--out", folder / "applied").json["delivered"]
    return folder


@pytest.fixture
def copied(left: Path, tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: shutil.copytree(left / name, tmp_path / "moved", symlinks=True)


def problems(folder: Path, *, signer: Path | None = None) -> tuple[str, ...]:
    return audit_session(folder, Signer(signer, "us@example.org") if signer else None).problems


def altered(path: Path) -> None:
    """One character of a file is another; of a signature one in its middle."""
    content = bytearray(path.read_bytes())
    place = len(content) // 2
    content[place] = ord("A") if content[place] != ord("A") else ord("B")
    path.write_bytes(content)


@pytest.mark.sample(1)
@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_as_it_was_left_is_verified_wherever_it_is(
    session: str, left: Path, copied: Callable[[str], Path], rfsn: Rfsn
) -> None:
    moved = copied(session)
    assert {path.name for path in moved.iterdir() if path.is_file()} >= set(SESSIONS[session])
    assert rfsn("report", moved).code == 0
    signer = ("--allowed-signers", left / "allowed", "--signer", "us@example.org")
    ran = rfsn("verify", moved, *(signer if "evidence.json.sig" in SESSIONS[session] else ()), "--json")
    assert (ran.code, ran.json["status"], ran.json["problems"]) == (0, "verified", [])


@pytest.mark.parametrize(("session", "name"), CASES)
def test_a_file_that_was_altered_or_is_gone_is_named(
    session: str, name: str, left: Path, copied: Callable[[str], Path]
) -> None:
    folder = copied(session)
    signer = left / "allowed" if "evidence.json.sig" in SESSIONS[session] else None
    altered(folder / name)
    for given in {signer, None}:
        assert named(folder, given, name), "altered"
    (folder / name).unlink()
    if name not in {"delivered", "journal.jsonl"}:  # nothing says that a patch was delivered but that file itself
        for given in {signer, None}:
            assert named(folder, given, name), "gone"


def named(folder: Path, signer: Path | None, name: str) -> bool:
    try:
        found = problems(folder, signer=signer)
    except Exception as error:  # noqa: BLE001  # an altered journal cannot be read at all
        found = (str(error),)
    return any(name in problem for problem in found)


@pytest.mark.parametrize(("session", "name"), [("withdrawn", "patch.diff"), ("applied", "best.diff")])
def test_a_patch_that_the_session_did_not_make_is_named(session: str, name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(session)
    (folder / name).write_text("--- a/thing.py\n+++ b/thing.py\n")
    assert problems(folder) == (f"{folder / name} does not belong to this session",)


def test_what_was_audited_is_said_at_the_begin_and_at_the_end(left: Path, rfsn: Rfsn) -> None:
    ran = rfsn("verify", left / "judged")
    assert ran.err.startswith("session judged: its journal, its files and its base are compared\nthe verdict is")
    evidence = json.loads((left / "judged" / "evidence.json").read_text())
    told = dict(line.split(maxsplit=1) for line in ran.out.splitlines() if line.split(maxsplit=1)[0] in evidence)
    hashes = (evidence["session"], evidence["base"]["tree"], evidence["patch"]["sha256"], evidence["journal"]["sha256"])
    assert (told["session"], told["base"], told["patch"], told["journal"]) == hashes
    assert 'allow path: ["docs/"]' in ran.out
    assert "hunter2" not in ran.out + (left / "judged" / "evidence.json").read_text()
    assert evidence["settings"].keys() >= {
        "allow_path", "allow_test_edits", "env", "gate_rules", "image", "packages", "protect", "python", "sandbox",
        "services", "target", "test", "with_packages",
    }  # fmt: skip


def rewritten(folder: Path, change: Callable[[Any], Any]) -> None:
    """Forge a session: other events in a journal whose chain is whole, and the files made again from it."""
    events = [change(entry.event) for entry in read_journal(folder / "journal.jsonl")]
    (folder / "journal.jsonl").unlink()
    with Journal(folder / "journal.jsonl") as journal:
        for event in filter(None, events):
            journal.append(event)


def test_an_issue_that_is_not_the_one_of_the_session_is_named(copied: Callable[[str], Path]) -> None:
    folder, issue = copied("applied"), b"least gives the greater one"
    hash = hashlib.sha256(issue).hexdigest()

    def with_issue(event: Any) -> Any:
        started = isinstance(event, SessionStarted)
        return event.model_copy(update={"config": event.config | {"issue": hash}}) if started else event

    rewritten(folder, with_issue)
    write_results(Record.read(folder))
    assert problems(folder) == (f"{folder / 'issue.md'} is missing",)
    (folder / "issue.md").write_bytes(issue + b".")
    assert problems(folder) == (f"{folder / 'issue.md'} is not what the journal names",)


def test_a_status_without_its_verdict_is_named(copied: Callable[[str], Path]) -> None:
    folder = copied("applied")

    def without_verdict(event: Any) -> Any:
        verdict = isinstance(event, Observed) and isinstance(event.observation, VerdictReached)
        return None if verdict else event

    rewritten(folder, without_verdict)
    write_results(Record.read(folder))
    assert any("the status is repaired, and the journal leads to" in problem for problem in problems(folder))


def test_a_status_that_was_made_better_is_named(copied: Callable[[str], Path]) -> None:
    folder = copied("withdrawn")

    def better(event: Any) -> Any:
        if isinstance(event, SessionStarted):
            return event.model_copy(update={"config": event.config | {"sign_key": None}})
        return event if not isinstance(event, SessionEnded) else event.model_copy(update={"status": "repaired"})

    rewritten(folder, better)
    write_results(Record.read(folder))
    assert problems(folder) == ("a patch was withdrawn without a reason",)


def test_evidence_of_a_version_that_the_journal_does_not_name_is_none(copied: Callable[[str], Path]) -> None:
    """What another version wrote is compared less closely, so nobody may choose which one it was."""
    folder = copied("judged")
    evidence = folder / "evidence.json"
    evidence.write_text(json.dumps({**json.loads(evidence.read_text()), "rfsn": "0.0.9"}))
    assert [problem for problem in problems(folder) if "neither this version" in problem]


@pytest.mark.parametrize(
    ("told", "again", "said"),
    [
        ({}, {}, None),
        ({"unfinished": True}, {}, "accepted and unfinished"),
        ({"unfinished": True}, {"accepted": False}, "different now"),
        ({"accepted": False, "unfinished": True}, {}, None),
        ({"narrow": False}, {"narrow": True, "narrow_because": "known"}, "narrow now: known"),
        ({"narrow": False}, {"narrow": None}, None),
        ({"narrow": None}, {"narrow": True}, None),
    ],
)
def test_a_claim_that_a_verdict_cannot_make_is_named(
    told: dict[str, Any], again: dict[str, Any], said: str | None
) -> None:
    usual = Verdict(accepted=True, sound=True, fixed=("a",), unfixed=(), broken=(), reasons=(), basis=Basis.IDS, runs=2)
    named = list(differences(replace(usual, **again), replace(usual, **told)))
    assert (named == []) if said is None else said in named[0]
