"""Whether targets pass for the reason that they state: they must fail where an assertion asks for something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from buildpacks import AltersTests, CaseResult, Outcome, SuiteReport
from gate import Change, FileChange
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["unmoved"]

_NAMED = 5


def unmoved(
    suite: Suite, budget: Budget, known: Targets, fixed: tuple[str, ...], change: Change | None, run: SuiteReport
) -> Iterator[str]:
    """Why a patch does not count under which targets pass: they do so too where an assertion of theirs is altered.

    `run` is a run of the patched tree. Where nothing can be altered, or the altered tests cannot be run, nothing
    follows. Raises `InfraError` if the sandbox fails.
    """
    files = dict(change.files) if change else {}
    for prefix, bench in suite.benches.items():
        pack = bench.part.pack
        cases = [case for case in _passing(known, fixed, run) if suite.bench_of(case.id).part.id("") == prefix]
        cases = [case for case in cases if case.parsed.file not in files]
        if not cases or not isinstance(pack, AltersTests):
            continue
        tests = pack.altered(suite.view, cases, os.urandom(16))
        if not tests.places:
            continue
        altered = {path: FileChange(suite.view.read(path), text) for path, text in tests.files.items()}
        asked = {case.id.removesuffix(case.parsed.parameters) for case in cases if case.parsed.function in tests.places}
        request = replace(budget.request(known.baseline, tuple(sorted(asked))), key=os.urandom(32))
        after = suite.run_tests(request, budget.left_s, Change({**files, **altered}))
        places = ((case, tests.places.get(case.parsed.function)) for case in after.cases)
        passing = [f"{case.id} ({place.path}:{place.line})" for case, place in places if place and _passes(case)]
        if passing:
            more = f" and {len(passing) - _NAMED} more" if len(passing) > _NAMED else ""
            yield f"targets pass although their assertion asks for something else: {', '.join(passing[:_NAMED])}{more}"


def _passes(case: CaseResult) -> bool:
    return case.outcome is Outcome.PASSED


def _passing(known: Targets, fixed: tuple[str, ...], run: SuiteReport) -> Iterator[CaseResult]:
    """The targets that pass in a run, as they failed on the base; those in a file that could not be loaded there."""
    failed = {case.id: case for case in known.baseline.cases if case.id in fixed}
    wholes = [case for case in failed.values() if case.unloaded]
    for case in filter(_passes, run.cases):
        if case.id in failed:
            yield failed[case.id]
        elif any(whole.parsed.holds(case.parsed) for whole in wholes):
            yield case
