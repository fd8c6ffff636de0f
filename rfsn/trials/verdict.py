"""Reaching the verdict on a patch: two cold runs that differ in what they check and in their circumstances."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

from buildpacks import RunRequest, SuiteReport
from gate import Change, Context, Verdict, unfinished, verdict_on
from planners.targets import Targets
from rfsn.trials.beyond import Beyond
from rfsn.trials.budget import Budget
from rfsn.trials.stability import Stability
from rfsn.trials.suite import Suite

__all__ = ["differing", "reach_verdict"]

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

    Raises `InfraError` if the sandbox fails.
    """

    def ignored_in(runs: Sequence[SuiteReport]) -> set[str]:
        return {*known.unstable, *stability.unstable(known, runs), *_rewritten(change, context, known, runs)}

    def so_far(runs: Sequence[SuiteReport]) -> Verdict:
        return verdict_on(known.baseline, known.all, ignored_in(runs), runs)

    runs: list[SuiteReport] = []
    for request in differing(budget.request(known.baseline), known.baseline, known.all, change):
        left_s = budget.left_s
        run = stability.told(known, request, suite.run_tests(request, left_s, change))
        if run.problem and run.duration_s >= left_s:
            reason = budget.unverified(len(runs) + 1, left_s)
            return unfinished(so_far(runs) if runs else None, known.baseline, known.all, reason)
        runs.append(run)
    if _failing_once(runs):
        # Being watched may be why a test fails.
        plain = suite.run_tests(budget.request(known.baseline), budget.left_s, change)
        runs[0] = replace(plain, findings=runs[0].findings)
    verdict = so_far(runs)
    fragile = stability.fragile(known, runs) if verdict.broken else set()
    if fragile:
        verdict = verdict_on(known.baseline, known.all, ignored_in(runs) | fragile, runs)
    lost = beyond.broken(known, change, context, sure=True) if verdict.sound else ()
    if not lost:
        return verdict
    named = f"{', '.join(lost[:_NAMED])}{f' and {len(lost) - _NAMED} more' if len(lost) > _NAMED else ''}"
    reasons = (*verdict.reasons, f"pass on the base, are not run by the command, and no longer pass: {named}")
    broken = tuple(sorted({*verdict.broken, *lost}))
    return replace(verdict, accepted=False, sound=False, broken=broken, reasons=reasons)


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
