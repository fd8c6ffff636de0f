"""Watching a controller from outside: its CPU time at each request and line, its memory, the time between requests."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.scripted import Account, Answer, Message, serving

_PERIOD_S = 0.02


@dataclass
class Watched:
    """A controller that ran: its CPU time at each request and at each line that it printed, and its memory."""

    requests: list[float] = field(default_factory=list)
    lines: list[tuple[str, float]] = field(default_factory=list)
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    account: Account = field(default_factory=Account)

    @property
    def gap_ms(self) -> float:
        """The median time from an answer to the next request."""
        pairs = zip(self.account.answered, self.account.times[1:], strict=False)
        return statistics.median(came - answered for answered, came in pairs) * 1000

    def line(self, word: str) -> float:
        """The CPU time at the last line with a word in it."""
        return next(cpu_s for line, cpu_s in reversed(self.lines) if word in line)


def cpu_clock(pid: int) -> Callable[[], float]:
    """The CPU time of a process so far, without its children, as the kernel counts it (Linux)."""
    clock = (~pid << 3) | 2  # what clock_getcpuclockid() gives
    return lambda: time.clock_gettime(clock)


def watch(
    command: Callable[[str], Sequence[str]],
    environment: Mapping[str, str],
    answer: Callable[[Sequence[Message]], Answer],
) -> Watched:
    """Run a controller, whose command needs the URL of a model, to its end and watch it."""
    watched, started, ended = Watched(), threading.Event(), threading.Event()
    clocks: list[Callable[[], float]] = []

    def answered(messages: Sequence[Message]) -> Answer:
        started.wait()
        watched.requests.append(clocks[0]())
        return answer(messages)

    with serving(answered, watched.account) as url:
        process = subprocess.Popen(
            command(url), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        clocks.append(cpu_clock(process.pid))
        started.set()
        memory = threading.Thread(target=_sample_memory, args=(process.pid, watched, ended))
        memory.start()
        assert process.stderr is not None
        for line in process.stderr:
            watched.lines.append((line.rstrip(), clocks[0]()))
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        watched.cpu_s = clocks[0]()  # of a process that has ended and is still known
        ended.set()
        memory.join()
    if process.wait():
        raise SystemExit("\n".join(line for line, _ in watched.lines[-40:]))
    return watched


def _sample_memory(pid: int, watched: Watched, ended: threading.Event) -> None:
    """Keep the largest resident size so far, by the kernel's own mark."""
    while not ended.wait(_PERIOD_S):
        try:
            status = Path(f"/proc/{pid}/status").read_text("utf-8")
        except OSError:
            return
        if marks := [line for line in status.splitlines() if line.startswith("VmHWM:")]:
            watched.peak_mb = int(marks[0].split()[1]) / 1024
