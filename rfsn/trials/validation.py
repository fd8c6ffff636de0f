"""Judging candidates: warm workers find the few that pass, cold runs confirm them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Self

from buildpacks.warm import Tried
from rfsn.trials.worker import Limits, Trial, WarmWorker

__all__ = ["Judged", "Pool"]

_CHUNKS_PER_WORKER = 2
_LEAST_CHUNK, _LARGEST_CHUNK = 8, 64
_LETTERS = {"passed": "p", "timeout": "t", "invalid": "i", "crashed": "x"}


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate's letter (see `planners.state.Batch`); for `s`, the targets that it repairs.

    `tried` is what a warm worker said of it, and `behaviour`, for `p`, what it does with inputs that no test has.
    """

    index: int
    letter: str
    fixed: tuple[str, ...] = ()
    tried: Tried | None = field(default=None, compare=False)
    behaviour: tuple[str, ...] = ()


class Pool:
    """Several warm workers that try candidates side by side. Results do not depend on how many there are."""

    def __init__(self, workers: Sequence[WarmWorker]) -> None:
        self._workers = tuple(workers)

    def plan(self, targets: Limits, tests: Limits) -> None:
        """Set the targets and the other tests of every worker."""
        for worker in self._workers:
            worker.plan(targets, tests)

    def judge(self, candidates: Sequence[Trial], confirm: Callable[[int], bool], deadline: float) -> list[Judged]:
        """Judge candidates until the first that passes everything and that `confirm` (a cold run) agrees on, in order.

        Candidates are handed out in chunks. A worker ends its chunk early after `deadline` (on the monotonic clock),
        and once a candidate before those that it is at was confirmed. The answer covers every candidate up to the
        first confirmed one.
        """
        trials = {one.index: one for one in candidates}
        wanted = len(candidates) // (_CHUNKS_PER_WORKER * len(self._workers))
        size = min(max(wanted, _LEAST_CHUNK), _LARGEST_CHUNK)
        chunks: SimpleQueue[Sequence[Trial]] = SimpleQueue()
        for start in range(0, len(candidates), size):
            chunks.put(candidates[start : start + size])
        judged: dict[int, Judged] = {}
        confirmed: dict[int, tuple[WarmWorker, Trial]] = {}
        broken = False

        def over(index: int) -> bool:
            return broken or time.monotonic() >= deadline or any(index > one for one in confirmed)

        def work(worker: WarmWorker) -> None:
            while True:
                try:
                    chunk = chunks.get_nowait()
                except Empty:
                    return
                if over(chunk[0].index):
                    return
                with closing(worker.judge(chunk)) as answers:
                    for tried in answers:
                        judged[tried.index] = one = _judged(tried, confirm)
                        if one.letter == "p":
                            confirmed[tried.index] = worker, trials[tried.index]
                        if over(tried.index + 1):
                            break

        if len(self._workers) == 1:
            work(self._workers[0])
        else:
            with ThreadPoolExecutor(len(self._workers), thread_name_prefix="validator") as pool:
                try:
                    for done in [pool.submit(copy_context().run, work, worker) for worker in self._workers]:
                        done.result()
                finally:
                    broken = True
        found = list(_until_first_plausible([one.index for one in candidates], judged))
        if found and found[-1].index in confirmed:
            worker, trial = confirmed[found[-1].index]
            found[-1] = replace(found[-1], behaviour=worker.observe(trial))
        return found

    def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _judged(tried: Tried, confirm: Callable[[int], bool]) -> Judged:
    letter = _LETTERS.get(tried.outcome, "f")
    if letter == "p" and tried.fixed is not None:
        letter = "s"
    elif letter == "p" and not confirm(tried.index):
        letter = "c"
    return Judged(tried.index, letter, tried.fixed or (), tried)


def _until_first_plausible(order: Sequence[int], judged: Mapping[int, Judged]) -> Iterator[Judged]:
    for index in order:
        if index not in judged:
            return
        yield judged[index]
        if judged[index].letter == "p":
            return
