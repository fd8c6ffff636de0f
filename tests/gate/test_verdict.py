"""The verdict as a function of reports."""

from dataclasses import replace

import pytest

from buildpacks import CaseId, CaseResult, Outcome, SuiteReport
from gate import unfinished, verdict_on


def suite(outcomes: dict[str, Outcome], exit_code: int | None = None, problem: str = "") -> SuiteReport:
    code = exit_code if exit_code is not None else int(any(outcome.failing for outcome in outcomes.values()))
    return SuiteReport(tuple(CaseResult(id, outcome) for id, outcome in outcomes.items()), code, 1.0, problem=problem)


P, F, S = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED
BASELINE = suite({"a": F, "b": P, "c": S, "d": F})
GOOD = suite({"a": P, "b": P, "c": S, "d": F})


def test_two_good_runs_are_accepted() -> None:
    verdict = verdict_on(BASELINE, ["a"], [], [GOOD, GOOD])
    assert verdict.accepted
    assert (verdict.fixed, verdict.unfixed, verdict.broken, verdict.runs) == (("a",), (), (), 2)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (suite({"a": F, "b": P, "c": S, "d": F}), "targets that do not pass: a"),
        (suite({"a": S, "b": P, "c": S, "d": F}), "targets that do not pass: a"),
        (suite({"a": Outcome.XFAILED, "b": P, "c": S, "d": F}), "targets that do not pass: a"),
        (suite({"a": P, "b": F, "c": S, "d": F}), "no longer do: b"),
        (suite({"a": P, "b": S, "c": S, "d": F}), "no longer do: b"),
        (suite({"a": P, "c": S, "d": F}), "did not report: b"),
        (suite({"b": P, "c": S, "d": F}), "did not report: a"),
        (suite({"a": P, "b": P, "c": S, "d": F, "e": P}), "does not have: e"),
        (suite({"a": P, "b": P, "c": S, "d": F}, exit_code=0), "exit code 0, though a case failed"),
        (suite({"a": P, "b": P, "c": S, "d": P}, exit_code=1), "exit code 1, though no case failed"),
        (suite({}, problem="it crashed"), "it crashed"),
    ],
)
def test_one_bad_run_spoils_the_verdict(run: SuiteReport, reason: str) -> None:
    for runs in ([run, GOOD], [GOOD, run]):
        verdict = verdict_on(BASELINE, ["a"], [], runs)
        assert not verdict.accepted
        assert any(reason in said for said in verdict.reasons), verdict.reasons


def test_a_failed_run_says_nothing_about_its_tests() -> None:
    verdict = verdict_on(BASELINE, ["a"], [], [GOOD, suite({}, problem="it did not finish")])
    assert verdict.reasons == ("run 2: it did not finish",)
    assert (verdict.accepted, verdict.fixed, verdict.unfixed, verdict.broken) == (False, (), ("a",), ())


def within(outcomes: dict[str, Outcome]) -> SuiteReport:
    """A suite whose ids are `test/subtest`."""
    report = suite(outcomes)
    parts = (CaseId("", (), case.id.partition("/")[0], "".join(case.id.partition("/")[1:])) for case in report.cases)
    return replace(report, cases=tuple(map(lambda case, parsed: replace(case, parsed=parsed), report.cases, parts)))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({"a": P, "a/x": P, "a/y": P, "b": P}, ""),
        ({"a": P, "a/x": P, "a/y": F, "b": P}, "cases that the base does not have: a/y"),
        ({"a": P, "a/x": P, "b": P, "b/z": P}, "cases that the base does not have: b/z"),
        ({"a": P, "a/y": P, "b": P}, "cases that did not report: a/x"),
    ],
)
def test_a_test_that_failed_may_have_had_no_time_for_its_subtests(after: dict[str, Outcome], reason: str) -> None:
    verdict = verdict_on(within({"a": F, "a/x": F, "b": P}), ["a", "a/x"], [], [within(after)])
    assert verdict.accepted is not bool(reason)
    assert reason in "; ".join(verdict.reasons)


def test_what_does_not_compile_is_the_reason_unless_it_never_did() -> None:
    unbuilt = replace(GOOD, unbuilt="a.go:3: undefined: x")
    verdict = verdict_on(BASELINE, ["a"], [], [GOOD, unbuilt])
    assert verdict.reasons == ("run 2: a.go:3: undefined: x",)
    assert verdict_on(replace(BASELINE, unbuilt=unbuilt.unbuilt), ["a"], [], [unbuilt]).accepted
    assert not verdict_on(replace(BASELINE, unbuilt="b.go:1: no"), ["a"], [], [unbuilt]).accepted


def test_an_unfinished_verdict_keeps_a_negative_result() -> None:
    first = verdict_on(BASELINE, ["a"], [], [GOOD])
    late = unfinished(first, BASELINE, ["a"], "no time")
    assert (late.result, late.accepted, late.partly, late.fixed) == ("unfinished", False, False, ("a",))
    assert late.reasons == ("no time",)
    assert unfinished(None, BASELINE, ["a"], "no time").unfixed == ("a",)
    breaking = verdict_on(BASELINE, ["a"], [], [suite({"a": P, "b": F, "c": S, "d": F})])
    assert unfinished(breaking, BASELINE, ["a"], "no time") == breaking


def test_unstable_ids_are_ignored() -> None:
    for run in (suite({"a": P, "b": F, "c": S, "d": F}), suite({"a": P, "c": S, "d": F})):
        assert verdict_on(BASELINE, ["a"], ["b"], [run]).accepted


def test_nothing_is_accepted_without_a_run() -> None:
    assert not verdict_on(BASELINE, ["a"], [], []).accepted


def test_a_patch_for_some_targets_is_partial_if_nothing_breaks() -> None:
    part = suite({"a": P, "b": P, "c": S, "d": F})
    verdict = verdict_on(BASELINE, ["a", "d"], [], [part, part])
    assert (verdict.accepted, verdict.partly, verdict.fixed, verdict.unfixed) == (False, True, ("a",), ("d",))
    breaking = suite({"a": P, "b": F, "c": S, "d": F})
    for run in (breaking, replace(part, exit_code=0), BASELINE):
        assert not verdict_on(BASELINE, ["a", "d"], [], [part, run]).partly
    assert not verdict_on(BASELINE, ["a"], [], [GOOD, GOOD]).partly, "it is a whole one"


def test_canaries_must_fail() -> None:
    dead = (CaseResult("x", F), CaseResult("y", Outcome.ERROR))
    base = replace(BASELINE, canaries=dead)
    good = replace(GOOD, canaries=dead)
    verdict = verdict_on(base, ["a"], [], [GOOD, good])
    assert verdict.accepted
    assert verdict.canaries == 2
    for alive in (P, S, Outcome.MISSING, Outcome.XFAILED):
        fooled = replace(good, canaries=(dead[0], CaseResult("y", alive)))
        verdict = verdict_on(base, ["a"], [], [GOOD, fooled])
        assert not verdict.sound
        assert any("tests that must fail did not" in said for said in verdict.reasons)


def test_canaries_that_do_not_fail_on_the_base_are_ignored() -> None:
    base = replace(BASELINE, canaries=(CaseResult("x", S),))
    verdict = verdict_on(base, ["a"], [], [GOOD, replace(GOOD, canaries=(CaseResult("x", S),))])
    assert verdict.accepted
    assert verdict.canaries == 0


def test_canaries_count_for_the_exit_code() -> None:
    passing = suite({"a": P, "b": P, "c": S}, exit_code=1)
    base = replace(suite({"a": F, "b": P, "c": S}), canaries=(CaseResult("x", F),))
    assert verdict_on(base, ["a"], [], [replace(passing, canaries=(CaseResult("x", F),))]).accepted
    assert not verdict_on(base, ["a"], [], [passing]).accepted


def in_parts(**reports: SuiteReport) -> SuiteReport:
    """One report of several parts, as a suite merges them."""
    parts = tuple(replace(report.part_runs[0], part=part) for part, report in reports.items())
    told = [report for report in reports.values() if not report.empty]
    return SuiteReport(
        tuple(case for report in told for case in report.cases),
        max(report.exit_code or 0 for report in told),
        1.0,
        canaries=tuple(canary for report in told for canary in report.canaries),
        parts=parts,
    )


HIDDEN = (CaseResult("x", F),)
EMPTY = replace(suite({}, 5, "no tests were found"), empty=True)


def test_each_part_has_an_exit_code_of_its_own() -> None:
    api, fixed, known = suite({"a": F}), suite({"a": P}), suite({"z": F})
    odd = suite({"b": P}, 3)
    base = in_parts(api=api, lib=suite({"b": P}), jobs=known)
    assert verdict_on(base, ["a"], [], [in_parts(api=fixed, lib=suite({"b": P}), jobs=known)]).accepted
    verdict = verdict_on(base, ["a"], [], [in_parts(api=fixed, lib=odd, jobs=known)])
    assert verdict.reasons == ("run 1: exit code 3, though no case failed",)


def test_the_canaries_of_one_part_do_not_depend_on_those_of_another() -> None:
    seen = replace(suite({"a": F}), canaries=HIDDEN)
    skipped = replace(suite({"b": P}), canaries=(CaseResult("y", S),))
    base = in_parts(api=seen, lib=skipped)
    hidden = replace(suite({"a": P}, 0), canaries=(CaseResult("x", P),))
    verdict = verdict_on(base, ["a"], [], [in_parts(api=hidden, lib=skipped)])
    assert verdict.reasons == ("tests that must fail did not, so results are forged or hidden: x",)
    shown = replace(suite({"a": P}, 1), canaries=HIDDEN)
    assert verdict_on(base, ["a"], [], [in_parts(api=shown, lib=skipped)]).accepted


def test_a_part_whose_tests_vanish_is_missed_whatever_is_unstable() -> None:
    base = in_parts(api=suite({"a": F}), lib=suite({"b": P}), docs=EMPTY)
    gone = in_parts(api=suite({"a": P}), lib=EMPTY, docs=EMPTY)
    verdict = verdict_on(base, ["a"], ["b"], [gone])
    assert verdict.reasons == ("run 1: no tests were found",)
    there = in_parts(api=suite({"a": P}), lib=suite({"b": P}), docs=EMPTY)
    assert verdict_on(base, ["a"], [], [there]).accepted


@pytest.mark.parametrize("aside", [S, Outcome.XFAILED, Outcome.XPASSED])
def test_a_case_that_did_not_fail_on_the_base_may_not_fail(aside: Outcome) -> None:
    base = suite({"a": F, "b": P, "c": aside})
    verdict = verdict_on(base, ["a"], [], [suite({"a": P, "b": P, "c": F})])
    assert (verdict.accepted, verdict.broken) == (False, ("c",))
    assert verdict.reasons == ("did not fail on the base and do now: c",)
    assert verdict_on(base, ["a"], [], [suite({"a": P, "b": P, "c": P})]).accepted


def test_a_file_that_could_not_be_loaded_stands_for_its_tests() -> None:
    """What tests it has is known only once it can be loaded."""

    def case(id: str, outcome: Outcome) -> CaseResult:
        file, _, name = id.partition("::")
        return CaseResult(id, outcome, parsed=CaseId(file, (), name))

    def run(code: int, *cases: CaseResult) -> SuiteReport:
        return SuiteReport(cases, code, 0.1)

    other = case("b::x", Outcome.PASSED)
    base = run(1, case("a", Outcome.FAILED), other)
    good, bad = case("a::one", Outcome.PASSED), case("a::two", Outcome.FAILED)
    assert verdict_on(base, ["a"], (), [run(0, good, other)]).accepted
    assert not verdict_on(base, ["a"], (), [run(1, good, bad, other)]).accepted
    assert not verdict_on(base, ["a"], (), [run(0, case("a::one", Outcome.SKIPPED), other)]).accepted
    assert not verdict_on(base, ["a"], (), [run(0, other)]).accepted
    assert not verdict_on(base, ["a"], (), [run(0, good, other, case("b::y", Outcome.PASSED))]).accepted
    ended = run(1, case("a", Outcome.FAILED), good, other)
    assert verdict_on(ended, ["a"], (), [run(0, good, other)]).accepted
    assert not verdict_on(ended, ["a"], (), [run(0, good, case("a::new", Outcome.PASSED), other)]).accepted


def of_files(outcomes: dict[str, Outcome]) -> SuiteReport:
    """A suite whose ids are `file` for a file that cannot be loaded, or `file::test`."""
    report = suite(outcomes)
    parts = (CaseId(case.id.partition("::")[0], (), case.id.partition("::")[2]) for case in report.cases)
    return replace(
        report, cases=tuple(replace(case, parsed=parsed) for case, parsed in zip(report.cases, parts, strict=True))
    )


@pytest.mark.parametrize(
    ("after", "fixed", "unfixed"),
    [
        ({"one.py::a": P, "two.py::b": P, "six.py::d": P}, ("one.py", "six.py", "two.py"), ()),
        ({"one.py::a": P, "two.py::b": S, "six.py::d": P}, ("one.py", "six.py"), ()),  # few: it says nothing
        ({"one.py::a": P, "two.py": S, "six.py::d": P}, ("one.py", "six.py"), ("two.py",)),  # as a whole
        ({"one.py::a": P, "two.py::b": S, "six.py::d": S}, ("one.py",), ("six.py", "two.py")),
        ({"one.py::a": S, "two.py::b": S, "six.py::d": S}, (), ("one.py", "six.py", "two.py")),
        ({"one.py::a": P, "two.py::b": S, "two.py::c": F, "six.py::d": P}, ("one.py", "six.py"), ("two.py",)),
        ({"one.py::a": P, "six.py::d": P}, ("one.py", "six.py"), ("two.py",)),
    ],
)
def test_files_that_could_not_be_loaded_pass_by_their_tests(
    after: dict[str, Outcome], fixed: tuple[str, ...], unfixed: tuple[str, ...]
) -> None:
    base, run = of_files({"one.py": F, "two.py": F, "six.py": F}), of_files(after)
    verdict = verdict_on(base, ["one.py", "two.py", "six.py"], [], [run, run])
    assert (verdict.accepted, verdict.fixed, verdict.unfixed) == (not unfixed, fixed, unfixed)
