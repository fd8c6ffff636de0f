"""A data set: which instances it has, each read again when it is its turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rfsn.errors import UsageError
from rfsn.evaluation.formats.environments import Environments
from rfsn.evaluation.formats.instances import InlineInstance, Instance, RepositoryInstance, shown
from rfsn.evaluation.formats.rows import decoded, is_lines, numbered_lines, read_foreign
from rfsn.evaluation.formats.shapes import adapted
from rfsn.machine import home

__all__ = ["Dataset", "opened_dataset"]

_MAX_PROBLEM = 300


class Dataset:
    """The instances of a data set by their ids, in its order. It holds where they are, not what they are.

    `name` is how the user named it, and `digest` a hash (SHA-256) of all that it has, with
    its environments. `inline` is the id of the first row that has its whole project, if any has.
    """

    def __init__(self, name: str, path: Path, environments: Environments) -> None:
        """Check every row of a file of JSON Lines. Raises `UsageError` naming the one that is wrong."""
        self.name = name
        self._path = path
        self._environments = environments
        self.inline = ""
        self._applied = False
        self._places: dict[str, tuple[int, bytes]] = {}
        digest, seen = hashlib.sha256(environments.model_dump_json().encode()), dict[str, tuple[int, str]]()
        for number, place, line in numbered_lines(path):
            digest.update(line)
            instance = self._parsed(number, line)[0]
            key = instance.instance_id.casefold()  # one folder, if the file system ignores case
            if key in seen:
                raise UsageError(f"{name}:{number}: {_twice(seen[key], instance.instance_id)}")
            if isinstance(instance, InlineInstance):
                self.inline = self.inline or instance.instance_id
            seen[key] = number, instance.instance_id
            self._places[instance.instance_id] = place, _hash(line)
        if not self._places:
            raise UsageError(f"{name}: the data set is empty")
        if environments.environment and not self._applied:
            repos = ", ".join(sorted({table.repo for table in environments.environment}))
            raise UsageError(f"{name}: no row is of a repository that --environments has a table for ({repos})")
        self.digest = digest.hexdigest()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all instances."""
        return tuple(self._places)

    def instance(self, id: str) -> Instance:
        """The instance with an id, which must be one of `ids`. Raises `UsageError` if the file has changed."""
        return self.with_row(id)[0]

    def with_row(self, id: str) -> tuple[Instance, Mapping[str, Any]]:
        """The instance with an id and its whole row: with the solution, which only whoever grades may read."""
        try:
            with self._path.open("rb") as file:
                place, known = self._places[id]
                file.seek(place)
                line = file.readline()
        except OSError as error:
            raise UsageError(f"{self.name}: cannot be read: {error.strerror}") from error
        if _hash(line) != known:
            raise UsageError(f"{self.name} was changed while it was read: start the same command again")
        return self._parsed(0, line)

    def _parsed(self, number: int, line: bytes) -> tuple[Instance, Mapping[str, Any]]:
        where = f"{self.name}:{number}"
        try:
            row = decoded(line.decode())
            if not isinstance(row, dict):
                raise UsageError(f"{where}: not a JSON object: it is a {type(row).__name__}")
        except ValueError as error:
            raise UsageError(f"{where}: not a JSON object: {shown(str(error))}") from error
        try:
            columns = adapted(row)
            if "files" in columns:
                return InlineInstance.model_validate(columns), row
            self._applied |= any(table.repo == columns.get("repo") for table in self._environments.environment)
            return RepositoryInstance.model_validate(self._environments.completed(columns, row)), row
        except ValidationError as error:
            raise UsageError(f"{where}: {_first_problem(error)}") from error
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise UsageError(f"{where}: the columns cannot be read: {shown(str(error))}") from error


@contextmanager
def opened_dataset(source: str, environments: Environments | None = None) -> Iterator[Dataset]:
    """A data set, kept readable during the block: a file, a saved folder, or owner/name of one of Hugging Face.

    Raises `UsageError` if it cannot be read, and for the first row that is wrong, before any is used.
    """
    known = environments or Environments()
    path = Path(source)
    if is_lines(path):
        yield Dataset(source, path, known)
        return
    with home.temporary_folder() as folder:
        lines = Path(folder) / "rows.jsonl"
        with lines.open("w", encoding="utf-8", errors="surrogateescape") as file:
            for row in read_foreign(source):
                file.write(json.dumps(row, default=str) + "\n")
        yield Dataset(source, lines, known)


def _hash(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


def _twice(other: tuple[int, str], id: str) -> str:
    number, name = other
    same = f"two rows have the instance_id {id!r}"
    problem = same if name == id else f"the instance_ids {name!r} and {id!r} differ only in case"
    return f"{problem}: the other is in line {number}"


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=True)[0]
    where = ".".join(shown(str(part)) for part in first["loc"])
    if first["type"] == "tuple_type" and isinstance(first["input"], str):
        return f"{where}: it is a list of words, such as {json.dumps(first['input'].split())}"[:_MAX_PROBLEM]
    given = f" (it is {shown(first['input'])})" if isinstance(first["input"], str) else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{given}"
