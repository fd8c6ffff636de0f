"""The workers of an evaluation on this machine: processes, each with one instance at a time.

A worker that is killed, for its memory for example, costs its instance and nothing else.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from rfsn.errors import StorageError
from rfsn.evaluation.jobs import Job, lost_row
from rfsn.models.purse import Purse

__all__ = ["WORKER", "Crew", "Doing"]

WORKER = (sys.executable, "-P", "-c", "from rfsn.evaluation.worker import main; main()")
"""The command of a worker; it gets the number of its descriptor."""

_GRACE_S = 30.0
"""How long workers may take to write down where they are, when an evaluation stops."""
_MOST_TOLD = 200

type Row = dict[str, Any]


@dataclass(slots=True)
class Doing:
    """What a worker does: an instance since some time (`time.monotonic`), and its step in words."""

    job: Job
    since: float = field(default_factory=time.monotonic)
    step: str = ""
    """Empty until the worker has begun."""

    @property
    def name(self) -> str:
        """The id of the instance."""
        return self.job.id


class _Worker:
    """A process and the connection to it."""

    def __init__(self, command: Sequence[str]) -> None:
        ours, its = socket.socketpair()
        with its:
            # A session of its own: Ctrl-C on the terminal reaches the evaluation alone, which tells its workers.
            self.process = subprocess.Popen(
                [*command, str(its.fileno())],
                pass_fds=(its.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what the evaluation prints there, programs read
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        self.doing: Doing | None = None

    def send(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # it is dead: reading says so
            self.connection.send_bytes(json.dumps(message).encode())

    def receive(self) -> dict[str, Any] | None:
        """The next message; none if the process has ended."""
        try:
            message: dict[str, Any] = json.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            return None
        return message

    def ended(self) -> str:
        """How the process ended, in words."""
        self.connection.close()
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "the worker was killed, as a machine does that is out of memory: fewer --workers need less"
        return f"the worker ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"


class Crew:
    """Up to `size` workers. `purse` is what models may cost in all of their sessions."""

    def __init__(self, size: int, purse: Purse | None = None, command: Sequence[str] = WORKER) -> None:
        self._size = size
        self._purse = purse
        self._command = command
        self._workers: list[_Worker] = []

    def doing(self) -> list[Doing]:
        """What the workers are doing."""
        return [worker.doing for worker in self._workers if worker.doing is not None]

    def run(self, jobs: Iterator[Job], until: float = float("inf")) -> Generator[Row]:
        """The row of each job as it ends; a job is taken when a worker is free, none after `until` (`time.monotonic`).

        When it is closed, by an interrupt for example, sessions under way write down where they are. Raises
        `StorageError` if the disk is full.
        """
        try:
            while True:
                if time.monotonic() < until:
                    self._hand_out(jobs)
                busy = [worker for worker in self._workers if worker.doing is not None]
                if not busy or time.monotonic() >= until:
                    return
                left = None if until == float("inf") else max(0.0, until - time.monotonic())
                ready = wait([worker.connection for worker in busy], left)
                for worker in [worker for worker in busy if worker.connection in ready]:
                    row = self._heard(worker)
                    if row is not None:
                        yield row
        finally:
            self._stop()

    def _hand_out(self, jobs: Iterator[Job]) -> None:
        idle = [worker for worker in self._workers if worker.doing is None]
        while idle or len(self._workers) < self._size:
            job = next(jobs, None)
            if job is None:
                return
            if not idle:
                idle.append(_Worker(self._command))
                self._workers.append(idle[0])
            worker = idle.pop()
            worker.doing = Doing(job)
            worker.send(job.message())

    def _heard(self, worker: _Worker) -> Row | None:
        """Act on what a worker says; the row, if its job has ended."""
        assert worker.doing is not None
        job, since = worker.doing.job, worker.doing.since
        match worker.receive():
            case None:
                self._workers.remove(worker)
                worker.doing = None
                return lost_row(job, worker.ended(), time.monotonic() - since)
            case {"row": dict() as row}:
                worker.doing = None
                return row
            case {"step": str() as step}:
                worker.doing.step = step[:_MOST_TOLD]
            case {"full": str() as reason}:
                worker.doing = None
                raise StorageError(reason)
            case {"stopped": True}:
                worker.doing = None
            case message if self._purse is not None:
                self._pay(worker, self._purse, message)
        return None

    @staticmethod
    def _pay(worker: _Worker, purse: Purse, message: dict[str, Any] | None) -> None:
        match message:
            case {"reserve": usd}:
                worker.send({"granted": purse.reserve(usd)})
            case {"settle": [reserved, cost]}:
                purse.settle(reserved, cost)
            case {"spent": True}:
                worker.send({"usd": purse.spent_usd})

    def _stop(self) -> None:
        """End all workers: those at work are interrupted, and killed if they take too long."""
        for worker in self._workers:
            if worker.doing is not None and worker.doing.step:
                worker.process.send_signal(signal.SIGINT)
            elif worker.doing is not None:
                worker.process.kill()
        try:
            self._let_finish(time.monotonic() + _GRACE_S)
        finally:
            for worker in self._workers:
                worker.connection.close()
                if worker.doing is not None:
                    worker.process.kill()
            for worker in self._workers:
                worker.process.wait()
            self._workers.clear()

    def _let_finish(self, until: float) -> None:
        while busy := [worker for worker in self._workers if worker.doing is not None]:
            ready = wait([worker.connection for worker in busy], max(0.0, until - time.monotonic()))
            if not ready:
                return
            for worker in [worker for worker in busy if worker.connection in ready]:
                with suppress(StorageError):
                    self._heard(worker)
