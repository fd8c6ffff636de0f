"""Lanes that try candidates side by side, each with a warm worker of its own where the pack has a warm runner."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Self

from planners.trial import Evaluated, TrialOutcome
from rfsn.trials.worker import Limits, WarmWorker

__all__ = ["Pool", "Work"]

_CHUNKS_PER_LANE = 2
_LEAST_CHUNK, _LARGEST_CHUNK = 8, 64

type Work = Callable[[WarmWorker | None, Sequence[int]], Generator[Evaluated]]
"""Tries the candidates with these numbers in one lane, in order. It may be closed early."""


class Pool:
    """The lanes of a session. Results do not depend on how many there are."""

    def __init__(self, workers: Sequence[WarmWorker | None]) -> None:
        self._workers = tuple(workers)

    def plan(self, targets: Limits, tests: Limits) -> None:
        """Set the targets and the other tests of every worker."""
        for worker in self._workers:
            if worker is not None:
                worker.plan(targets, tests)

    def run(self, indexes: Sequence[int], work: Work, deadline: float) -> list[Evaluated]:
        """Try candidates in order, up to the first plausible one.

        They are handed out in chunks. A lane ends its chunk early after `deadline` (on the monotonic clock), and once a
        candidate before those that it is at is plausible. The answer covers every candidate up to the first plausible
        one, or up to where the time was over.
        """
        wanted = len(indexes) // (_CHUNKS_PER_LANE * len(self._workers))
        size = min(max(wanted, _LEAST_CHUNK), _LARGEST_CHUNK)
        chunks: SimpleQueue[Sequence[int]] = SimpleQueue()
        for start in range(0, len(indexes), size):
            chunks.put(indexes[start : start + size])
        evaluated: dict[int, Evaluated] = {}
        plausible: set[int] = set()
        broken = False

        def over(index: int) -> bool:
            return broken or time.monotonic() >= deadline or any(index > one for one in plausible)

        def lane(worker: WarmWorker | None) -> None:
            while True:
                try:
                    chunk = chunks.get_nowait()
                except Empty:
                    return
                if over(chunk[0]):
                    return
                with closing(work(worker, chunk)) as answers:
                    for one in answers:
                        evaluated[one.index] = one
                        if one.outcome is TrialOutcome.PLAUSIBLE:
                            plausible.add(one.index)
                        if over(one.index + 1):
                            break

        if len(self._workers) == 1:
            lane(self._workers[0])
        else:
            with ThreadPoolExecutor(len(self._workers), thread_name_prefix="trials") as pool:
                try:
                    for done in [pool.submit(copy_context().run, lane, worker) for worker in self._workers]:
                        done.result()
                finally:
                    broken = True
        return [*_until_first_plausible(indexes, evaluated)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            if worker is not None:
                worker.close()


def _until_first_plausible(indexes: Sequence[int], evaluated: Mapping[int, Evaluated]) -> Iterator[Evaluated]:
    for index in indexes:
        if index not in evaluated:
            return
        yield evaluated[index]
        if evaluated[index].outcome is TrialOutcome.PLAUSIBLE:
            return
