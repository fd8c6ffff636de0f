"""The controller's side of a warm runner: starting it, asking it, interrupting it and ending it."""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from buildpacks import CaseTrace
from buildpacks.warm import (
    Behaviour,
    Edits,
    Planned,
    ProtocolError,
    Ready,
    Repeated,
    WarmResult,
    decode_behaviour,
    decode_planned,
    decode_ready,
    decode_repeated,
    decode_result,
    decode_spent,
    decode_trace,
    encode_end,
    encode_observe,
    encode_plan,
    encode_recorded,
    encode_repeat,
    encode_spent,
    encode_trace,
    encode_try,
    is_end,
)
from gate import Change
from rfsn.errors import InfraError
from rfsn.machine.log import log
from rfsn.trials.bench import Bench, Workspace
from sandbox import Command, Process

__all__ = ["TestLimits", "TrialPlan", "TrialRequest", "WarmWorker"]

type TestLimits = Sequence[tuple[str, float]]
"""Tests in the order to run them, each with the CPU seconds that it may use."""

_START_TIMEOUT_S = 120.0
_LEAVE_S = 0.5
_OBSERVATION_S = 30.0
_MAX_ANSWER_BYTES = 256 << 20


class _WorkerDied(Exception):
    """The worker closed its pipe, was too slow to answer, or answered nonsense."""


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """A candidate to try; if all `probes`, which are targets, fail under it, nothing else is run.

    If it is tried `afresh`, what the changed code does while the tests are loaded counts in any case.
    """

    index: int
    files: Edits
    probes: tuple[str, ...]
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The targets that candidates should repair, and the tests that they must not break.

    `change` is applied to the tree first; it does not touch the files that candidates edit.
    """

    targets: TestLimits
    tests: TestLimits
    change: Change | None = None


class WarmWorker:
    """One warm runner in a workspace of its own; started at the first use, and again after it died."""

    def __init__(
        self, bench: Bench, change: Change | None = None, *, screen: bool = True, patience_s: float = _START_TIMEOUT_S
    ) -> None:
        """The part of the bench must have a warm runner.

        `change` is applied to the workspace; the edits of trials are on the base, so they need a worker without one.

        Without `screen`, each candidate gets a process of its own from the start: slower, with the same outcomes.
        `patience_s` is how long the start may take.
        """
        runner = bench.part.pack.warm_runner(bench.plan)
        assert runner is not None
        self._bench = bench
        self._part = bench.part
        self._runner = runner
        self._change = change
        self._screen = screen
        self._patience_s = patience_s
        self._targets: TestLimits = ()
        self._tests: TestLimits = ()
        self._workspace: Workspace | None = None
        self._process: Process | None = None
        self._ready = Ready(frozenset(), 0)
        self._planned = Planned(0)
        self._unread = b""
        self._interrupted = False

    def ready(self) -> Ready:
        """What the worker found, starting it if it is not running. Raises `InfraError` if it cannot start."""
        if self._process is None:
            self._start()
        return self._ready

    def planned(self) -> Planned:
        """What the worker can do with the plan, starting it if it is not running."""
        self.ready()
        return self._planned

    def trace(
        self, tests: Iterable[tuple[str, float]], kinds: Collection[str] = (), deadline: float = math.inf
    ) -> Iterator[CaseTrace]:
        """Trace tests, each with its CPU limit; tests that the worker cannot trace are left out.

        Those in `kinds` also tell what kinds of values the variables have. None is begun after the `deadline` (on the
        monotonic clock).
        """
        for id, limit in tests:
            if time.monotonic() > deadline:
                return
            try:
                request = encode_trace(self._own(id), limit, kinds=id in kinds)
                trace = decode_trace(self._ask(request, _patience(limit)))
                yield self._part.trace(replace(trace, parsed=self._part.pack.case_id(trace.id)))
            except (_WorkerDied, ProtocolError):
                self.close()

    def plan(self, plan: TrialPlan) -> None:
        """Set the targets and tests that candidates are tried with."""
        self._targets, self._tests, self._change = plan.targets, plan.tests, plan.change
        self.close()

    def try_out(self, candidates: Sequence[TrialRequest]) -> Generator[WarmResult]:
        """Try candidates in order. One that takes the worker down has the outcome `crashed`.

        Closing the iterator early interrupts the worker, which would otherwise continue with the rest.
        """
        left = list(candidates)
        together = self._screen
        try:
            while left:
                asked = left if together else left[:1]
                try:
                    named = [
                        (trial.index, self._files(trial), [*map(self._own, trial.probes)], trial.afresh)
                        for trial in asked
                    ]
                    self._send(encode_try(named, screen=together))
                    for trial in list(asked):
                        tried = self._receive_result(trial.index)
                        left.pop(0)
                        yield tried
                except (_WorkerDied, ProtocolError):
                    self.close()
                    if not together:
                        yield WarmResult(left.pop(0).index, "crashed")
                    together = False  # trying each alone shows which one it was
        finally:
            if left:
                self._interrupt()

    def observe(self, candidate: TrialRequest) -> Behaviour:
        """The behaviour of a candidate on inputs that no test has; empty if unknown."""
        if "observe" not in self._runner.operations:
            return Behaviour()
        try:
            return decode_behaviour(self._ask(encode_observe(self._files(candidate)), _OBSERVATION_S))
        except (_WorkerDied, ProtocolError):
            self.close()
            return Behaviour()

    def recorded(
        self, targets: TestLimits, tests: TestLimits, candidate: TrialRequest | None = None
    ) -> tuple[Repeated, ...]:
        """The calls that tests make, and what comes of them in this tree, or in that of a candidate.

        Raises `InfraError` if it cannot be said, here and in `repeated`.
        """
        self.ready()
        own_targets, own_tests = ([(self._own(id), limit) for id, limit in limits] for limits in (targets, tests))
        return self._repeated(encode_recorded(own_targets, own_tests, self._edits(candidate)))

    def repeated(
        self, calls: Sequence[str], *, near: bool = False, candidate: TrialRequest | None = None
    ) -> tuple[Repeated, ...]:
        """What comes of calls in this tree, or in that of a candidate, or of new calls `near` them."""
        self.ready()
        return self._repeated(encode_repeat(calls, near=near, files=self._edits(candidate)))

    def _repeated(self, request: bytes) -> tuple[Repeated, ...]:
        try:
            return decode_repeated(self._ask(request, self._patience_s))
        except (_WorkerDied, ProtocolError) as error:
            self.close()
            raise InfraError(f"the warm worker repeats no calls: {error}") from error

    def spent(self) -> Mapping[str, float]:
        """Where the time of the candidates went since the plan was set: seconds by kind; empty if it is unknown."""
        try:
            return decode_spent(self._ask(encode_spent(), _OBSERVATION_S)) if self._process else {}
        except (_WorkerDied, ProtocolError):
            self.close()
            return {}

    def close(self) -> None:
        """End the process and remove its workspace."""
        self._interrupted = False
        if self._process is not None:
            self._let_go(self._process)
            self._bench.meter.add(self._bench.provider.name, "spawn", self._process.kill())
            self._process = None
        if self._workspace is not None:
            self._workspace.__exit__()
            self._workspace = None

    def _let_go(self, process: Process) -> None:
        """Close the worker's pipe and give it a moment to exit: the CPU time of a killed process is not counted."""
        try:
            process.stdin.close()
            descriptor = process.stdout.fileno()
            while select.select([descriptor], [], [], _LEAVE_S)[0] and os.read(descriptor, 1 << 16):
                pass
        except OSError:
            return

    def _start(self) -> Process:
        self._workspace = Workspace(self._bench, self._change, self._runner.mounts)
        sandbox = self._workspace.__enter__()
        self._process = sandbox.spawn(Command(self._runner.argv, timeout_s=24 * 3600.0, env=self._bench.variables))
        self._unread = b""
        try:
            self._ready = self._translated(decode_ready(self._receive(self._patience_s)))
            if self._targets:
                targets, tests = (
                    [(self._own(id), limit) for id, limit in limits] for limits in (self._targets, self._tests)
                )
                self._send(encode_plan(targets, tests))
                self._planned = decode_planned(self._receive(self._patience_s))
                log.info("warm worker", **asdict(self._planned))
        except (_WorkerDied, ProtocolError) as error:
            output = self._process.kill().stderr.decode(errors="replace").strip()
            self._process = None
            raise InfraError(f"the warm worker cannot start: {error}\n{output[-1000:]}") from error
        return self._process

    def _own(self, id: str) -> str:
        """The runner's own id for a test, which may be text that we cannot store."""
        return self.ready().own.get(id) or self._part.own_id(id) or id

    def _files(self, candidate: TrialRequest) -> Edits:
        """The edits of a candidate by the runner's paths, which are relative to the part's root."""
        return {self._part.own_path(path) or path: edits for path, edits in candidate.files.items()}

    def _edits(self, candidate: TrialRequest | None) -> Edits:
        return self._files(candidate) if candidate is not None else {}

    def _translated(self, ready: Ready) -> Ready:
        """What the runner found, in terms of the whole repository."""
        part = self._part
        own = {part.id(id): raw for id, raw in ready.own.items()}
        return replace(ready, ids=frozenset(map(part.id, ready.ids)), imported=part.paths(ready.imported), own=own)

    def _ask(self, request: bytes, patience_s: float) -> bytes:
        self._send(request)
        return self._receive(patience_s)

    def _receive_result(self, index: int) -> WarmResult:
        tried = decode_result(self._receive(self._longest_s()))
        if tried.index != index:
            raise ProtocolError(f"an answer for candidate {tried.index}, not {index}")
        part = self._part
        fixed = None if tried.fixed is None else tuple(map(part.id, tried.fixed))
        return replace(tried, id=part.id(tried.id) if tried.id else "", fixed=fixed)

    def _interrupt(self) -> None:
        """Make the worker stop where it is; answers still to come are dropped before the next request."""
        if self._process is not None:
            try:
                self._send(encode_end())
                self._interrupted = True
            except _WorkerDied:
                self.close()

    def _drop_stale_answers(self) -> None:
        try:
            while not is_end(self._receive(self._longest_s())):
                pass
            self._interrupted = False
        except _WorkerDied:
            self.close()

    def _send(self, data: bytes) -> None:
        if self._interrupted:
            self._drop_stale_answers()
        process = self._process or self._start()
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except OSError as error:
            raise _WorkerDied("it closed its pipe") from error

    def _longest_s(self) -> float:
        """How long the answer for one candidate may take."""
        return _patience(sum(limit for _, limit in (*self._targets, *self._tests)))

    def _receive(self, patience_s: float) -> bytes:
        """One line from the worker, which may take `patience_s` seconds."""
        assert self._process is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._unread:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise _WorkerDied(f"no answer within {patience_s:.0f} s")
            part = os.read(descriptor, 1 << 16)
            if not part:
                raise _WorkerDied("it ended")
            self._unread += part
            if len(self._unread) > _MAX_ANSWER_BYTES:
                raise _WorkerDied("its answer has no end")
        line, self._unread = self._unread.split(b"\n", 1)
        return line


def _patience(limit_s: float) -> float:
    """How long an answer may take: the worker enforces the limit itself; this is for a worker that hangs."""
    return 30.0 + 10.0 * limit_s
