"""The quick tier: candidates tried one after another in one process, to find those that fail.

Each process is a *screener* (`screener`), a fork of the server that answers only for candidates that fail; a
candidate that passes is tried again in a fork of its own. A screener sends its answers in groups. If it ended early
because a candidate left something behind, a new one continues. A candidate that ends its screener in any way except by
using up its CPU time has no answer.
"""

import json
import os
import select
import time
from typing import Iterator, List, Sequence, Tuple

from .child import KILLED_BY_LIMIT, fork, reap
from .limits import wall
from .screen import Answer, Candidate, Screen
from .screener import Place, Screener

_FAILING = frozenset({"failed", "error", "skipped", "xfailed", "xpassed", "timeout", "missing", "invalid"})


def tried(screen: Screen, candidates: Sequence[Candidate]) -> Iterator[Answer]:
    """An answer for each candidate, in order."""
    start, end = 0, len(candidates)
    fatal: Answer = None
    while start < len(candidates):
        if start == end:  # the candidate that killed its screener
            yield fatal
            start, end = start + 1, len(candidates)
            continue
        begun = start
        place = Place()
        child, reading = _forked(screen, candidates[start:end], place)
        signalled = 0
        try:
            for answers in _answers(screen, reading, place, end - start):
                start += len(answers)
                yield from answers
        finally:
            os.close(reading)
            signalled = reap(child)
        last = begun + place.candidate
        if start == begun:  # whatever its place says, it did not finish even the first
            last = min(max(last, start), end - 1)
        if start <= last < end:
            end = last
            fatal = {"outcome": "timeout", "id": ""} if signalled in KILLED_BY_LIMIT else None


def _forked(screen: Screen, candidates: Sequence[Candidate], place: Place) -> Tuple[int, int]:
    reading, writing = os.pipe()
    began = time.monotonic()
    child = fork()
    if child == 0:
        os.close(reading)
        Screener(screen, writing, place).run(candidates, began)
    os.close(writing)
    return child, reading


def _answers(screen: Screen, reading: int, place: Place, wanted: int) -> Iterator[List[Answer]]:
    """Groups of answers, until the screener ends, is stuck or sends something invalid."""
    silence = 2.0 + max(wall(limit) for _, limit in screen.screened.values())
    unread = b""
    while True:
        before = place.read()
        if not select.select([reading], [], [], silence)[0]:
            if place.read() == before:
                return
            continue
        part = os.read(reading, 1 << 16)
        if not part:
            return
        *lines, unread = (unread + part).split(b"\n")
        for line in lines:
            answers = _decoded(line, wanted)
            if not answers:
                return
            wanted -= len(answers)
            yield answers


def _decoded(line: bytes, wanted: int) -> List[Answer]:
    """A group of answers; empty if it is not from a screener. A screener never reports that a candidate passes."""
    try:
        answers = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if type(answers) is not list or len(answers) > wanted:
        return []
    return [answer if type(answer) is dict and answer.get("outcome") in _FAILING else None for answer in answers]
