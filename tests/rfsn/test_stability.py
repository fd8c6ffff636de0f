"""Which tests change their ids from run to run, by what the base shows when it runs again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildpacks import CaseId, CaseResult, Finding, Outcome, RunRequest, SuiteReport
from buildpacks.results import PartRun
from gate import verdict_on
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite


class Again(Suite):
    """A suite whose next run has this report; it counts its runs."""

    def __init__(self, report: SuiteReport) -> None:
        self.report, self.runs = report, 0

    def run_tests(self, *_: object, **__: object) -> SuiteReport:
        self.runs += 1
        return self.report


def run(*ids: str, parts: tuple[PartRun, ...] = ()) -> SuiteReport:
    cases = tuple(
        CaseResult(id, Outcome.PASSED, parsed=CaseId("test_a.py", (), id.partition("[")[0], id)) for id in ids
    )
    return SuiteReport(cases, 0, 0.1, parts=parts)


def unstable(base: SuiteReport, again: SuiteReport, *runs: SuiteReport) -> tuple[set[str], int]:
    suite = Again(again)
    found = Stability(suite, Budget(60.0, 10, lambda: 0.0)).unstable(Targets(base, (), (), ()), runs)
    return found, suite.runs


def test_the_base_runs_again_only_if_ids_changed() -> None:
    assert unstable(run("t[1]"), run("t[2]"), run("t[1]")) == (set(), 0)


def test_ids_that_change_on_the_base_as_well_belong_to_no_patch() -> None:
    assert unstable(run("t[1]", "u"), run("t[2]", "u"), run("t[3]", "u")) == ({"t[1]", "t[3]"}, 1)


def test_a_test_that_only_the_patch_removes_is_missed() -> None:
    assert unstable(run("t[1]", "u"), run("t[2]", "u"), run("t[3]")) == ({"t[1]", "t[3]"}, 1)


def test_a_part_that_could_not_run_again_excuses_none_of_its_tests() -> None:
    parts = (PartRun("one/", 1, failing=False, exit_code=0), PartRun("two/", 1, failing=False, exit_code=0))
    lost = (
        PartRun("one/", 1, failing=False, exit_code=0),
        PartRun("two/", 0, failing=False, exit_code=None, problem="its tests could not be started"),
    )
    base = run("one/t[1]", "two/u", parts=parts)
    assert unstable(base, run("one/t[1]", parts=lost), run("one/t[1]", parts=parts)) == (set(), 1)


def test_tests_with_wholly_new_names_are_known_by_their_suite_and_number() -> None:
    assert unstable(run("t1", "u"), run("t2", "u"), run("t3", "u")) == ({"t1", "t3"}, 1)
    assert unstable(run("t1", "u"), run("t2", "u"), run("t3", "t4", "u"))[0] == {"t1"}


def outcomes(**given: Outcome) -> SuiteReport:
    return SuiteReport(tuple(CaseResult(id, outcome) for id, outcome in given.items()), 1, 0.1)


PASS, FAIL = Outcome.PASSED, Outcome.FAILED
FRAGILE = {
    "it fails on the base as well": (FAIL, (FAIL, PASS), {"t"}),
    "it passes on the base": (PASS, (FAIL, PASS), set()),
    "it fails in both runs": (FAIL, (FAIL, FAIL), set()),
}


@pytest.mark.parametrize("what", FRAGILE)
def test_a_test_that_fails_once_counts_unless_the_base_fails_too(what: str) -> None:
    again, twice, expected = FRAGILE[what]
    suite = Again(outcomes(t=again, u=PASS))
    stability = Stability(suite, Budget(60.0, 10, lambda: 0.0))
    runs = [outcomes(t=outcome, u=PASS) for outcome in twice]
    assert stability.fragile(Targets(outcomes(t=PASS, u=PASS), (), (), ()), runs) == expected


def test_what_the_base_shows_too_is_not_held_against_a_patch() -> None:
    usual, new = Finding("t", "forgery shop.Any", "as ever"), Finding("u", "forgery shop.Same", "since the patch")
    suite = Again(replace(run("t", "u"), findings=(replace(usual, id="u"),)))
    stability = Stability(suite, Budget(60.0, 10, lambda: 0.0))
    known = Targets(run("t", "u"), ("t",), (), ())
    told = stability.told(known, RunRequest(), replace(run("t", "u"), findings=(usual, new)))
    assert told.findings == (new,)
    verdict = verdict_on(known.baseline, known.all, (), [told])
    assert (verdict.accepted, verdict.sound, verdict.reasons) == (False, False, ("run 1: u: since the patch",))
    assert stability.told(known, RunRequest(), run("t")) == run("t")
    assert suite.runs == 1
    shown = replace(known, usual=frozenset({usual.about}))
    assert stability.told(shown, RunRequest(), replace(run("t", "u"), findings=(usual,))).findings == ()
    assert suite.runs == 1, "the run that repeated the failing tests has shown it"
