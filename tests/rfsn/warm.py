"""Trying candidates in warm workers only, without a planner and a gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from gate import Candidate
from planners.trial import Trial, TrialOutcome
from rfsn.trials.evaluate import warm_outcome
from rfsn.trials.pool import Lane, Pool
from rfsn.trials.worker import TrialRequest, WarmWorker

NOTHING = Candidate((), "", "", 0.0)


def pooled(workers: Sequence[WarmWorker]) -> Pool:
    """A lane for each worker of a repository with one part."""
    return Pool([{"": worker} for worker in workers])


def run(
    pool: Pool, trials: Sequence[TrialRequest], confirm: Callable[[int], bool] = lambda _: False, seconds: float = 120
) -> list[Trial]:
    """The outcomes of trials up to the first that passes all targets and that `confirm` accepts."""
    numbered = {one.index: one for one in trials}

    def work(lane: Lane, indexes: Sequence[int]) -> Generator[Trial]:
        with closing(lane[""].try_out([numbered[index] for index in indexes])) as answers:
            for tried in answers:
                outcome = warm_outcome(tried)
                if outcome is TrialOutcome.PLAUSIBLE and not confirm(tried.index):
                    outcome = TrialOutcome.UNCONFIRMED
                yield Trial(tried.index, NOTHING, outcome, tried.fixed or ())

    return pool.run([*numbered], work, time.monotonic() + seconds)


def letters(evaluated: Sequence[Trial]) -> str:
    """The outcomes in order; a candidate that passes is plausible, whether or not it was confirmed."""
    return "".join(one.outcome for one in evaluated).replace(TrialOutcome.UNCONFIRMED, TrialOutcome.PLAUSIBLE)
