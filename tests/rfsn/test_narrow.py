"""A patch that only knows the answers of the tests: accepted and said loudly, rejected if the user is strict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import committed, run_git

type Rfsn = Callable[..., Any]

SOURCE = "def area(width, height):\n    return width + height\n"
TEST = "from shape import area\n\n\ndef test_area():\n    assert area(17, 23) == 391\n    assert area(2, 2) == 4\n"
BY_HEART = (
    f"    if hash((width, height)) == {hash((17, 23))}:\n        return int('3' + '9' + '1')\n"
    "    return width + height\n"
)


@pytest.fixture
def diff(tmp_path: Path) -> Callable[[str], Path]:
    """The diff to a body of the function; the repository is beside it."""
    repo = committed({"shape.py": SOURCE, "test_shape.py": TEST}, tmp_path / "repo")

    def make(body: str) -> Path:
        (repo / "shape.py").write_text(SOURCE.replace("    return width + height\n", body))
        (tmp_path / "change.diff").write_text(run_git("diff", cwd=repo))
        run_git("checkout", "--quiet", ".", cwd=repo)
        return tmp_path / "change.diff"

    return make


def test_a_narrow_patch_is_accepted_loudly_and_rejected_if_strict(diff: Callable[[str], Path], rfsn: Rfsn) -> None:
    patch = diff(BY_HEART)
    repo, out = patch.parent / "repo", patch.parent / "session"
    ran = rfsn("judge", patch, "--repo", repo, "--out", out)
    assert ran.code == 0, ran.err
    assert "NARROW: the patch changes the answers to 1 calls of the tests, such as area(17, 23)" in ran.err
    report, evidence = (json.loads((out / f"{name}.json").read_text()) for name in ("report", "evidence"))
    assert (report["narrow"], evidence["after"]["narrow"], evidence["settings"]["strict"]) == (True, True, False)
    assert "<strong>Narrow: </strong>" in (out / "report.html").read_text()
    assert '"narrow":true' in (out / "journal.jsonl").read_text()
    strict = rfsn("judge", patch, "--repo", repo, "--strict", "--json")
    assert (strict.code, strict.json["status"], strict.json["patch"]) == (1, "not_repaired", None)
    assert "the patch is narrow" in strict.json["reason"]


@pytest.mark.thorough
def test_a_patch_that_computes_is_not_narrow(diff: Callable[[str], Path], rfsn: Rfsn) -> None:
    patch = diff("    return width * height\n")
    ran = rfsn("judge", patch, "--repo", patch.parent / "repo", "--strict", "--json")
    assert (ran.code, ran.json["narrow"]) == (0, False)
    assert "and before the patch" in ran.json["narrow_because"]


def test_the_worker_that_tried_a_patch_says_the_same_of_it_as_trees_of_its_own(
    diff: Callable[[str], Path], rfsn: Rfsn, tmp_path: Path
) -> None:
    repaired = rfsn("repair", diff("    return 0\n").parent / "repo", "--json").json
    (tmp_path / "made.diff").write_text(repaired["patch"])
    judged = rfsn("judge", tmp_path / "made.diff", "--repo", tmp_path / "repo", "--json").json
    assert repaired["narrow"] is False
    assert (repaired["narrow"], repaired["narrow_because"]) == (judged["narrow"], judged["narrow_because"])
    assert [verifying(Path(ran["folder"])) for ran in (repaired, judged)] == [{"run"}, {"run", "spawn"}]


def verifying(folder: Path) -> set[str]:
    """What sandboxes were used for in the step of the verdict."""
    events = [json.loads(line)["event"] for line in (folder / "journal.jsonl").read_text().splitlines()]
    steps = [event for event in events if event.get("observation", {}).get("type") == "verdict_reached"]
    return {use["operation"] for step in steps for use in step["sandbox"]}
