"""Rows graded in threads: each row's environment is made once, whatever is graded on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path

from rfsn.config import Config
from rfsn.errors import RfsnError, StorageError
from rfsn.evaluation.grading.folder import Folder, Job
from rfsn.evaluation.grading.grader import Grade, opened_grader
from rfsn.evaluation.grading.rows import Row
from rfsn.evaluation.view import View
from rfsn.machine.log import bound, log
from rfsn.machine.text import one_line
from rfsn.sessions.outcome import EXIT_CODES
from sandbox import SandboxError

__all__ = ["Threads", "label"]

_GRACE_S = 30.0
"""How long tests that run may take to end when a grading stops."""
_AT_ONCE = "two more Ctrl-C end it at once, and the same command goes on"


@dataclass(slots=True)
class _Doing:
    """What a thread does: with which row, since when (`time.monotonic`), and its step in words."""

    name: str
    since: float = field(default_factory=time.monotonic)
    step: str = "makes the environment"


class Threads:
    """So many threads, each with one row at a time, whose grades go to a folder."""

    def __init__(self, workers: int, folder: Folder, config: Config, repos: Path | None) -> None:
        self._workers, self._folder, self._config, self._repos = workers, folder, config, repos
        self._stop = threading.Event()
        self._doing: dict[int, _Doing] = {}

    def doing(self) -> list[_Doing]:
        """What the threads are doing."""
        return list(self._doing.values())

    def run(self, todo: Sequence[tuple[Row, list[tuple[Job, str]]]], view: View) -> None:
        """Grade the patches on each row. After an interrupt, tests that run may end; nothing else is begun."""
        with self._pool() as futures_of:
            futures = [futures_of.submit(copy_context().run, self._run, row, jobs, view) for row, jobs in todo]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException as error:
                self._stop.set()
                if isinstance(error, KeyboardInterrupt):
                    view.tell(
                        f"stopping: tests that run have {_GRACE_S:.0f} s to end; {_AT_ONCE}; grades so far: "
                        f"{self._folder.path}"
                    )
                    _let_finish(futures)
                raise

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that are waited for when the block ends, unless the user does not want to: sandboxes end with us."""
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="grading")
        try:
            yield pool
        finally:
            try:
                pool.shutdown()
            except KeyboardInterrupt:
                _leave()

    def _run(self, row: Row, jobs: Sequence[tuple[Job, str]], view: View) -> None:
        if self._stop.is_set():
            return
        doing = self._doing[threading.get_ident()] = _Doing(row.id)
        try:
            with bound(instance=row.id):
                self._grade(row, jobs, doing, view)
        finally:
            del self._doing[threading.get_ident()]

    def _grade(self, row: Row, jobs: Sequence[tuple[Job, str]], doing: _Doing, view: View) -> None:
        """Grade patches on one row. What the machine fails to do is a grade too: `infra_failure`, with the reason."""
        left = list(jobs)
        try:
            with opened_grader(row, self._config, self._repos) as grader:
                while left and not self._stop.is_set():
                    job, patch = left[0]
                    doing.step = f"runs the tests: {label(job).removeprefix(row.id).strip() or 'prediction'}"
                    self._keep(job, patch, grader.grade(patch), view)
                    left.pop(0)
        except StorageError:
            raise
        except (RfsnError, SandboxError, OSError) as error:
            self._keep_failed(left, str(error), view)
        except Exception as error:  # noqa: BLE001  # the outermost edge: a row that cannot be graded does not stop the others
            log.exception("a defect in rfsn")
            self._keep_failed(left, f"a defect in rfsn: {type(error).__name__}: {error}", view)

    def _keep_failed(self, jobs: Sequence[tuple[Job, str]], reason: str, view: View) -> None:
        for job, patch in jobs:
            self._keep(job, patch, Grade("infra_failure", reason=reason, cause="infra_failure"), view)

    def _keep(self, job: Job, patch: str, grade: Grade, view: View) -> None:
        self._folder.add(job, patch, grade)
        view.ended(
            {
                "instance_id": label(job),
                "status": grade.status,
                "seconds": grade.seconds,
                "reason": one_line(grade.reason),
            }
        )


def label(job: Job) -> str:
    """What a grading is called: its instance, and which patch and run of several it was."""
    which = "" if job.kind == "predictions" else f" ({job.kind})"
    return f"{job.instance_id}{which}{f' (run {job.number})' if job.number > 1 else ''}"


def _let_finish(futures: Sequence[Future[None]]) -> None:
    """Wait for what has begun, and no longer than tests may take to end."""
    under_way = [future for future in futures if not future.cancel()]
    try:
        _, late = wait(under_way, _GRACE_S)
    except KeyboardInterrupt:
        _leave()
    if late:
        _leave()


def _leave() -> None:
    """End the process with all its sandboxes: nothing else ends one whose threads wait for tests."""
    os._exit(EXIT_CODES["interrupted"])
