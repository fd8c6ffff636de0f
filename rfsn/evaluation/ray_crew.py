"""The workers of an evaluation on a Ray cluster: each node repairs in folders of its own and sends the session back.

A node that is lost costs time: Ray runs its instances again on another one. What models may cost is counted in one
place, an actor on the machine of the evaluation.
"""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from rfsn import __version__
from rfsn.errors import StorageError, UsageError
from rfsn.evaluation.crew import Doing
from rfsn.evaluation.jobs import Job, lost_row
from rfsn.models.purse import Purse, SharedPurse
from sandbox import discard, remove_marked

__all__ = ["LOCAL", "RayCrew"]

LOCAL = "local"
"""The address of a cluster that is begun on this machine, and ends with the evaluation."""

_RETRIES = 3
_REFRESH_S = 2.0

type Row = dict[str, Any]


class Hub:
    """The actor: the purse of all sessions, and what each of them does."""

    def __init__(self, cap_usd: float, spent_usd: float) -> None:
        self._purse = SharedPurse(cap_usd, spent_usd)
        self._steps: dict[str, str] = {}

    def spent(self) -> float:
        """What was spent."""
        return self._purse.spent_usd

    def reserve(self, usd: float) -> bool:
        """Set an amount aside."""
        return self._purse.reserve(usd)

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """A call has cost this."""
        self._purse.settle(reserved_usd, cost_usd)

    def tell(self, id: str, step: str) -> None:
        """An instance is at this step."""
        self._steps[id] = step

    def steps(self, ids: Collection[str]) -> dict[str, str]:
        """What each of these instances was last at; what others were at is forgotten."""
        self._steps = {id: step for id, step in self._steps.items() if id in ids}
        return self._steps


class _Follower:
    """Tells the actor the steps of one instance."""

    def __init__(self, hub: Any, id: str) -> None:
        self._hub, self._id = hub, id

    def tell(self, **message: Any) -> None:
        self._hub.tell.remote(self._id, str(message.get("step", "")))


class _NodePurse:
    """The purse as a session on a node sees it."""

    def __init__(self, hub: Any, cap_usd: float) -> None:
        self.cap_usd = cap_usd
        self._hub = hub

    @property
    def spent_usd(self) -> float:
        return float(ray.get(self._hub.spent.remote()))

    def reserve(self, usd: float) -> bool:
        return bool(ray.get(self._hub.reserve.remote(usd)))

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        ray.get(self._hub.settle.remote(reserved_usd, cost_usd))


class RayCrew:
    """Up to `size` instances at a time on the cluster at `address`, one CPU each."""

    def __init__(self, size: int, purse: Purse | None, address: str) -> None:
        self._size = size
        self._purse = purse
        self._address = address
        self._under_way: dict[Any, Doing] = {}

    def doing(self) -> list[Doing]:
        """What is being done."""
        return list(self._under_way.values())

    def run(self, jobs: Iterator[Job], until: float) -> Generator[Row]:
        """The row of each job as it ends; see `Crew.run`. A session that is interrupted on a node begins anew."""
        own = self._connect()
        hub = self._hub()
        try:
            work = ray.remote(num_cpus=1, max_retries=_RETRIES)(_work)
            while True:
                while len(self._under_way) < self._size and time.monotonic() < until:
                    job = next(jobs, None)
                    if job is None:
                        break
                    packed = _packed(job.folder) if job.resumed else None
                    capped = self._purse is not None
                    self._under_way[work.remote(job.message(), packed, hub, __version__, capped)] = Doing(job)
                if not self._under_way or time.monotonic() >= until:
                    return
                ready, _ = ray.wait(list(self._under_way), timeout=_REFRESH_S)
                self._refresh(hub)
                for task in ready:
                    yield self._row(task, self._under_way.pop(task))
        finally:
            for task in self._under_way:
                ray.cancel(task, force=True)
            with suppress(RayError):
                self._refresh(hub)
            self._under_way.clear()
            if own:
                ray.shutdown()

    def _connect(self) -> bool:
        """Join the cluster; whether this process was not in it before."""
        if ray.is_initialized():
            return False
        try:
            if self._address == LOCAL:
                ray.init(num_cpus=self._size, log_to_driver=False, include_dashboard=False)
            else:
                ray.init(address=self._address, log_to_driver=False)
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"--ray {self._address}: the cluster cannot be joined: {error}") from error
        return True

    def _hub(self) -> Any:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        cap, spent = (self._purse.cap_usd, self._purse.spent_usd) if self._purse else (0.0, 0.0)
        remote: Any = ray.remote  # its stubs know neither this strategy nor more than ten arguments
        return remote(num_cpus=0, scheduling_strategy=here)(Hub).remote(cap, spent)

    def _refresh(self, hub: Any) -> None:
        steps: dict[str, str] = ray.get(hub.steps.remote([doing.job.id for doing in self._under_way.values()]))
        for doing in self._under_way.values():
            doing.step = steps.get(doing.job.id, doing.step)
        if self._purse is not None:
            self._purse.settle(self._purse.spent_usd, ray.get(hub.spent.remote()))

    @staticmethod
    def _row(task: Any, doing: Doing) -> Row:
        """The row of a task that has ended; its session is put where it belongs."""
        job = doing.job
        try:
            row, packed = ray.get(task)
        except StorageError as error:
            return lost_row(job, f"on a node: {error}", time.monotonic() - doing.since)
        except RayError as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            return lost_row(job, f"Ray lost the worker: {said[0]}", time.monotonic() - doing.since)
        if not discard(job.folder):
            remove_marked(job.folder)
        _unpacked(packed, job.folder)
        found: Row = row
        return found | {"session": str(job.folder)}


def _work(
    message: dict[str, Any],
    packed: bytes | None,
    hub: Any,
    version: str,
    capped: bool,  # noqa: FBT001  # Ray's call
) -> tuple[Row, bytes]:
    """On a node: run a job in a folder of the node, and give its row and the packed session."""
    from rfsn.evaluation.instance import run_instance  # noqa: PLC0415  # not in the process that only hands out

    job = Job.of(message)
    with TemporaryDirectory(prefix="rfsn-node-") as scratch:
        folder = Path(scratch) / job.id
        if version != __version__:
            row = lost_row(job, f"a node has rfsn {__version__}, the evaluation {version}: install the same", 0.0)
            return row, _packed(folder)
        if packed is not None:
            _unpacked(packed, folder)
        purse = _NodePurse(hub, job.config.max_cost) if capped else None
        row = run_instance(replace(job, folder=folder), purse, _Follower(hub, job.id))
        return row, _packed(folder)


def _packed(folder: Path) -> bytes:
    """A session's folder as an archive; an empty one, if there is none."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        if folder.is_dir():
            archive.add(folder, arcname=".")
    return content.getvalue()


def _unpacked(packed: bytes, folder: Path) -> None:
    """Put an archive of a node into a new folder. The links in it are the repository's, and are not followed."""
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        archive.extractall(folder, filter="tar")
