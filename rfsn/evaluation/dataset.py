"""Data sets: one JSON object a line, with the whole buggy project inline, or a commit of a repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rfsn.errors import UsageError

__all__ = ["InlineInstance", "Instance", "RepositoryInstance", "read_dataset"]


def _listed(value: object) -> object:
    """SWE-bench has its lists as JSON in a string in some releases."""
    return json.loads(value) if isinstance(value, str) else value


type _Ids = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Row(BaseModel):
    """What every row has.

    Columns that are not named here or below (a reference solution, a gold patch, hints) are dropped when the row is
    read: no planner can see what was never kept.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: str
    test_command: tuple[str, ...]


class InlineInstance(_Row):
    """A bug whose whole project stands in the row."""

    files: dict[str, str]
    test_files: tuple[str, ...] = ()


class RepositoryInstance(_Row):
    """A bug in a commit of a repository, with the columns of SWE-bench; the tests that show it come as a diff.

    `packages` are the exact requirements of the environment; without them it is what the project declares.
    """

    repo: str
    base_commit: str
    test_patch: str
    fail_to_pass: _Ids = Field(alias="FAIL_TO_PASS")
    pass_to_pass: _Ids = Field(alias="PASS_TO_PASS", default=())
    packages: tuple[str, ...] | None = None


type Instance = InlineInstance | RepositoryInstance


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
            row = json.loads(line)
            kind = RepositoryInstance if isinstance(row, dict) and "base_commit" in row else InlineInstance
            yield kind.model_validate(row)
        except (ValueError, ValidationError) as error:
            raise UsageError(f"{path}:{number}: {_first_problem(error)}") from error


def _first_problem(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"no JSON object: {error}"
