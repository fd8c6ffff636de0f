"""The meta-planner's way through its phases, with states made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from buildpacks import CaseResult, CaseTrace, Frame, Outcome, Spectrum, SuiteReport
from buildpacks.python.pytest_output import case_id
from gate import (
    Action,
    Allowed,
    ApplyPatch,
    BasePaths,
    Candidate,
    Collect,
    Context,
    DenialKind,
    Denied,
    Edit,
    EditFile,
    Finish,
    Gate,
    GiveUp,
    Phase,
    Proposal,
    RunTests,
    TryPatches,
    apply,
    content_hash,
    unfinished,
    verdict_on,
)
from planners import steps
from planners.api import PlannerContext
from planners.confidence import confidence_in
from planners.meta import MetaPlanner
from planners.observations import (
    Batch,
    Denial,
    Ended,
    Observation,
    Output,
    SpectrumReady,
    SuiteRan,
    VerdictReached,
    nearest,
)
from planners.search.planner import CandidateSearch
from planners.search.ranking import likeliest
from planners.search.registry import LANGUAGES
from planners.search.strategy import Search, more_to_collect
from planners.state import Kept, State
from planners.targets import probes, reached, repeated, stable_failures
from planners.testing import GivenReports, GivenTree
from planners.trial import MODEL, Trial, TrialOutcome
from rfsn.sessions.outcome import conclude

SOURCE = b"def f(a, b):\n    if a < b:\n        return a\n    return b\n"
P, F, T, S = Outcome.PASSED, Outcome.FAILED, Outcome.TIMEOUT, Outcome.SKIPPED


def suite(outcomes: dict[str, Outcome]) -> SuiteReport:
    cases = (CaseResult(id, outcome, parsed=case_id(id)) for id, outcome in outcomes.items())
    return SuiteReport(tuple(cases), 1, 0.5)


TREE = GivenTree({"f.py": SOURCE, "test_f.py": b""})
REPORTS = {"base": suite({"t::bad": F, "t::good": P, "t::skip": S}), "again": suite({"t::bad": F})}
SPECTRUM = Spectrum(
    (
        CaseTrace("t::bad", F, 0.01, {"f.py": frozenset({2, 3, 4})}, (Frame("f.py", 2, "f"),)),
        CaseTrace("t::worse", F, 0.01, {"f.py": frozenset({2, 3, 4})}, (Frame("f.py", 2, "f"),)),
        CaseTrace("t::good", P, 0.01, {"f.py": frozenset({2})}),
    )
)
CONTEXT = PlannerContext(
    view=TREE,
    reports=GivenReports(REPORTS, {"spectrum": SPECTRUM}),
    is_source="f.py".__eq__,
    generator=lambda label: Random(f"0:{label}"),
)
BASE = SuiteRan("base", 1, 1, 3, ("t::bad",), 0.5, 0.5)
AGAIN = SuiteRan("again", 0, 1, 1, ("t::bad",), 0.5, 0.5)
ACCEPTED = verdict_on(suite({"a": P}), ["a"], [], [replace(suite({"a": P}), exit_code=0)])
REFUSED = verdict_on(suite({"a": F}), ["a"], [], [suite({"a": F})])


PARTLY = verdict_on(
    suite({"t::bad": F, "t::worse": F}), ["t::bad", "t::worse"], [], [suite({"t::bad": P, "t::worse": F})]
)


def planner() -> MetaPlanner:
    return MetaPlanner(CandidateSearch())


def walk(observations: Sequence[Observation]) -> tuple[State, list[Proposal]]:
    """Step through a session with these observations; every proposal must satisfy the gate."""
    state, meta = State(), planner()
    proposals: list[Proposal] = []
    for observation in observations:
        proposal = meta.propose(state, CONTEXT)
        context = Context(
            base=BasePaths(["f.py", "test_f.py"]),
            read=TREE.read,
            protected="test_f.py".__eq__,
            used_ids=frozenset(known.id for known in proposals),
            reproduced=state.baseline is not None,
            applied=state.applied is not None,
            verified=state.verdict is not None and state.verdict.accepted,
        )
        assert Gate().decide(proposal, context) == Allowed(), proposal
        proposals.append(proposal)
        state = state.after(proposal, observation)
    return state, proposals


def plausible(batch: Proposal, index: int) -> Trial:
    assert isinstance(batch.action, TryPatches)
    one = batch.action.candidates[index]
    return Trial(index, one, TrialOutcome.PLAUSIBLE)


@pytest.mark.parametrize(
    ("searched", "spent", "goes_on"),
    [(999, 0.03, True), (1_000, 0.01, True), (1_000, 0.03, False), (10, 0.09, True), (10, 0.11, False)],
)
def test_the_search_makes_room_after_many_candidates_and_some_time_or_much_time(
    searched: int, spent: float, *, goes_on: bool
) -> None:
    state, _ = walk([BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)])
    state = replace(state, searched=searched, spent=spent)
    stagnates = Search(CandidateSearch(), patience=1_000)._stagnates(state)
    assert stagnates is not goes_on
    assert not Search(CandidateSearch())._stagnates(state), "alone it has all the time"


def test_the_whole_way_to_a_verified_patch() -> None:
    begin: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    state, _ = walk(begin)
    batch = planner().propose(state, CONTEXT)
    found = plausible(batch, 2)
    _, proposals = walk(
        [
            *begin,
            Batch(0, "ffp", (found,), 0.1, spent=1.0),
            Output("applied"),
            VerdictReached(ACCEPTED),
            Ended("done"),
        ]
    )
    actions: list[Action] = [proposal.action for proposal in proposals]
    assert actions[0] == RunTests()
    assert actions[1] == RunTests(("t::bad",))
    assert actions[2] == RunTests(("t::bad", "t::good"), Collect.SPECTRUM)
    assert isinstance(actions[3], TryPatches)
    assert actions[4] == ApplyPatch(found.patch)
    assert actions[5] == RunTests(collect=Collect.VERDICT)
    assert actions[6] == Finish()
    assert [proposal.phase for proposal in proposals] == [
        Phase.REPRODUCE,
        Phase.REPRODUCE,
        Phase.LOCALIZE,
        Phase.PATCH,
        Phase.PATCH,
        Phase.VERIFY,
        Phase.VERIFY,
    ]


def test_the_first_strategy_that_has_a_step_takes_it_in_one_of_its_phases() -> None:
    begin: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    found = plausible(planner().propose(walk(begin)[0], CONTEXT), 2)
    seen = [*begin, Batch(0, "ffp", (found,), 0.1, spent=1.0), Output("applied"), VerdictReached(ACCEPTED)]
    dry = replace(walk(begin)[0], tried=10_000, searched=10_000)
    decided = set()
    for state in (*(walk(seen[:count])[0] for count in range(len(seen) + 1)), dry, replace(dry, denials=3)):
        meta = planner()
        asked = ((one, one.propose(state, CONTEXT)) for one in (*meta._strategies, meta._last))
        first, step = next((strategy, step) for strategy, step in asked if step is not None)
        assert step.phase in first.phases
        assert meta.propose(state, CONTEXT) == step
        decided.add(type(first).__name__)
    assert decided == {"EndEarly", "Reproduce", "Verify", "Localize", "Search", "Choose", "Stuck"}


def test_after_a_plausible_patch_some_more_are_tried_and_the_likeliest_is_applied() -> None:
    begin: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    first = planner().propose(walk(begin)[0], CONTEXT)
    found = plausible(first, 2)
    seen: list[Observation] = [*begin, Batch(0, "ffp", (found,), 0.1)]
    state, _ = walk(seen)
    proposal = planner().propose(state, CONTEXT)
    assert isinstance(proposal.action, TryPatches)
    assert proposal.action.offset == 3
    other = replace(plausible(proposal, 1), index=4)
    seen.append(Batch(3, "fp", (other,), 0.1))
    while isinstance(proposal.action, TryPatches):
        state, _ = walk(seen)
        proposal = planner().propose(state, CONTEXT)
        if isinstance(proposal.action, TryPatches):
            seen.append(Batch(state.tried, "f" * len(proposal.action.candidates), (), 0.1))
    assert state.tried in {2 + 1 + 64, 2 + 1 + 512}
    assert proposal.action == ApplyPatch(likeliest([found, other], TREE).patch)


def test_after_a_patch_of_a_model_no_more_are_tried_for_what_the_search_tried_in_vain() -> None:
    edit = EditFile("f.py", content_hash(SOURCE), (Edit(SOURCE.index(b"<"), SOURCE.index(b"<") + 1, b">"),))
    for operator, more in (("x", 500), (MODEL, 64)):
        found = Trial(1_000, Candidate((edit,), operator, "f.py:2", 1.0), TrialOutcome.PLAUSIBLE)
        state = State(plausible=(found,), tried=1_001)
        assert more_to_collect(state, CONTEXT, LANGUAGES) == more


def test_after_a_refused_verdict_the_search_goes_on_behind_the_patch() -> None:
    begin: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    first = planner().propose(walk(begin)[0], CONTEXT)
    found = plausible(first, 2)
    refused = [*begin, Batch(0, "ffp", (found,), 0.1, spent=1.0), Output("applied"), VerdictReached(REFUSED)]
    state, _ = walk(refused)
    assert (state.applied, state.plausible, state.tried) == (None, (), 3)
    again = planner().propose(state, CONTEXT)
    assert isinstance(again.action, TryPatches)
    assert isinstance(first.action, TryPatches)
    assert again.action.offset == 3
    assert again.action.candidates[0] == first.action.candidates[3]
    assert again.phase is Phase.PATCH


@pytest.fixture
def two_targets(monkeypatch: pytest.MonkeyPatch) -> list[Observation]:
    """How a session begins with two failing tests that run the same function."""
    monkeypatch.setitem(REPORTS, "base", suite({"t::bad": F, "t::worse": F, "t::good": P}))
    monkeypatch.setitem(REPORTS, "again", suite({"t::bad": F, "t::worse": F}))
    both = ("t::bad", "t::worse")
    return [replace(BASE, failing=both), replace(AGAIN, failing=both), SpectrumReady("spectrum", 3, 0.1)]


def partial(batch: Proposal, index: int) -> Trial:
    """A trial with this number of the first candidate that only changes a comparison."""
    assert isinstance(batch.action, TryPatches)
    change = next(one for one in batch.action.candidates if one.operator == "compare")
    return Trial(index, change, TrialOutcome.PARTIAL, fixed=("t::bad",))


def half(spent: float, found: Trial) -> Batch:
    return Batch(0, "ffsf", (found,), 0.1, spent=spent)


def test_a_patch_for_some_targets_waits_for_one_for_all(two_targets: list[Observation]) -> None:
    """Both tests run the lines, so one edit could repair them; when half of the time is used, what there is counts."""
    found = partial(planner().propose(walk(two_targets)[0], CONTEXT), 2)
    early, late = (walk([*two_targets, half(spent, found)])[0] for spent in (0.1, 0.5))
    assert isinstance(planner().propose(early, CONTEXT).action, TryPatches)
    assert planner().propose(late, CONTEXT).action == ApplyPatch(found.patch)


def test_a_patch_for_some_targets_that_takes_something_away_is_not_applied(two_targets: list[Observation]) -> None:
    batch = planner().propose(walk(two_targets)[0], CONTEXT)
    assert isinstance(batch.action, TryPatches)
    deleted = next(one for one in batch.action.candidates if one.operator == "delete-statement")
    found = Trial(2, deleted, TrialOutcome.PARTIAL, fixed=("t::bad",))
    late = walk([*two_targets, half(0.5, found)])[0]
    assert isinstance(planner().propose(late, CONTEXT).action, TryPatches)
    last = planner().propose(replace(late, tried=10_000, searched=10_000), CONTEXT)
    assert isinstance(last.action, GiveUp)


def test_after_a_kept_patch_the_rest_is_searched_from_the_tree_that_it_makes(two_targets: list[Observation]) -> None:
    found = partial(planner().propose(walk(two_targets)[0], CONTEXT), 2)
    begin = [*two_targets, half(0.5, found), Output("applied"), VerdictReached(PARTLY)]
    state, _ = walk(begin)
    kept = Kept(found.patch, PARTLY, 4, 4, 0.5, (found,))
    assert (state.kept, state.applied, state.spectrum) == (kept, None, None)
    assert planner().propose(state, CONTEXT).action == RunTests(("t::worse", "t::good"), Collect.SPECTRUM)
    state, _ = walk([*begin, SpectrumReady("spectrum", 2, 0.1)])
    action = planner().propose(state, CONTEXT).action
    assert isinstance(action, TryPatches)
    before = apply(found.patch, TREE.read).files["f.py"].after
    for candidate in action.candidates:
        assert apply(candidate.patch, TREE.read).files["f.py"].after not in {SOURCE, before}
    last = planner().propose(replace(state, tried=10_000, searched=10_000), CONTEXT)
    assert last.action == GiveUp("none of 10000 candidates repairs the rest")


def test_others_for_the_same_target_make_a_patch_for_it_less_likely(two_targets: list[Observation]) -> None:
    batch = planner().propose(walk(two_targets)[0], CONTEXT)
    found = partial(batch, 2)
    assert isinstance(batch.action, TryPatches)
    different = next(one for one in batch.action.candidates if one.operator not in {"compare", "delete-statement"})
    other = Trial(1, different, TrialOutcome.PARTIAL, fixed=("t::bad",))
    values = []
    for trials in ((found,), (found, other)):
        tried = replace(half(0.5, found), notable=trials)
        state, _ = walk([*two_targets, tried, Output("applied"), VerdictReached(PARTLY)])
        assert state.kept
        assert {trial.patch for trial in (*state.kept.chosen, *state.kept.rivals)} == {one.patch for one in trials}
        told = confidence_in(state, TREE, CONTEXT.reports, ())
        assert told
        values.append(told.value)
    assert values[1] < values[0] - 0.1


def test_a_dry_search_is_widened_and_then_given_up() -> None:
    observations: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    phases: list[Phase] = []
    while True:
        state, _ = walk(observations)
        proposal = planner().propose(state, CONTEXT)
        if not isinstance(proposal.action, TryPatches):
            break
        phases.append(proposal.phase)
        observations.append(Batch(state.tried, "f" * len(proposal.action.candidates), (), 0.1))
    assert phases == sorted(phases, key=[Phase.PATCH, Phase.EXPAND].index)
    assert Phase.EXPAND in phases
    assert proposal.phase is Phase.STUCK
    assert proposal.action == GiveUp(f"none of {state.tried} candidates passes the tests")


def test_a_second_edit_goes_beside_the_first_that_changes_how_a_target_fails() -> None:
    """`f.py` wants both: a minus in line 2, and `b` returned in line 3. The first lets a test get further."""
    observations: list[Observation] = [BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)]
    start = SOURCE.index(b"a < b")
    patch = (EditFile("f.py", content_hash(SOURCE), (Edit(start, start, b"-"),)),)
    first = Trial(3, Candidate(patch, "sign", "f.py:2", 1.0), TrialOutcome.FAILED, progress=(1, 9))
    wanted = SOURCE.replace(b"a < b", b"-a < b").replace(b"return a", b"return b")
    found = set()
    while True:
        state, _ = walk(observations)
        action = planner().propose(state, CONTEXT).action
        if not isinstance(action, TryPatches):
            break
        for candidate in action.candidates:
            after = apply(candidate.patch, TREE.read).files["f.py"].after
            assert after not in found, "no tree is tried twice"
            found |= {after} if "+" in candidate.operator else set()
        near_misses = (first,) if state.tried == 0 else ()
        observations.append(Batch(state.tried, "f" * len(action.candidates), near_misses, 0.1))
    assert wanted in found
    assert len([one for one in observations if isinstance(one, Batch)]) > 2


def test_near_misses_are_ranked_by_how_far_they_get() -> None:
    def one(index: int, location: str, *progress: int) -> Trial:
        return Trial(index, Candidate((), "o", location, 0.0), TrialOutcome.FAILED, progress=progress)

    several = [one(index, "a:1", 0) for index in range(9)]
    found = nearest([*several, one(10, "a:2", 1, 5), one(11, "a:2", 1, 7), one(12, "a:3", 3, 1)], 6)
    assert [near.index for near in found] == [12, 11, 10, 0, 1, 2]


@pytest.mark.parametrize(
    ("observations", "reason"),
    [
        ([replace(BASE, failing_total=0, failing=(), passed=3)], "all 3 tests pass"),
        (
            [replace(BASE, failing_total=0, failing=(), passed=2)],
            "no test fails: 2 pass, and 1 are skipped or expected to fail",
        ),
        ([replace(BASE, problem="it does not even start")], "it does not even start"),
        ([BASE, replace(AGAIN, report="base-passes")], "no test fails every time"),
    ],
)
def test_there_are_reasons_to_end_early(observations: list[Observation], reason: str) -> None:
    REPORTS["base-passes"] = suite({"t::bad": P})
    state, _ = walk(observations)
    proposal = planner().propose(state, CONTEXT)
    assert (proposal.phase, proposal.action) == (Phase.STUCK, GiveUp(reason))


def test_three_denials_in_a_row_end_a_session() -> None:
    denial = Denial(Denied("some.rule", DenialKind.TAMPER, "no", "do not"))
    state = State()
    for _ in range(3):
        state = state.after(planner().propose(state, CONTEXT), denial)
    proposal = planner().propose(state, CONTEXT)
    assert proposal.action == GiveUp("3 proposals in a row were denied")
    assert state.phase is Phase.REPRODUCE


class Stubborn:
    """Proposes one step again and again."""

    phases = frozenset({Phase.PATCH})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        del context
        return steps.proposal(
            state, Phase.PATCH, RunTests(("t::gone",)), intent="run", hypothesis="why", expected_effect="what"
        )


@pytest.mark.parametrize("kind", [TrialOutcome.PLAUSIBLE, TrialOutcome.PARTIAL])
def test_what_was_found_is_verified_before_denials_end_a_session(kind: TrialOutcome) -> None:
    denial = Denial(Denied("some.rule", DenialKind.TAMPER, "no", "do not"))
    _, proposals = walk([BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1), Batch(0, "f", (), 0.1)])
    found = replace(partial(proposals[-1], 0), outcome=kind)
    state, _ = walk([BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1)])
    lists = {"plausible": (found,)} if kind is TrialOutcome.PLAUSIBLE else {"partial": (found,)}
    state = replace(state, **lists)  # type: ignore[arg-type]  # one of its lists of trials
    meta = MetaPlanner(CandidateSearch(), Stubborn())
    for _ in range(3):
        assert state.denials < 3
        state = state.after(meta.propose(state, CONTEXT), denial)
    chosen = meta.propose(state, CONTEXT)
    assert chosen.action == ApplyPatch(found.patch)
    assert meta.propose(state.after(chosen, denial), CONTEXT).action == GiveUp("4 proposals in a row were denied")
    applied = state.after(chosen, Output("applied"))
    assert meta.propose(applied, CONTEXT).action == RunTests(collect=Collect.VERDICT)
    verified = applied.after(meta.propose(applied, CONTEXT), VerdictReached(ACCEPTED))
    assert meta.propose(verified, CONTEXT).action == Finish()
    lost = applied.after(meta.propose(applied, CONTEXT), VerdictReached(REFUSED))
    for _ in range(3):
        lost = lost.after(meta.propose(lost, CONTEXT), denial)
    assert meta.propose(lost, CONTEXT).action == GiveUp("3 proposals in a row were denied"), "nothing is left"


def test_a_patch_whose_verdict_ran_out_of_time_is_kept_as_unfinished() -> None:
    _, proposals = walk([BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1), Batch(0, "f", (), 0.1)])
    found = plausible(proposals[-1], 0)
    late = unfinished(None, REPORTS["base"], ["t::bad"], "no time")
    trace, batch = SpectrumReady("spectrum", 2, 0.1), Batch(0, "p", (found,), 0.1, spent=1.0)
    state, _ = walk([BASE, AGAIN, trace, batch, Output("applied"), VerdictReached(late)])
    assert state.unfinished is not None
    assert state.unfinished.patch == found.patch
    assert (state.applied, state.verified, state.rejected) == (None, None, 0)
    assert conclude(state, "the time limit is reached").reason == "the time limit is reached; no time"


def test_the_same_state_gives_the_same_proposal_in_any_planner() -> None:
    state, _ = walk([BASE, AGAIN, SpectrumReady("spectrum", 2, 0.1), Batch(0, "f" * 7, (), 0.1)])
    used = planner()
    for tried in (0, 30, 7):
        used.propose(replace(state, tried=tried, searched=tried), CONTEXT)
    assert used.propose(state, CONTEXT) == planner().propose(state, CONTEXT)


def test_targets_fail_every_time() -> None:
    baseline = suite({"a": F, "b": F, "c": P, "d": T, "e": T})
    assert repeated(baseline) == ("a", "b")
    assert stable_failures(baseline, suite({"a": F, "b": P, "d": T})) == (("a", "d", "e"), ("b",))
    assert stable_failures(baseline, suite({"a": F, "b": P, "d": T, "new": F})) == (("a", "d", "e"), ("b", "new"))
    assert stable_failures(baseline, None, ["e", "c"]) == (("e",), ())
    inherited = suite({"t/test_a.py::A::x": F, "t/test_b.py::A::x": P, "t/test_b.py::B::x": F})
    assert stable_failures(inherited, None, ["t/base.py::A::x"])[0] == ("t/test_a.py::A::x",)
    assert stable_failures(inherited, None, ["t/test_b.py::B::x"])[0] == ("t/test_b.py::B::x",)
    broken = replace(suite({}), problem="it crashed")
    assert stable_failures(baseline, broken) == (("a", "b", "d", "e"), ())


def test_probes_stand_for_every_kind_of_failure() -> None:
    def trace(id: str, lines: set[int], message: str = "AssertionError: x", function: str = "test") -> CaseTrace:
        path = "t.py" if function == "test" else "f.py"
        cpu_s = 0.01 * len(lines)
        return CaseTrace(f"t.py::{id}", F, cpu_s, {"f.py": frozenset(lines)}, (Frame(path, 1, function),), message)

    small, large, other = trace("small", {1, 2}), trace("large", {1, 2, 3}), trace("other", {1, 9})
    error, inner = trace("error", {1, 2}, "KeyError: 3"), trace("inner", {1, 2, 3}, "KeyError: 1", "lookup")
    hanging = replace(trace("hanging", {1}, ""), outcome=T)
    assert probes([large, small]) == ("t.py::small", "t.py::large")
    assert probes([small, other, large]) == ("t.py::other", "t.py::large")
    assert probes([large, small, error]) == ("t.py::error", "t.py::small")
    assert probes([hanging, inner, error]) == ("t.py::error", "t.py::inner", "t.py::hanging")
    assert len(probes([small, error, inner, hanging])) == 3
    assert probes([small]) == ("t.py::small",)
    assert probes([small, replace(large, cpu_s=1.0)]) == ("t.py::small",)
    spectrum = Spectrum((small, large, other))
    ids = [trace.id for trace in spectrum.cases]
    assert reached(spectrum, ids, "f.py:2") == (small, large)
    assert reached(spectrum, ids[1:], "f.py:2") == (large,)
    assert reached(spectrum, ids, "f.py:77") == spectrum.cases, "nothing tells, so it may be any of them"
