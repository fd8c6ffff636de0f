"""Grading a file of predictions, row by row: each row's environment is made once, whatever is graded on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from rfsn.config import Config
from rfsn.errors import RfsnError, StorageError, UsageError
from rfsn.evaluation.formats import read_environments
from rfsn.evaluation.grading.folder import Folder, Job, Known
from rfsn.evaluation.grading.grader import Grade, opened_grader
from rfsn.evaluation.grading.predictions import Prediction, read_predictions
from rfsn.evaluation.grading.rows import Row, read_rows
from rfsn.evaluation.grading.run_report import Ended, run_report
from rfsn.machine.files import storing
from rfsn.machine.log import bound, log
from rfsn.machine.terminal import console as console_on
from rfsn.machine.terminal import errors
from rfsn.machine.text import counted, one_line
from rfsn.sessions.outcome import EXIT_CODES
from sandbox import SandboxError

__all__ = ["Options", "grade_predictions"]

_AGAIN = "start the same command again"
_AT_ONCE = "two more Ctrl-C end it at once, and the same command goes on"
_SHOWN = 400
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How to grade: so many rows at a time, each prediction so often, or the data set itself (`check`).

    `environments` is a file that says what rows leave open.
    """

    workers: int = 1
    repeat: int = 1
    check: bool = False
    quiet: bool = False
    environments: Path | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Everything to grade: the rows, and the patches for them by kind and instance."""

    rows: list[Row]
    patches: Mapping[str, Mapping[str, str]]
    repeat: int

    def jobs(self, row: Row) -> Iterable[tuple[Job, str]]:
        """What is to be run for a row. An empty prediction is not; as a check of the row, it is."""
        for kind, patches in self.patches.items():
            patch = patches.get(row.id)
            if patch or (patch is not None and kind == "empty"):
                yield from ((Job(row.id, kind, number), patch) for number in range(1, self.repeat + 1))


def grade_predictions(
    predictions: Path | None, dataset: str, config: Config, out: Path | None, repos: Path | None, options: Options
) -> dict[str, Any]:
    """Grade predictions for rows of a data set and return the report of the run, in the harness's schema 2.

    Grades that are in `out` already are kept. Raises `UsageError` for a file that cannot be read, a data set that
    cannot be graded or an `out` of another run, and `StorageError` if the disk is full: the same call then goes on.
    """
    digest, rows = read_rows(dataset, read_environments(options.environments))
    of_predictions, given = (None, None) if predictions is None else read_predictions(predictions)
    asked = _asked(rows, given, options)
    place = out or Path(f"rfsn-grade-{Path(predictions or dataset.partition(':')[0]).stem}")
    console = console_on(errors(), quiet=options.quiet)
    with storing(place, _AGAIN), closing(Folder(place, config, digest, of_predictions)) as folder:
        done = {known.job for known in folder.load()}
        todo = [(row, [job for job in asked.jobs(row) if job[0] not in done]) for row in asked.rows]
        _run_all([(row, jobs) for row, jobs in todo if jobs], folder, config, repos, options.workers, console)
        report = _report(asked, folder.load())
        folder.finish(report)
    _tell(f"{_summary(report)}; grades: {place}", console)
    return report


def _asked(rows: list[Row], predictions: dict[str, Prediction] | None, options: Options) -> _Asked:
    if predictions is not None:
        if unknown := sorted(predictions.keys() - {row.id for row in rows}):
            some = ", ".join(unknown[:_NAMED]) + (", ..." if len(unknown) > _NAMED else "")
            raise UsageError(f"the data set has no row for {counted(len(unknown), 'prediction')}: {some}")
        given = {id: prediction.patch for id, prediction in predictions.items()}
        return _Asked(rows, {"predictions": given}, options.repeat)
    if missing := [row.id for row in rows if not row.gold]:
        raise UsageError(f"--check: {missing[0]} has no gold patch (column patch)")
    return _Asked(
        rows,
        {"gold": {row.id: row.gold for row in rows}, "empty": dict.fromkeys((row.id for row in rows), "")},
        options.repeat,
    )


def _run_all(
    todo: Sequence[tuple[Row, list[tuple[Job, str]]]],
    folder: Folder,
    config: Config,
    repos: Path | None,
    workers: int,
    console: Console,
) -> None:
    stop = threading.Event()

    def run(row: Row, jobs: list[tuple[Job, str]]) -> None:
        with bound(instance=row.id):
            _grade_row(row, jobs, folder, config, repos, stop, console)

    with _pool(workers) as pool:
        futures = [pool.submit(copy_context().run, run, row, jobs) for row, jobs in todo]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException as error:
            stop.set()
            if isinstance(error, KeyboardInterrupt):
                _tell(f"stopping: tests that run are finished first; {_AT_ONCE}; grades so far: {folder.path}", console)
            raise


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are waited for when the block ends, unless the user does not want to: sandboxes end with us."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="grading")
    try:
        yield pool
    finally:
        try:
            pool.shutdown()
        except KeyboardInterrupt:
            os._exit(EXIT_CODES["interrupted"])  # nothing else ends a process whose threads wait for tests


def _grade_row(
    row: Row,
    jobs: Sequence[tuple[Job, str]],
    folder: Folder,
    config: Config,
    repos: Path | None,
    stop: threading.Event,
    console: Console,
) -> None:
    """Grade patches on one row. What the machine fails to do is a grade too: `infra_failure`, with the reason."""
    if stop.is_set():
        return
    left = list(jobs)
    try:
        with opened_grader(row, config, repos) as grader:
            while left and not stop.is_set():
                job, patch = left[0]
                _keep(folder, job, patch, grader.grade(patch), console)
                left.pop(0)
    except StorageError:
        raise
    except (RfsnError, SandboxError, OSError) as error:
        for job, patch in left:
            _keep(folder, job, patch, _failed(str(error)), console)
    except Exception as error:  # noqa: BLE001  # the outermost edge: a row that cannot be graded does not stop the others
        log.exception("a defect in rfsn")
        for job, patch in left:
            _keep(folder, job, patch, _failed(f"a defect in rfsn: {type(error).__name__}: {error}"), console)


def _failed(reason: str) -> Grade:
    return Grade("infra_failure", reason=reason, cause="infra_failure")


def _keep(folder: Folder, job: Job, patch: str, grade: Grade, console: Console) -> None:
    folder.add(job, patch, grade)
    which = "" if job.kind == "predictions" else f" ({job.kind})"
    again = f" (run {job.number})" if job.number > 1 else ""
    reason = f": {one_line(grade.reason)[:_SHOWN]}" if grade.reason else ""
    _tell(f"{job.instance_id}{which}{again}: {grade.status} in {grade.seconds:.1f} s{reason}", console)


def _report(asked: _Asked, known: Sequence[Known]) -> dict[str, Any]:
    """The report of the run: on the predictions, or of a check on the gold patches."""
    main = next(iter(asked.patches))
    grades: dict[str, dict[str, list[Known]]] = {kind: {} for kind in asked.patches}
    for grade in known:
        if grade.kind in grades and grade.number <= asked.repeat:
            grades[grade.kind].setdefault(grade.instance_id, []).append(grade)
    ended = {id: _ended(each) for id, each in grades[main].items()}
    report = run_report([row.id for row in asked.rows], asked.patches[main], ended)
    chosen = [grade for each in grades.values() for of_instance in each.values() for grade in of_instance]
    report["output_basis_ids"] = sorted({grade.instance_id for grade in chosen if grade.basis == "output"})
    report["reasons"] = {grade.instance_id: grade.reason for grade in chosen if grade.kind == main and grade.reason}
    if asked.repeat > 1:
        report["flaky_ids"] = sorted(
            {each[0].instance_id for kind in grades.values() for each in kind.values() if _differ(each)}
        )
    if "empty" in asked.patches:
        tried = {id: _ended(each) for id, each in grades["empty"].items()}
        report["gold_not_resolved_ids"] = sorted({row.id for row in asked.rows} - {*report["resolved_ids"]})
        report["empty_resolved_ids"] = sorted(id for id, end in tried.items() if end.resolved)
        report["empty_not_run_ids"] = sorted(
            row.id for row in asked.rows if not tried.get(row.id, Ended(completed=False)).completed
        )
    return report


def _ended(grades: Sequence[Known]) -> Ended:
    """How all gradings of one prediction ended: as the worst of them."""
    worst = min(grades, key=lambda grade: (grade.status == "resolved", grade.report is not None, -grade.number))
    return Ended(
        completed=worst.report is not None,
        resolved=worst.status == "resolved",
        cause=worst.cause,
        of_machine=worst.status == "infra_failure",
    )


def _differ(grades: Sequence[Known]) -> bool:
    first = grades[0]
    return any((grade.status, grade.report) != (first.status, first.report) for grade in grades[1:])


def _summary(report: Mapping[str, Any]) -> str:
    """How many instances ended in each way, which adds up; what is counted once more is in brackets."""
    ways, again = (
        ", ".join(f"{name.replace('_', ' ')} {len(report[f'{name}_ids'])}" for name in names if f"{name}_ids" in report)
        for names in (
            ("resolved", "unresolved", "empty_patch", "error", "incomplete"),
            ("infra_failure", "ambiguous_failure", "empty_resolved", "flaky"),
        )
    )
    return f"{counted(report['total_instances'], 'instance')}: {ways} ({again})"


def _tell(line: str, console: Console) -> None:
    console.print(Text(one_line(line)), soft_wrap=True)
