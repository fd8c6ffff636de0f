"""Data sets: one JSON object a line, with the whole buggy project inline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rfsn.errors import UsageError

__all__ = ["Instance", "read_dataset"]


class Instance(BaseModel):
    """One bug: the files of the project, and the command that shows it.

    Columns that are not named here, a reference solution above all, are dropped when the row is read: no planner can
    see what was never kept.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: str
    files: dict[str, str]
    test_command: tuple[str, ...]
    test_files: tuple[str, ...] = ()


def read_dataset(path: Path) -> list[Instance]:
    """Every instance of a data set. Raises `UsageError` naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable: {error}") from error
    instances = list(_parsed(lines, path))
    if not instances:
        raise UsageError(f"{path}: the data set is empty")
    seen: set[str] = set()
    for instance in instances:
        if instance.instance_id in seen:
            raise UsageError(f"{path}: two rows have the instance_id {instance.instance_id!r}")
        seen.add(instance.instance_id)
    return instances


def _parsed(lines: list[str], path: Path) -> Iterator[Instance]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield Instance.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            raise UsageError(f"{path}:{number}: {_first_problem(error)}") from error


def _first_problem(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"no JSON object: {error}"
