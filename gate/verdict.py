"""The verdict on a patch: a pure function of the reports of test runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from buildpacks import Basis, CaseResult, Outcome, SuiteReport

__all__ = ["UNREPAIRED", "Verdict", "unfinished", "verdict_on"]

UNREPAIRED = "targets that do not pass"
"""How the reason begins that names targets which a patch does not repair."""

_NAMED = 5
_SET_ASIDE = frozenset({Outcome.SKIPPED, Outcome.XFAILED, Outcome.XPASSED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a patch is a repair, and why not.

    `fixed` are the targets that pass in every run, `unfixed` the others; `broken` are the cases that passed on the base
    and no longer do, or that were skipped there or expected to fail and now fail. `sound` is whether every run can be
    trusted and nothing is broken. `canaries` is how many canaries ran, and `altered` how many targets, each with all of
    its parameters, failed as they must where an assertion of theirs asked for something else. `unfinished` is whether
    the time ran out before a verdict could be reached. `narrow` is whether the patch changes nothing but the answers to
    calls of the tests (see `gate.narrow`), if that is known, and `narrow_because` says why.
    """

    accepted: bool
    sound: bool
    fixed: tuple[str, ...]
    unfixed: tuple[str, ...]
    broken: tuple[str, ...]
    reasons: tuple[str, ...]
    basis: Basis
    runs: int
    canaries: int = 0
    altered: int = 0
    unfinished: bool = False
    narrow: bool | None = None
    narrow_because: str = ""

    @property
    def partly(self) -> bool:
        """Whether some targets are fixed but not all, and nothing is broken."""
        return self.sound and bool(self.fixed) and bool(self.unfixed)

    @property
    def result(self) -> str:
        """The verdict in a word."""
        if self.unfinished:
            return "unfinished"
        return "accepted" if self.accepted else "kept" if self.partly else "rejected"


def verdict_on(
    baseline: SuiteReport, targets: Collection[str], unstable: Collection[str], runs: Sequence[SuiteReport]
) -> Verdict:
    """The verdict that the cold `runs` of a patched tree support, compared with the `baseline`.

    A patch is accepted if, in every run: the tests could run; the targets pass; every case that passed on the base
    passes; none that was skipped or expected to fail there fails; the set of case ids is exactly the same; and in each
    part of the repository, tests are found if the base has some, the exit code agrees with the results, and the
    canaries fail, if they did on the base. A test that failed on the base may have ended before it began those within
    it: they are then no new cases. A file of tests that could not be loaded on the base stands for its tests; if they
    are skipped now one by one, it says nothing beside more such files that pass. Code that did not compile on the base
    must do so now. No run finds why a test does not count (`SuiteReport.findings`). `unstable` ids, which changed on
    the base by themselves, are ignored. Without a run, nothing is accepted.
    """
    wanted, ignored = set(targets), set(unstable)
    before = {case.id: case.outcome for case in baseline.cases if case.id not in ignored}
    passed_before = {id for id, outcome in before.items() if outcome is Outcome.PASSED}
    set_aside = {id for id, outcome in before.items() if outcome in _SET_ASIDE}
    reasons = [] if runs else ["the patched tree was not run"]
    canaries = _canaries(baseline, runs)
    if passing := [canary.id for canary in canaries if not canary.outcome.failing]:
        reasons.append(f"tests that must fail did not, so results are forged or hidden: {_names(passing)}")
    wholes = {case.id for case in baseline.cases if case.unloaded and case.id in wanted}
    missed: set[str] = set()
    silent: set[str] = set()
    broken: set[str] = set()
    for number, run in enumerate(runs, 1):
        if run.problem and not run.cases:
            reasons.append(f"run {number}: {run.problem}")
            continue
        after = {case.id: case.outcome for case in _comparable(run, baseline) if case.id not in ignored}
        passed = {id for id, outcome in after.items() if outcome is Outcome.PASSED}
        skipped = _skipped_by_tests(run, wholes, after) if passed & wholes else set[str]()
        silent |= skipped
        missed |= wanted - passed - skipped
        broken |= passed_before - passed
        broken |= {id for id in set_aside if id in after and after[id].failing}
        unloaded = next((case for case in run.cases if case.unloaded and case.id not in before), None)
        if unloaded is not None:
            reasons.append(f"run {number}: {unloaded.id} could not be collected: {unloaded.reason}")
            continue  # what else is wrong follows from it
        if run.unbuilt and run.unbuilt != baseline.unbuilt:
            reasons.append(f"run {number}: {run.unbuilt}")
            continue
        reasons += [f"run {number}: {text}" for text in _found(run, ignored)]
        reasons += [f"run {number}: {reason}" for reason in _disagreements(run, baseline, set(before), set(after))]
    if broken:
        what = (
            "did not fail on the base and do now" if broken - passed_before else "passed on the base and no longer do"
        )
        reasons.append(f"{what}: {_names(broken)}")
    sound = not reasons
    if missed:
        reasons.append(f"{UNREPAIRED}: {_names(missed)}")
    unfixed = missed if runs and all(run.cases or not run.problem for run in runs) else wanted
    return Verdict(
        accepted=not reasons,
        sound=sound,
        fixed=tuple(sorted(wanted - unfixed - silent)),
        unfixed=tuple(sorted(unfixed)),
        broken=tuple(sorted(broken)),
        reasons=tuple(reasons),
        basis=baseline.basis,
        runs=len(runs),
        canaries=len(canaries),
    )


def unfinished(finished: Verdict | None, baseline: SuiteReport, targets: Collection[str], reason: str) -> Verdict:
    """The verdict if the time ran out, for that `reason`; that of the `finished` runs stands if it is negative."""
    if finished is not None and (not finished.sound or not finished.fixed):
        return finished
    verdict = finished or verdict_on(baseline, targets, (), ())
    return replace(verdict, accepted=False, sound=False, reasons=(reason,), unfinished=True)


def _comparable(run: SuiteReport, baseline: SuiteReport) -> list[CaseResult]:
    """The cases of a run, among them each file or folder of tests that failed as a whole on the base.

    It fails if one of its tests does, else it passes if one passes. If none of them is known on the base, it stands for
    them: nobody knows which there are.
    """
    reported, replaced, made = {case.id for case in run.cases}, set[str](), list[CaseResult]()
    for whole in (case for case in baseline.cases if case.unloaded):
        inside = [case for case in run.cases if whole.parsed.holds(case.parsed)]
        if not any(case.parsed.name and whole.parsed.holds(case.parsed) for case in baseline.cases):
            replaced |= {case.id for case in inside if case.parsed.name}
        if inside and whole.id not in reported:
            telling = min(inside, key=lambda case: (not case.outcome.failing, case.outcome is not Outcome.PASSED))
            made.append(replace(telling, id=whole.id))
    return [*(case for case in run.cases if case.id not in replaced), *made]


def _skipped_by_tests(run: SuiteReport, wholes: set[str], after: Mapping[str, Outcome]) -> set[str]:
    """The files of tests that could not be loaded on the base, and whose tests are now skipped one by one.

    A file that is skipped as a whole may have missed an import that the patch took away. They are none at all if half
    of such files or more are skipped: then it is no matter of a few tests that need something else.
    """
    reported = {case.id for case in run.cases}
    skipped = {id for id in wholes - reported if after.get(id) in _SET_ASIDE}
    return skipped if 2 * len(skipped) < len(wholes) else set()


def _canaries(baseline: SuiteReport, runs: Sequence[SuiteReport]) -> list[CaseResult]:
    """The canaries of the runs, in the parts in which they fail on the base, if it came so far."""
    trusted = {part.part for part in baseline.part_runs if all(canary.outcome.failing for canary in part.canaries)}
    parts = [part for run in runs for part in run.part_runs if part.part in trusted]
    return [canary for part in parts for canary in part.canaries]


def _disagreements(run: SuiteReport, baseline: SuiteReport, expected: set[str], reported: set[str]) -> list[str]:
    """What makes a run untrustworthy, whatever its outcomes are."""
    reasons = list(filter(None, [run.problem or run.lost(baseline)]))
    if missing := expected - reported:
        reasons.append(f"cases that did not report: {_names(missing)}")
    begun = {case.parsed for case in baseline.cases if case.outcome.failing and case.parsed.name}
    within = {case.id for case in run.cases if case.parsed.function in begun and not case.outcome.failing}
    if extra := reported - expected - within:
        reasons.append(f"cases that the base does not have: {_names(extra)}")
    for part in run.part_runs:
        if not part.problem and (part.exit_code == 0) == part.failing:
            what = "a case failed" if part.failing else "no case failed"
            reasons.append(f"exit code {part.exit_code}, though {what}")
    return reasons


def _found(run: SuiteReport, ignored: set[str]) -> list[str]:
    """What a run finds against the tests that pass in it, the first few of each kind of finding."""
    found = {finding.about: finding for finding in run.findings if finding.id not in ignored}
    return [f"{finding.id}: {finding.message}" for finding in list(found.values())[:_NAMED]]


def _names(ids: Collection[str]) -> str:
    shown = ", ".join(sorted(ids)[:_NAMED])
    return shown if len(ids) <= _NAMED else f"{shown} and {len(ids) - _NAMED} more"
