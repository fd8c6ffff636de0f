"""Whether targets pass for the reason that they state: they must fail where an assertion asks for something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from buildpacks import AltersTests, CaseResult, Frame, Outcome, SuiteReport
from gate import Change, FileChange, Verdict
from planners.targets import Targets
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite

__all__ = ["weighed"]

_NAMED = 5


def weighed(
    verdict: Verdict, suite: Suite, budget: Budget, known: Targets, change: Change | None, run: SuiteReport
) -> Verdict:
    """A verdict after the targets that it fixes ran once more with an assertion altered: none may pass.

    `run` is a run of the patched tree. Where nothing can be altered, or the altered tests cannot be run, nothing
    follows. Raises `InfraError` if the sandbox fails.
    """
    files = dict(change.files) if change else {}
    cases = [case for case in _passing(known, verdict.fixed, run) if case.parsed.file not in files]
    asked: dict[str, Frame] = {}
    altered: dict[str, FileChange] = {}
    for bench in suite.benches.values():
        own = [case for case in cases if suite.bench_of(case.id) is bench]
        pack = bench.part.pack
        if own and isinstance(pack, AltersTests):
            tests = pack.altered(suite.view, own, os.urandom(16))
            altered |= {path: FileChange(suite.view.read(path), text) for path, text in tests.files.items()}
            places = ((case, tests.places.get(case.parsed.function)) for case in own)
            asked |= {case.id.removesuffix(case.parsed.parameters): place for case, place in places if place}
    if not asked:
        return verdict
    request = budget.request(known.baseline, tuple(sorted(asked)))
    after = suite.run_tests(request, budget.left_s, Change({**files, **altered}))
    outcomes: dict[str, set[Outcome]] = {}
    for case in after.cases:
        outcomes.setdefault(case.id.removesuffix(case.parsed.parameters), set()).add(case.outcome)
    if passing := [id for id in sorted(asked) if Outcome.PASSED in outcomes.get(id, ())]:
        named = ", ".join(f"{id} ({asked[id].path}:{asked[id].line})" for id in passing[:_NAMED])
        more = f" and {len(passing) - _NAMED} more" if len(passing) > _NAMED else ""
        reason = f"targets pass although their assertion asks for something else: {named}{more}"
        return replace(verdict, accepted=False, sound=False, reasons=(*verdict.reasons, reason))
    return replace(verdict, altered=sum(any(one.failing for one in outcomes.get(id, ())) for id in asked))


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
