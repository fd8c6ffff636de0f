"""Environments by repository and version, for rows that say neither what they need nor how their tests are run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rfsn.errors import UsageError
from rfsn.evaluation.formats.instances import check_release, shown
from rfsn.evaluation.formats.shapes import test_files

__all__ = ["Environments", "read_environments"]


class _Environment(BaseModel):
    """One table `[[environment]]`: without `versions` it is for all that have no table of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    repo: str
    versions: Annotated[list[str], Field(min_length=1)] | None = None
    python: Annotated[str, AfterValidator(check_release)] | None = None
    packages: list[str] | None = None
    test_command: Annotated[list[str], Field(min_length=1)] | None = None


def _distinct(tables: list[_Environment]) -> list[_Environment]:
    """Tables of which no two are for the same version of a repository. Raises `ValueError`."""
    keys = [(table.repo, version) for table in tables for version in table.versions or ("",)]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        raise ValueError("two tables are for {} {}".format(*twice).strip())
    return tables


class Environments(BaseModel):
    """The tables of a file; see docs/evaluation.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    environment: Annotated[list[_Environment], AfterValidator(_distinct)] = Field(default_factory=list)

    def completed(self, columns: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of an instance, with what its `row` leaves open: of its version's table, else its repository's.

        `{tests}` in a test command stands for the files of the tests of the row.
        """
        own = [table for table in self.environment if table.repo == columns.get("repo")]
        version = columns.get("version")
        tables = [table for table in own if table.versions and version in table.versions]
        tables += [table for table in own if table.versions is None]
        if own and not tables and all(row.get(name) is None for name in ("python", "packages")):
            there = ", ".join(version for table in own for version in table.versions or ())
            raise UsageError(
                f"--environments has no table for {own[0].repo} {version or 'without a version'}: it has {there}"
            )
        found: dict[str, Any] = {}
        for name in ("python", "packages", "test_command"):
            values = (getattr(table, name) for table in tables)
            value = next((value for value in values if value is not None), None)
            if value is not None and row.get(name) is None:
                found[name] = value
        if "test_command" in found:
            files = test_files(str(columns.get("test_patch", "")))
            found["test_command"] = [
                part for word in found["test_command"] for part in (files if word == "{tests}" else [word])
            ]
        return {**columns, **found}


def read_environments(path: Path | None) -> Environments:
    """The environments of a TOML file; none without one. Raises `UsageError` for what is wrong in it."""
    if path is None:
        return Environments()
    try:
        return Environments.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"--environments {path}: the file cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        known = f" (known are {', '.join(_Environment.model_fields)})" if first["type"] == "extra_forbidden" else ""
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"--environments {path}: {where}: {message}{known}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--environments {path}: not TOML: {shown(str(error))}") from error
