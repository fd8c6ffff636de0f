"""Evidence that an accepted patch is more than the answers of the tests: the same calls with and without it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from buildpacks import Outcome
from buildpacks.warm import Edits, Repeated
from gate import Change, Narrowness, Pair, Verdict, narrowness_of
from planners.targets import Targets
from rfsn.errors import InfraError
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.suite import Suite
from rfsn.trials.warm_part import difference
from rfsn.trials.worker import TestLimits, TrialRequest, WarmWorker

__all__ = ["Generality"]

_SHARE, _LEAST_S = 0.25, 20.0
"""How long a worker may take to answer: a share of the two runs of a verdict, or so many seconds if those are more."""

_MOST_TESTS = 32


@dataclass(frozen=True, slots=True)
class _Tree:
    """A version of the tree that answers calls: what a worker has, with the edits of a candidate if there is one."""

    worker: WarmWorker
    candidate: TrialRequest | None = None

    def recorded(self, targets: TestLimits, tests: TestLimits) -> tuple[Repeated, ...]:
        return self.worker.recorded(targets, tests, self.candidate)

    def repeated(self, calls: Sequence[str]) -> tuple[Repeated, ...]:
        return self.worker.repeated(calls, candidate=self.candidate)

    def near(self, calls: Sequence[str]) -> tuple[Repeated, ...]:
        return self.worker.repeated(calls, near=True, candidate=self.candidate)


class Generality:
    """Compares the tree with and without accepted patches, on calls that tests make and on calls near them."""

    def __init__(self, suite: Suite, budget: Budget, *, strict: bool) -> None:
        """With `strict`, a patch that is narrow is not accepted."""
        self._suite = suite
        self._budget = budget
        self._strict = strict

    def weighed(
        self,
        verdict: Verdict,
        known: Targets,
        change: Change | None,
        loaded: tuple[WarmWorker, TrialRequest] | None = None,
    ) -> Verdict:
        """A verdict with what these calls say of an accepted patch.

        `loaded` is a worker that has the base, and the request that makes the change in it, if there is one.
        """
        if not verdict.accepted or change is None or not known.all:
            return verdict
        said = self.narrowness(known, change, loaded)
        verdict = replace(verdict, narrow=said.narrow, narrow_because=said.why)
        if said.narrow and self._strict:
            return replace(verdict, accepted=False, sound=False, reasons=(f"the patch is narrow: {said.why}",))
        return verdict

    def narrowness(
        self, known: Targets, change: Change, loaded: tuple[WarmWorker, TrialRequest] | None = None
    ) -> Narrowness:
        """Whether a change is narrow, as the calls of the targets show it."""
        benches = {id: self._suite.bench_of(id) for id in known.all}
        bench = next((bench for bench in benches.values() if bench.answers("repeat")), None)
        if bench is None:
            return Narrowness(None, "calls can be repeated in Python only")
        own = known.of({case.id for case in known.baseline.cases if self._suite.bench_of(case.id) is bench})
        if loaded is not None:
            worker, candidate = loaded
            with suppress(InfraError):  # a change to what runs during the import needs trees of its own
                return self._compared(own, _Tree(worker, candidate), _Tree(worker))
        try:
            return self._told(bench, own, change)
        except InfraError:
            return Narrowness(None, "the tests could not be loaded once more to repeat their calls, or took too long")

    def _told(self, bench: Bench, known: Targets, change: Change) -> Narrowness:
        """What one worker says that makes the change itself, or two if it cannot: one without it, and one with it."""
        patience_s = min(self._budget.left_s / 4, max(_LEAST_S, _SHARE * 2 * known.baseline.duration_s))
        with closing(WarmWorker(bench, patience_s=patience_s)) as worker:
            base = _Tree(worker)
            if (edits := _edits(change, bench)) is not None:
                with suppress(InfraError):
                    return self._compared(known, _Tree(worker, TrialRequest(0, edits, ())), base)
            with closing(WarmWorker(bench, change, patience_s=patience_s)) as other:
                return self._compared(known, _Tree(other), base)

    def _compared(self, known: Targets, patched: _Tree, base: _Tree) -> Narrowness:
        own = patched.recorded(*self._limits(known))
        pairs = _pairs(own, base.repeated([one.call for one in own]) if own else ())
        asked = patched
        if not own or any(pair.is_new for pair in pairs):
            # The base has no function of that name: those that it has are called by name in the patched tree.
            asked, own = base, base.recorded(*self._limits(known))
            pairs = _pairs(patched.repeated([one.call for one in own]) if own else (), own)
        changed = [one.call for one, pair in zip(own, pairs, strict=True) if pair.changed]
        calls = [one.call for one in (asked.near(changed) if changed else ())]
        near = _pairs(patched.repeated(calls), base.repeated(calls)) if calls else []
        return narrowness_of(pairs, near)

    def _limits(self, known: Targets) -> tuple[TestLimits, TestLimits]:
        """The targets, and some of the tests that pass, with their limits (CPU seconds)."""
        cases = {case.id: case for case in known.baseline.cases}
        passing = [id for id, case in cases.items() if case.outcome is Outcome.PASSED][:_MOST_TESTS]
        limits = {id: self._budget.own_limit_s(cases[id]) for id in (*known.all, *passing)}
        return [(id, limits[id]) for id in known.all], [(id, limits[id]) for id in passing]


def _edits(change: Change, bench: Bench) -> Edits | None:
    """The edits for a worker to make; None if files are made or removed, or if they are none that it loads."""
    runner = bench.part.pack.warm_runner(bench.plan)
    found: dict[str, list[tuple[int, int, bytes]]] = {}
    for path, file in change.files.items():
        if file.before is None or file.after is None or not (runner and path.endswith(runner.suffixes)):
            return None
        found[path] = [difference(file.before, file.after)]
    return found


def _pairs(after: Sequence[Repeated], before: Sequence[Repeated]) -> list[Pair]:
    """Calls with their answers in both trees. Raises `InfraError` if the trees were not asked the same."""
    if [one.call for one in after] != [one.call for one in before]:
        raise InfraError("the warm workers repeated different calls")
    both = zip(after, before, strict=True)
    return [Pair(now.shown, then.word, now.word, then.answer, now.answer) for now, then in both]
