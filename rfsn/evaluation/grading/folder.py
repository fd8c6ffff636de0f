"""The folder of a grading run: a line for each grade that ended, so that a killed run goes on, and a folder each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rfsn.config import Config
from rfsn.errors import StorageError, UsageError
from rfsn.evaluation.claimed import ClaimedFolder
from rfsn.evaluation.formats import check_instance_id, check_text
from rfsn.evaluation.grading.grader import Grade, Status
from rfsn.evaluation.rows import open_results
from rfsn.machine.files import LineFile, write_whole
from rfsn.machine.text import to_json

__all__ = ["Folder", "Job", "Known"]

_GRADES = "grades.jsonl"

type _Text = Annotated[str, AfterValidator(check_text)]


@dataclass(frozen=True, slots=True)
class Job:
    """One grading: of an instance's `predictions`, `gold` or `empty` patch, for the n-th time."""

    instance_id: str
    kind: str
    number: int


class Known(BaseModel):
    """A line of the file of grades: what a grade was, without its log."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    instance_id: Annotated[str, AfterValidator(check_instance_id)]
    kind: Literal["predictions", "gold", "empty"]
    number: Annotated[int, Field(ge=1)]
    status: Status
    report: dict[str, Any] | None
    reason: _Text
    cause: _Text
    basis: _Text
    set_aside: tuple[_Text, ...]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    environment_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.status == "resolved") != (self.report is not None and self.report.get("resolved") is True):
            raise ValueError("the status and the report do not agree")
        return self

    @property
    def job(self) -> Job:
        """Which grading it was."""
        return Job(self.instance_id, self.kind, self.number)


class Folder:
    """A folder bound to one data set, file of predictions and configuration; a lock keeps every other run out."""

    def __init__(self, folder: Path, config: Config, dataset: str, predictions: str | None) -> None:
        """Open or create the folder.

        `dataset` and `predictions` are hashes of the rows and of the file of predictions. Raises `UsageError` if the
        folder has grades of others, of other predictions or another configuration, or anything else, or is in use.
        """
        self.path = folder
        self._lock = Lock()
        identity = {"dataset": dataset, "predictions": predictions}
        self._claimed = ClaimedFolder(folder, config, identity, "grade")

    def close(self) -> None:
        """Release the folder. Closing twice does nothing."""
        self._claimed.close()

    def load(self) -> list[Known]:
        """The grades so far, the last of each; a torn last line is left out.

        Raises `UsageError` for an invalid line, and if the file is not a regular one.
        """
        known: dict[Job, Known] = {}
        for number, line in enumerate(self._lines(), 1):
            try:
                grade = Known.model_validate_json(line)
            except ValidationError as error:
                where = f"{self.path / _GRADES}:{number}"
                raise UsageError(f"{where}: not a grade: remove that line, and it is graded again") from error
            known[grade.job] = grade
        return list(known.values())

    def _lines(self) -> Iterator[bytes]:
        try:
            file = open_results(self.path / _GRADES, self._claimed.descriptor)
        except FileNotFoundError:
            return
        with file:
            yield from (line for line in file if line.endswith(b"\n"))

    def add(self, job: Job, patch: str, grade: Grade) -> None:
        """Keep a grade with its files, each on the disk before this returns. Raises `StorageError` if that is full."""
        place = self._place(job)
        row = asdict(grade)
        output = row.pop("output")
        try:
            place.mkdir(parents=True, exist_ok=True)
            write_whole(place / "patch.diff", patch)
            write_whole(place / "test_output.txt", output)
            if grade.report is None:
                (place / "report.json").unlink(missing_ok=True)
            else:
                write_whole(place / "report.json", json.dumps({job.instance_id: grade.report}, indent=4) + "\n")
            with self._lock:
                file = LineFile(self.path / _GRADES)
                try:
                    file.append(to_json({**asdict(job), **row}).encode())
                finally:
                    file.close()
        except OSError as error:
            problem = f"{place} cannot be written: {error.strerror}"
            raise StorageError(f"{problem}: free some space, then start the same command again") from error

    def finish(self, report: dict[str, Any]) -> None:
        """Write the report of the run."""
        write_whole(self.path / "report.json", json.dumps(report, indent=4) + "\n")

    def _place(self, job: Job) -> Path:
        """The folder of one grading: the first is that of its instance, others are in it."""
        of_kind = self.path / ("instances" if job.kind == "predictions" else job.kind)
        place = of_kind / job.instance_id
        return place if job.number == 1 else place / f"repeat-{job.number}"
