"""Grading a file of predictions, or a data set itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.evaluation.formats import read_environments, shown
from rfsn.evaluation.grading.folder import Folder, Job
from rfsn.evaluation.grading.grader import Status
from rfsn.evaluation.grading.predictions import Prediction, read_predictions
from rfsn.evaluation.grading.rows import Row, read_rows
from rfsn.evaluation.grading.summary import report_on, summary
from rfsn.evaluation.grading.threads import Threads, label
from rfsn.evaluation.view import View
from rfsn.machine.files import storing
from rfsn.machine.text import counted

__all__ = ["Options", "grade_predictions"]

_AGAIN = "start the same command again"
_NAMED = 3
_STATUSES: tuple[str, ...] = get_args(Status.__value__)


@dataclass(frozen=True, slots=True)
class Options:
    """How to grade: so many rows at a time, each prediction so often, or the data set itself (`check`).

    `environments` is a file that says what rows leave open. Only the first `limit` rows are graded, and those with a
    status in `retry` once more.
    """

    workers: int = 1
    repeat: int = 1
    check: bool = False
    quiet: bool = False
    environments: Path | None = None
    limit: int | None = None
    retry: tuple[str, ...] = ()


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

    def of(self, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """The patches for some of the rows."""
        return {kind: {id: patches[id] for id in ids if id in patches} for kind, patches in self.patches.items()}


def grade_predictions(
    predictions: Path | None, dataset: str, config: Config, out: Path | None, repos: Path | None, options: Options
) -> dict[str, Any]:
    """Grade predictions for rows of a data set and return the report of the run, in the harness's schema 2.

    Grades that are in `out` already are kept, and the report has them too, also of rows beyond the limit. Raises
    `UsageError` for a file that cannot be read, a data set that cannot be graded or an `out` of another run, and
    `StorageError` if the disk is full: the same call then goes on.
    """
    if unknown := set(options.retry) - {*_STATUSES}:
        raise UsageError(f"--retry {shown(min(unknown))}: unknown status; known are {', '.join(_STATUSES)}")
    digest, rows = read_rows(dataset, read_environments(options.environments))
    of_predictions, given = (None, None) if predictions is None else read_predictions(predictions)
    asked = _asked(rows, given, options)
    place = out or Path(f"rfsn-grade-{Path(predictions or dataset.partition(':')[0]).stem}")
    with storing(place, _AGAIN), closing(Folder(place, config, digest, of_predictions)) as folder:
        ended = {known.job: known.status for known in folder.load() if known.status not in options.retry}
        chosen = asked.rows[: options.limit]
        wanted = [(row, list(asked.jobs(row))) for row in chosen]
        todo = [(row, left) for row, jobs in wanted if (left := [job for job in jobs if job[0] not in ended])]
        threads = Threads(options.workers, folder, config, repos)
        before = [ended[job] for _, jobs in wanted for job, _ in jobs if job in ended]
        total = sum(len(jobs) for _, jobs in wanted)
        view = View(place, total, before, threads.doing, quiet=options.quiet, what="gradings", good="resolved")
        with view:
            threads.run(todo, view)
        known = folder.load()
        reported = {row.id for row in chosen} | {grade.instance_id for grade in known}
        ids = [row.id for row in rows if row.id in reported]
        report = report_on(ids, asked.of(ids), options.repeat, known)
        folder.finish(report)
    view.listed({**grade.model_dump(), "instance_id": label(grade.job)} for grade in known)
    view.tell(f"{summary(report)}; grades: {place}")
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
