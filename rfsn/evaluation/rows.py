"""The lines of `results.jsonl`, read one after another: there may be a hundred thousand, each with a patch."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rfsn.errors import UsageError
from rfsn.evaluation.formats import check_instance_id, check_text, shown
from rfsn.sessions.outcome import EXIT_CODES
from sandbox.folders import PLAIN

__all__ = ["RESULTS", "SESSIONS", "is_solved", "last_rows", "open_results", "results_at", "rows_in"]

RESULTS = "results.jsonl"
"""The file in an evaluation's folder with a line for each instance that has ended."""
SESSIONS = "sessions"
"""The folder beside it with a session for each instance, named after it."""

_MAX_LINE = 64 << 20

type _Cost = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
type _Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


def _status(name: str) -> str:
    if name not in EXIT_CODES:
        raise ValueError("unknown status")
    return name


class _Row(BaseModel):
    """The columns of a result that are used; there may be others."""

    model_config = ConfigDict(strict=True, extra="ignore")

    instance_id: Annotated[str, AfterValidator(check_instance_id)]
    status: Annotated[str, AfterValidator(_status)]
    seconds: _Seconds
    cpu_seconds: _Seconds
    candidates: Annotated[int, Field(ge=0, lt=1 << 53)]
    patch: Annotated[str, AfterValidator(check_text)] | None
    reason: str
    models: list[str] = Field(default_factory=list)
    cost_usd: _Cost = 0.0
    resolved: bool | None = None


def is_solved(row: dict[str, Any]) -> bool:
    """Whether a result counts as solved: as the hidden tests say (`resolved`), if they ran, else by its status."""
    resolved = row.get("resolved")
    return row["status"] == "repaired" if resolved is None else bool(resolved)


def results_at(place: Path) -> Path:
    """The file of results that an evaluation's folder, or the file itself, stands for."""
    return place / RESULTS if place.is_dir() else place


def open_results(path: Path, at: int | None = None) -> BinaryIO:
    """The file, by its name within the open folder `at` if that is given.

    Raises `FileNotFoundError` if there is none, and `UsageError` if it is not a regular file or cannot be read.
    """
    try:
        descriptor = os.open(path if at is None else path.name, PLAIN, dir_fd=at)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def rows_in(file: BinaryIO, path: Path) -> Iterator[dict[str, Any]]:
    """Every result in the file, which messages call `path`; a torn last line is left out.

    Raises `UsageError` for an invalid line.
    """
    number = 0
    while (line := file.readline(_MAX_LINE)).endswith(b"\n"):
        number += 1
        try:
            row = json.loads(line)
            _Row.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            raise _no_result(path, number, ": ".join((*map(str, first["loc"]), first["msg"]))) from error
        except (ValueError, RecursionError) as error:
            raise _no_result(path, number, str(error)) from error
        yield row
    if len(line) == _MAX_LINE:
        raise _no_result(path, number + 1, f"it is larger than {_MAX_LINE >> 20} MiB")


def last_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The last result of each instance, in the order in which they ended; only ids are held in memory.

    Raises `UsageError` as `rows_in` does, or if there is no such file.
    """
    try:
        file = open_results(path)
    except FileNotFoundError as error:
        raise UsageError(f"there are no results in {path}") from error
    with file:
        last = {row["instance_id"]: number for number, row in enumerate(rows_in(file, path))}
        file.seek(0)
        # The evaluation may go on meanwhile: what it adds is left for the next reader.
        until = max(last.values(), default=-1) + 1
        for number, row in enumerate(islice(rows_in(file, path), until)):
            if last[row["instance_id"]] == number:
                yield row


def _no_result(path: Path, number: int, why: str) -> UsageError:
    remedy = "remove that line, and its instance is run again"
    return UsageError(f"{path}:{number}: the line is not a result ({shown(why)}): {remedy}")
