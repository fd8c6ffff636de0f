"""How sure a repair is of itself, and where the tests leave open what is right."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildpacks import Basis
from gate import Candidate, Verdict
from planners.confidence import Confidence
from planners.observations import Ended, SuiteRan
from planners.state import Kept, State
from planners.trial import Trial, TrialOutcome
from rfsn.sessions.outcome import conclude

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

LOOSE = {
    "marks.py": "def passed(points, most):\n    return points * 2 > most\n",
    "test_marks.py": (
        "from marks import passed\n\n\n"
        "def test_passed():\n    assert passed(5, 10)\n    assert passed(9, 10)\n    assert not passed(1, 10)\n"
    ),
}


def answer(call: str, patch: str, source: Path, scratch: Path) -> str:
    """What comes of a call in a copy of a project with a patch."""
    copy = scratch / "copy"
    shutil.copytree(source, copy)
    subprocess.run(["git", "apply", "-"], cwd=copy, input=patch.encode(), check=True)
    code = f"from marks import *\nprint(repr({call}))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=True)
    shutil.rmtree(copy)
    return ran.stdout.strip()


def test_an_ambiguous_repair_shows_inputs_that_tell_its_alternatives_apart(
    rfsn: Rfsn, project: Make, tmp_path: Path
) -> None:
    source = project(LOOSE)
    result = rfsn("repair", source, "--json").json
    assert result["status"] == "repaired"
    assert 0.0 < result["confidence"] < 1.0
    assert result["because"]
    assert result["ambiguities"], result["alternatives"]
    for known in result["ambiguities"]:
        assert answer(known["input"], result["patch"], source, tmp_path) == known["answer"]
        assert known["answer"] != known["other"]
        for number in known["alternatives"]:
            patch = result["alternatives"][number - 1]["patch"]
            assert answer(known["input"], patch, source, tmp_path) == known["other"]
    shown = rfsn("report", result["folder"])
    page = Path(result["folder"], "report.html").read_text()
    assert shown.code == 0
    assert f"Confidence {result['confidence']:.2f}" in page
    assert "What no test decides" in page


def test_a_repair_below_the_least_confidence_is_withdrawn(rfsn: Rfsn, project: Make) -> None:
    source = project(LOOSE)
    before = (source / "marks.py").read_bytes()
    ran = rfsn("repair", source, "--min-confidence", "1", "--apply", "--json")
    result = ran.json
    assert (ran.code, result["status"], result["patch"]) == (1, "not_repaired", None)
    assert f"its confidence of {result['confidence']:g} is below 1" in result["reason"]
    assert "marks.py" in result["best"]["patch"]
    assert result["alternatives"]
    assert result["ambiguities"]
    assert (source / "marks.py").read_bytes() == before
    assert (Path(result["folder"]) / "best.diff").read_text() == result["best"]["patch"]
    assert not (Path(result["folder"]) / "patch.diff").exists()
    assert rfsn("replay", result["folder"]).code == 0
    assert "withdrawn" in rfsn("repair", source, "--min-confidence", "1").err


@pytest.mark.parametrize(("value", "status"), [(0.7, "partly_repaired"), (0.5, "not_repaired")])
def test_a_patch_for_some_of_the_targets_can_be_withdrawn_and_says_what_it_repairs(value: float, status: str) -> None:
    verdict = Verdict(
        accepted=False, sound=True, fixed=("a",), unfixed=("b",), broken=(), reasons=(), basis=Basis.IDS, runs=2
    )
    baseline = SuiteRan("base", 0, 2, 2, ("a", "b"), 1.0, 1.0)
    trial = Trial(0, Candidate((), "compare", "a.py:1", 1.0), TrialOutcome.PARTIAL, ("a",))
    state = State(baseline=baseline, kept=Kept((), verdict, 1, 1, 0.1, (trial,)), ended=Ended("nothing helps"))
    ended = conclude(state, None, confidence=Confidence(value, ("it is so",)), min_confidence=0.6)
    assert (ended.status, ended.withdrawn, ended.confidence) == (status, status == "not_repaired", value)
    assert ended.reason.startswith("the patch repairs 1 of 2 targets and breaks nothing; nothing helps")
    assert ("its confidence of 0.5 is below 0.6" in ended.reason) is ended.withdrawn
    after = state.without_verified()
    assert (after.verified, after.plausible) == (None, (trial,))


@pytest.mark.parametrize("value", ["-0.1", "1.5", "nan", "much"])
def test_a_confidence_is_a_number_from_0_to_1(rfsn: Rfsn, project: Make, value: str) -> None:
    ran = rfsn("repair", project(LOOSE), f"--min-confidence={value}")
    assert ran.code == 2
    assert "min-confidence" in ran.err
