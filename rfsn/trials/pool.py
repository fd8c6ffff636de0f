"""Lanes that try candidates in parallel, each with warm workers of its own if packs have warm runners."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from contextvars import copy_context
from threading import Lock
from typing import Self

from planners.trial import Trial, TrialOutcome
from rfsn.trials.worker import TrialPlan, WarmWorker

__all__ = ["Lane", "Pool", "Work"]

_CHUNKS_PER_LANE = 2
_LEAST_CHUNK, _LARGEST_CHUNK = 8, 64
_CHUNK_S = 1.0
"""How long a chunk should take, by the one before."""

_ALONE_S = 1.5
"""How long the first lane works alone in a session: a further one takes about half a second of CPU time to start."""

type Lane = Mapping[str, WarmWorker]
"""The warm workers of a lane, one for each part of the repository that has a warm runner, by the prefix of its ids."""

type Work = Callable[[Lane, Sequence[int]], Generator[Trial]]
"""Tries the candidates with these numbers in one lane, in order. It may be closed early."""


class Pool:
    """The lanes of a session. Results do not depend on how many there are."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = tuple(lanes)
        self._worked_s = 0.0

    def plan(self, part: str, plan: TrialPlan) -> None:
        """Set the plan of a part's worker, in every lane."""
        for lane in self._lanes:
            lane[part].plan(plan)

    def run(self, indexes: Sequence[int], work: Work, deadline: float) -> list[Trial]:
        """Try candidates in order, up to the first plausible one.

        They are handed out in chunks of about the same time. A lane ends its chunk early after `deadline` (on the
        monotonic clock), or once an earlier candidate is plausible. The answer covers every candidate up to the first
        plausible one, or up to the deadline.
        """
        chunks = _Chunks(indexes, len(indexes) // (_CHUNKS_PER_LANE * len(self._lanes)))
        evaluated: dict[int, Trial] = {}
        plausible: set[int] = set()
        broken = False

        def over(index: int) -> bool:
            return broken or time.monotonic() >= deadline or any(index > earlier for earlier in plausible)

        def run(lane: Lane) -> None:
            size = _LEAST_CHUNK
            while chunk := chunks.take(size):
                if over(chunk[0]):
                    return
                began = time.monotonic()
                with closing(work(lane, chunk)) as answers:
                    for result in answers:
                        evaluated[result.index] = result
                        if result.outcome is TrialOutcome.PLAUSIBLE:
                            plausible.add(result.index)
                        if over(result.index + 1):
                            break
                size = _fitting(len(chunk), time.monotonic() - began)

        if len(self._lanes) == 1:
            run(self._lanes[0])
        else:
            began = time.monotonic()
            with ThreadPoolExecutor(len(self._lanes), thread_name_prefix="trials") as pool:
                try:
                    first, *others = self._lanes
                    working = [pool.submit(copy_context().run, run, first)]
                    alone = wait(working, max(0.0, _ALONE_S - self._worked_s)).done
                    working += [pool.submit(copy_context().run, run, lane) for lane in others if not alone]
                    for done in working:
                        done.result()
                finally:
                    broken = True
            self._worked_s += time.monotonic() - began
        return [*_until_first_plausible(indexes, evaluated)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker."""
        for lane in self._lanes:
            for worker in lane.values():
                worker.close()


class _Chunks:
    """Hands out consecutive numbers to any thread."""

    def __init__(self, indexes: Sequence[int], share: int) -> None:
        """No lane gets more at once than its `share`, so that all have something to do until the end."""
        self._indexes = indexes
        self._most = max(share, _LEAST_CHUNK)
        self._at = 0
        self._lock = Lock()

    def take(self, size: int) -> Sequence[int]:
        """The next numbers, this many if there are; none at the end."""
        with self._lock:
            start = self._at
            self._at += min(size, self._most)
            return self._indexes[start : self._at]


def _fitting(size: int, taken_s: float) -> int:
    """How large a chunk should be if one of that size has taken that long."""
    return min(max(int(size * _CHUNK_S / max(taken_s, 0.001)), _LEAST_CHUNK), _LARGEST_CHUNK)


def _until_first_plausible(indexes: Sequence[int], evaluated: Mapping[int, Trial]) -> Iterator[Trial]:
    for index in indexes:
        if index not in evaluated:
            return
        yield evaluated[index]
        if evaluated[index].outcome is TrialOutcome.PLAUSIBLE:
            return
