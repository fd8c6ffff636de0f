"""A second language beside Python: all that the search needs of it is in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from buildpacks import CaseResult, CaseTrace, Frame, Outcome, Spectrum, SuiteReport
from gate import ApplyPatch, Candidate, TryPatches, apply
from planners.api import PlannerContext
from planners.meta import MetaPlanner
from planners.observations import Batch, SpectrumReady, SuiteRan
from planners.search.language import Language
from planners.search.planner import CandidateSearch
from planners.search.ranking import likeliest
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.testing import GivenReports, GivenTree
from planners.trial import Trial, TrialOutcome
from tests.toy.sums import Sums, values

TREE = GivenTree(
    {
        "shop/total.sums": b"price = 3 + 4\ntotal = 2 + 5\nrest = 7 + 0\n",
        "shop/notes.sums": b"no sum at all\n",
        "shop/tax.py": b"def tax(cents):\n    return cents + 2\n",
    }
)
LINES = {"shop/total.sums": frozenset({2}), "shop/notes.sums": frozenset({1}), "shop/tax.py": frozenset({2})}
SPECTRUM = Spectrum(
    (
        CaseTrace("t::total", Outcome.FAILED, 0.01, LINES, (Frame("shop/total.sums", 2, "total"),)),
        CaseTrace("t::rest", Outcome.PASSED, 0.01, {"shop/total.sums": frozenset({3})}),
    )
)
REPORT = SuiteReport((CaseResult("t::total", Outcome.FAILED), CaseResult("t::rest", Outcome.PASSED)), 1, 0.1)
CONTEXT = PlannerContext(TREE, GivenReports({"base": REPORT}, {"spectrum": SPECTRUM}), TREE.exists, Random)
BASE = SuiteRan("base", 1, 1, 2, ("t::total",), 0.1, 0.1)
STATE = State(baseline=BASE, repeat=BASE, spectrum=SpectrumReady("spectrum", 2, 0.1))
BOTH: Mapping[str, Language] = {**LANGUAGES, ".sums": Sums()}


def searched(languages: Mapping[str, Language]) -> list[Candidate]:
    proposal = MetaPlanner(CandidateSearch(languages)).propose(STATE, CONTEXT)
    assert isinstance(proposal.action, TryPatches)
    return list(proposal.action.candidates)


def result(candidate: Candidate) -> bytes:
    after = apply(candidate.patch, TREE.read).files["shop/total.sums"].after
    assert after is not None
    return after


def test_a_fault_in_a_file_of_the_language_is_repaired() -> None:
    """`total` should be 10."""
    candidates = searched(BOTH)
    ours = [one for one in candidates if one.operator == "sums-sign"]
    assert [(result(one), one.location) for one in ours] == [
        (b"price = 3 + 4\ntotal = 2 * 5\nrest = 7 + 0\n", "shop/total.sums:2"),
        (b"price = 3 + 4\ntotal = 2 - 5\nrest = 7 + 0\n", "shop/total.sums:2"),
    ]
    right = next(place for place, one in enumerate(candidates) if one in ours and values(result(one))["total"] == 10)
    best = candidates[right]
    found = Trial(right, best, TrialOutcome.PLAUSIBLE)
    planner = MetaPlanner(CandidateSearch(BOTH))
    batch = Batch(0, "f" * right + "p", (found,), 0.1, spent=1.0)
    state = STATE.after(planner.propose(STATE, CONTEXT), batch)
    assert planner.propose(state, CONTEXT).action == ApplyPatch(best.patch)


def test_files_of_python_have_the_candidates_that_they_have_without_it() -> None:
    def of_python(candidates: list[Candidate]) -> list[Candidate]:
        return [one for one in candidates if one.location.startswith("shop/tax.py")]

    alone = searched(LANGUAGES)
    assert alone == of_python(alone)
    both = of_python(searched(BOTH))
    assert both
    assert both == alone[: len(both)]


def test_an_operator_from_elsewhere_serves_its_language() -> None:
    own = Sums.operators[0]
    further = replace(own, id="sums-minus", expand=lambda site, _: own.expand(site, "-"))
    alone = type("Bare", (Sums,), {"operators": ()})()
    search = CandidateSearch({".sums": alone}, further=[further])
    batch, _ = search.next_batch(STATE, CONTEXT, ("t::total",))
    assert [(one.operator, values(result(one))["total"]) for one in batch] == [("sums-minus", -3)]


def test_its_anti_pattern_makes_a_patch_unlikely() -> None:
    tree = GivenTree({"a.sums": b"rest = 7 + 0\n"})
    spectrum = Spectrum((CaseTrace("t::rest", Outcome.FAILED, 0.01, {"a.sums": frozenset({1})}),))
    reports = GivenReports({"base": REPORT}, {"spectrum": spectrum})
    context = replace(CONTEXT, view=tree, reports=reports, is_source=tree.exists)
    batch, _ = CandidateSearch(BOTH).next_batch(STATE, context, ("t::rest",))
    times, minus = (Trial(place, one, TrialOutcome.PLAUSIBLE) for place, one in enumerate(batch))
    assert likeliest([times, minus], tree, languages=BOTH) == minus
    assert likeliest([times, minus], tree) == times, "without the language, the earlier one"
