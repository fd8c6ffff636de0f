"""A second language from a distribution of its own: pack, analyzer and search, without any code elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate import ANALYZERS, Allowed, BasePaths, Change, Context, Denied, FileChange, Gate
from planners.meta import MetaPlanner
from planners.search.planner import CandidateSearch
from planners.search.registry import LANGUAGES
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.sessions.session import Session
from tests.toy.analyzer import SumsAnalyzer
from tests.toy.sums import Sums

ROOT = Path(__file__).parents[2]
PYTHON = {
    "limits.py": "def allowed(n):\n    return n < 3\n",
    "test_limits.py": "from limits import allowed\n\n\ndef test_allowed():\n    assert allowed(3) and not allowed(4)\n",
    "pytest.ini": "[pytest]\n",
}
SUMS = {
    "shop/total.sums": "price = 3 + 4\ntotal = 2 + 5\nrest = 7 + 0\n",
    "checks/total.sums": "price = 7\ntotal = 10\nrest = 7\n",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a distribution that brings the pack, beside one whose pack cannot be imported."""
    folder = tmp_path / "site"
    for name, entry in (("sums", "sums = tests.toy.pack:SumsBuildpack"), ("broken", "broken = nowhere:Buildpack")):
        about = folder / f"rfsn_{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: rfsn-{name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[rfsn.buildpacks]\n{entry}\n")
    (folder / "tests").symlink_to(ROOT / "tests")
    return folder


def test_it_is_repaired(site: Path, project: Callable[..., Path], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(site)
    session = Session.create(str(project(SUMS)), Config(memory=False), tmp_path / "session")
    planner = MetaPlanner(CandidateSearch({**LANGUAGES, ".sums": Sums()}))
    report = run_session(session, planner=planner)
    assert report["status"] == "repaired", report["reason"]
    assert "-total = 2 + 5\n+total = 2 * 5\n" in report["patch"]
    assert report["tests"]["failing"] == ["checks/total.sums > total"]
    assert report["tests"]["fixed"] == ["checks/total.sums > total"]


def test_a_patch_in_it_gets_a_verdict(
    site: Path, project: Callable[..., Path], tmp_path: Path, environment: dict[str, str], rfsn: Callable[..., Any]
) -> None:
    patch = tmp_path / "fix.diff"
    hunk = "@@ -1,3 +1,3 @@\n price = 3 + 4\n-total = 2 + 5\n+total = {}\n rest = 7 + 0\n"
    env = environment | {"PYTHONPATH": str(site)}
    for value, status in (("2 * 5", "repaired"), ("2 + 6", "not_repaired")):
        patch.write_text("--- a/shop/total.sums\n+++ b/shop/total.sums\n" + hunk.format(value))
        ran = rfsn("judge", patch, "--repo", project(SUMS), "--json", env=env)
        assert ran.json["status"] == status, ran.json
    assert "skipped a broken buildpack" in ran.err
    assert "nowhere" in ran.err


@pytest.mark.thorough
def test_beside_python_in_one_tree(
    site: Path, project: Callable[..., Path], environment: dict[str, str], rfsn: Callable[..., Any]
) -> None:
    env = environment | {"PYTHONPATH": str(site)}
    sound = SUMS | {"checks/total.sums": "price = 7\nrest = 7\n"}
    ran = rfsn("repair", project(PYTHON | sound), "--json", env=env)
    assert ran.json["status"] == "repaired", ran.json
    assert ran.json["tests"]["total"] == 3
    assert ran.json["tests"]["failing"] == ["python:test_limits.py::test_allowed"]
    assert rfsn("replay", ran.json["folder"], env=env).code == 0
    both = rfsn("repair", project(PYTHON | SUMS), "--json", env=env).json
    assert both["status"] == "partly_repaired", both
    assert both["tests"]["fixed"] == ["python:test_limits.py::test_allowed"]
    only = rfsn("repair", project(PYTHON | SUMS), "--target", "limits.py::test_allowed", "--json", env=env)
    assert "similar: python:test_limits.py::test_allowed" in only.json["reason"]


def test_the_error_says_so_if_all_packs_are_broken(
    site: Path, project: Callable[..., Path], environment: dict[str, str], rfsn: Callable[..., Any]
) -> None:
    ran = rfsn("repair", project({"notes.txt": "nothing\n"}), env=environment | {"PYTHONPATH": str(site)})
    assert ran.code == 2
    assert "broken, which is broken (ModuleNotFoundError" in ran.err


def test_the_gate_reads_it() -> None:
    files = {"a.sums": b"total = 2 + 5\n"}
    context = Context(BasePaths(files), files.__getitem__, lambda _: False, analyzers=(*ANALYZERS, SumsAnalyzer()))

    def decided(after: bytes) -> Allowed | Denied:
        return Gate().check(Change({"a.sums": FileChange(files["a.sums"], after)}), context)

    denied = decided(b"total = 2 * 5 @host.stop\n")
    assert isinstance(denied, Denied)
    assert denied.reason == "a.sums newly uses host.stop"
    allowed = decided(b"total = 2 * 5\n")
    assert isinstance(allowed, Allowed)
    assert "tamper.exits" not in {rule for one in allowed.not_applied for rule in one.rules}


BROKEN = """
import sys
from tests.toy.pack import SumsBuildpack

class Detecting(SumsBuildpack):
    name = "detecting"
    def detect(self, view):
        sys.exit(0)

class Rooted(SumsBuildpack):
    name = "rooted"
    def detect(self, view):
        from buildpacks import Detection
        return Detection(0.9, roots=(0, None))

class Twin(SumsBuildpack):
    name = "python"

class Protecting(SumsBuildpack):
    name = "protecting"
    def protected(self, view):
        return None

class Raising(SumsBuildpack):
    name = "raising"
    def protected(self, view):
        raise SystemExit(0)
"""


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("Detecting", "SystemExit: 0"),
        ("Rooted", "the roots that it detects must be a tuple of folders of the tree"),
        ("Twin", "another buildpack has the name 'python'"),
        ("Protecting", "the buildpack protecting failed in protected: it must return a tuple of patterns"),
        ("Raising", "the buildpack raising failed in protected: SystemExit: 0"),
    ],
)
def test_a_broken_pack_denies_nothing_and_allows_nothing(
    entry: str, words: str, site: Path, project: Callable[..., Path], tmp_path: Path, environment: Any, rfsn: Any
) -> None:
    (site / "broken_packs.py").write_text(BROKEN)
    entries = f"[rfsn.buildpacks]\nzz = broken_packs:{entry}\n"
    (site / "rfsn_broken-1.0.dist-info" / "entry_points.txt").write_text(entries)
    patch = tmp_path / "cheat.diff"
    hunk = "@@ -3,3 +3,3 @@\n \n def test_allowed():\n-    assert allowed(3) and not allowed(4)\n+    assert True\n"
    patch.write_text(f"--- a/test_limits.py\n+++ b/test_limits.py\n{hunk}")
    tree = project(PYTHON | SUMS)
    ran = rfsn("gate", "check", patch, "--repo", tree, "--json", env=environment | {"PYTHONPATH": str(site)})
    assert ran.code != 0
    assert words in ran.err + ran.out
