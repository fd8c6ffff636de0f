"""Reaching the verdict on a patch: two cold runs that differ in what they check and in their circumstances."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from buildpacks import RunRequest, SuiteReport
from gate import Change, Context, Verdict, unfinished, verdict_on
from planners.targets import Targets
from rfsn.trials import altered
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.meddling import kept_in, meddling, refused
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite

__all__ = ["differing", "reach_verdict", "rejected"]

_NAMED = 5


def differing(
    request: RunRequest, baseline: SuiteReport, targets: Collection[str], change: Change | None = None
) -> tuple[RunRequest, RunRequest]:
    """The requests of the two runs of a verdict on a change.

    The first watches the assertions of the targets. The second is elsewhere, has canaries, and runs each test in a
    process of its own if the pack can. Lines of tests that the change edits say nothing.
    """
    edited = set(change.files) if change else set[str]()
    watched = {
        case.id: tuple(place for place in case.places if place.path not in edited)
        for case in baseline.cases
        if case.id in targets
    }
    return (
        replace(request, watched=watched, key=os.urandom(32)),
        replace(request, watched=watched, key=os.urandom(32), canaries=True, alone=True, elsewhere=True),
    )


def reach_verdict(
    suite: Suite,
    budget: Budget,
    stability: Stability,
    beyond: Beyond,
    known: Targets,
    change: Change | None,
    context: Context,
) -> Verdict:
    """The verdict on a change; an unfinished one if the time is too short. It breaks no test `beyond` the command's.

    The tests of a pull request run once more beside those of the base, after these have passed without them. Raises
    `InfraError` if the sandbox fails.
    """
    given = change
    if change is not None and context.pull_request and not context.test_edits:
        change = _without_tests(change, context)

    def ignored_in(runs: Sequence[SuiteReport]) -> set[str]:
        return {*known.unstable, *stability.unstable(known, runs), *_rewritten(change, context, known, runs)}

    def so_far(runs: Sequence[SuiteReport], also: Collection[str] = ()) -> Verdict:
        verdict = verdict_on(known.baseline, known.all, ignored_in(runs) | {*also}, runs)
        return rejected(verdict, meddling(change, suite.view, context, known.baseline, runs))

    runs: list[SuiteReport] = []
    kept = kept_in(context, known.baseline)
    requests = differing(budget.request(known.baseline), known.baseline, known.all, change)
    ran = suite.run_each(requests, lambda: budget.left_s, change, kept)
    for request, (report, left_s) in zip(requests, ran, strict=True):
        run = stability.told(known, request, report)
        if run.problem and run.duration_s >= left_s:
            reason = budget.unverified(len(runs) + 1, left_s)
            return unfinished(so_far(runs) if runs else None, known.baseline, known.all, reason)
        runs.append(run)
    writes = refused(runs[0])
    if _failing_once(runs) and (writes or not runs[0].problem):
        # Being watched may be why a test fails, or that it cannot write; not why tests cannot be loaded.
        plain = suite.run_tests(budget.request(known.baseline), budget.left_s, change, kept=None if writes else kept)
        runs[0] = replace(plain, findings=runs[0].findings)
    verdict = so_far(runs)
    fragile = stability.fragile(known, runs) if verdict.broken else set()
    if fragile:
        verdict = so_far(runs, fragile)
    if not verdict.accepted and change is not None and given is not None and given is not change:
        verdict = _told_of_edits(verdict, known, given.files.keys() - change.files.keys())
    if verdict.sound and verdict.fixed:
        verdict = altered.weighed(verdict, suite, budget, known, change, runs[0])
    lost = beyond.broken(known, change, context, budget.left_s, sure=True) if verdict.sound else ()
    if not lost:
        brings_tests = verdict.sound and given is not change
        return _with_tests(suite, budget, known, verdict, given, ignored_in(runs)) if brings_tests else verdict
    named = f"{', '.join(lost[:_NAMED])}{f' and {len(lost) - _NAMED} more' if len(lost) > _NAMED else ''}"
    broken = tuple(sorted({*verdict.broken, *lost}))
    reason = f"pass on the base, are not run by the command, and no longer pass: {named}"
    return rejected(replace(verdict, broken=broken), [reason])


def rejected(verdict: Verdict, reasons: Iterable[str]) -> Verdict:
    """A verdict with further reasons against the patch, if there are some."""
    further = tuple(reasons)
    if not further:
        return verdict
    return replace(verdict, accepted=False, sound=False, reasons=(*verdict.reasons, *further))


def _without_tests(change: Change, context: Context) -> Change:
    """What a pull request does besides changing tests, which run as they were; the same change if it changes none."""
    own = {path: file for path, file in change.files.items() if not (context.protected(path) and context.lifted(path))}
    return Change(MappingProxyType(own)) if len(own) < len(change.files) else change


def _told_of_edits(verdict: Verdict, known: Targets, edited: Collection[str]) -> Verdict:
    """The verdict, which says so if it is about tests that the pull request changes, and that ran as they were."""
    wrong = {*verdict.unfixed, *verdict.broken}
    about = sorted({case.parsed.file for case in known.baseline.cases if case.id in wrong} & {*edited})
    if not about:
        return verdict
    named = ", ".join(about[:_NAMED])
    reason = f"the patch changes {named}, whose tests ran as they were: --allow-test-edits lets it change what they ask"
    return replace(verdict, reasons=(*verdict.reasons, reason))


def _with_tests(
    suite: Suite, budget: Budget, known: Targets, verdict: Verdict, given: Change | None, ignored: Collection[str]
) -> Verdict:
    """The verdict on a pull request, after one more run with all of it."""
    left_s = budget.left_s
    run = suite.run_tests(budget.request(known.baseline), left_s, given)
    if run.problem and run.duration_s >= left_s:
        return unfinished(verdict, known.baseline, known.all, budget.unverified(verdict.runs + 1, left_s))
    return replace(rejected(verdict, _wrong(known, ignored, run)), runs=verdict.runs + 1)


def _wrong(known: Targets, ignored: Collection[str], run: SuiteReport) -> Iterator[str]:
    """What is wrong in a run with the tests that a pull request brings: it takes none away, and none fails."""
    if run.problem or run.unbuilt:
        yield f"with the tests of the patch: {run.problem or run.unbuilt}"
        return
    there = {case.id: case for case in run.cases}
    before = {case.id: case.outcome for case in known.baseline.cases}
    loaded = {case.id for case in known.baseline.cases if not case.unloaded} - {*ignored}
    if gone := sorted(loaded - there.keys()):
        yield f"tests that the patch takes away: {', '.join(gone[:_NAMED])}"
    failing = (case.id for case in run.cases if case.outcome.failing and case.id not in ignored)
    if worse := sorted(id for id in failing if id in known.all or id not in before or not before[id].failing):
        yield f"fail with the tests of the patch: {', '.join(worse[:_NAMED])}"


def _failing_once(runs: Sequence[SuiteReport]) -> bool:
    """Whether a test fails in the first run alone."""
    first, second = ({case.id for case in run.cases if case.outcome.failing} for run in runs)
    return not first <= second


def _rewritten(change: Change | None, context: Context, known: Targets, runs: Sequence[SuiteReport]) -> set[str]:
    """The tests in protected files that a patch changes, as the user allowed: the patch then decides which exist.

    Source files may hold tests too, such as examples in their documentation: those count as usual.
    """
    paths = {path for path in change.files if context.protected(path)} if change else set()
    cases = (case for report in (known.baseline, *runs) for case in report.cases)
    return {case.id for case in cases if case.parsed.file in paths} - {*known.all}
