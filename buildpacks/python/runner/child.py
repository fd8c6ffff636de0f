"""Forked children that answer once: hard limits around them, one line of JSON from them, nothing left of them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import select
import signal
import time
from typing import Any, Callable, Dict, List, NoReturn, Tuple

from .limits import wall

KILLED_BY_LIMIT = (signal.SIGXCPU, signal.SIGPROF, signal.SIGALRM, signal.SIGVTALRM)
"""The signals by which a process dies that used up its time."""


def in_child(work: Callable[[int], Dict[str, Any]], limit: float) -> Tuple[Dict[str, Any], bytes]:
    """Fork; the child answers with `work(out)`. Return the answer, and what the child wrote to `out` before it.

    `limit` is CPU seconds for the child as a whole. A child that dies without an answer gives the outcome `timeout`
    where a limit ended it, else `crashed`.
    """
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        os.close(reading)
        answer_and_exit(work, writing, limit)
    os.close(writing)
    return watch(child, reading, limit)


def answer_and_exit(work: Callable[[int], Dict[str, Any]], writing: int, limit: float) -> NoReturn:
    """In the child: do the work under hard limits, send the answer, and leave without any clean-up."""
    myself = os.getpid()
    seconds = int(limit) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    try:
        answer = work(writing)
        if os.getpid() == myself:  # else it is a child that the tests forked and let return
            send(writing, b"\n" + json.dumps(answer).encode())
    finally:
        os._exit(0)


def fork() -> int:
    """As `os.fork`; the child leads a group that can be killed, its stderr is nobody's, `random` goes on as it was.

    Python seeds `random` anew in every fork; a tree that seeds it while it is imported counts on what comes then.
    """
    state = random.getstate()
    child = os.fork()
    if child == 0:
        random.setstate(state)
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
    return child


def send(writing: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(writing, data) :]


def watch(child: int, reading: int, limit: float) -> Tuple[Dict[str, Any], bytes]:
    """In the parent: read what the child writes until it closes its pipe or runs out of wall-clock time."""
    deadline = time.monotonic() + wall(limit) + 1.0
    parts: List[bytes] = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(reading, 1 << 16) if ready else b""
        late = not ready
        if not part:
            break
        parts.append(part)
    os.close(reading)
    signalled = reap(child)
    written, _, last = b"".join(parts).rpartition(b"\n")
    try:
        answer: Dict[str, Any] = json.loads(last)
    except ValueError:
        answer = {"outcome": "timeout" if late or signalled in KILLED_BY_LIMIT else "crashed"}
    return answer, written


def reap(child: int) -> int:
    """End a child and its group; give the signal that it died by, 0 where it left by itself."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    _, status, _ = os.wait4(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
