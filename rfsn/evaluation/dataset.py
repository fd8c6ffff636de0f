"""Data sets: one JSON object a line, with the whole buggy project inline, or a commit of a repository.

A data set comes from anywhere: what is wrong with a row is said with its line, before anything of it is used.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rfsn.errors import UsageError

__all__ = ["InlineInstance", "Instance", "RepositoryInstance", "check_instance_id", "read_dataset", "shown"]

_MAX_ID = 128
_MAX_ROW_BYTES = 64 << 20
_MAX_SHOWN = 80
_MAX_PATH = 4096
_MAX_DEPTH = 64
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@:~-]*")
_REPO = re.compile(r"[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)?")
_COMMIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./^~@{}-]*")


def check_instance_id(id: str) -> str:
    """An id that is one plain name of a folder. Raises `ValueError` for every other."""
    if not _PLAIN_ID.fullmatch(id) or id.endswith(".") or len(id) > _MAX_ID:
        raise ValueError(
            f"it names a folder: at most {_MAX_ID} letters, digits and _ . + = @ : ~ -, the first a letter, a digit "
            "or _, the last no dot"
        )
    return id


def _repo(name: str) -> str:
    """A repository is named below the folder of clones, never outside of it."""
    if not _REPO.fullmatch(name) or {".", ".."} & set(name.split("/")) or name.startswith("-"):
        raise ValueError("it is no owner/name")
    return name


def _commit(name: str) -> str:
    if not _COMMIT.fullmatch(name):
        raise ValueError("it is no commit")
    return name


def _path(path: str) -> str:
    """A path as `write_beneath` takes it, which git can hold as well."""
    if len(path) > _MAX_PATH or path.count("/") > _MAX_DEPTH:
        raise ValueError(f"{shown(path)} has more than {_MAX_PATH} characters, or more than {_MAX_DEPTH} folders")
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" or len(part.encode()) > 255 for part in parts):
        raise ValueError(f"{shown(path)} is no plain path within the project")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in path):
        raise ValueError(f"{shown(path)} has a control character in it")
    return path


def _files(files: dict[str, str]) -> dict[str, str]:
    for path in files:
        for place in re.finditer("/", path):
            if path[: place.start()] in files:
                raise ValueError(f"{shown(path[: place.start()])} is a file and a folder")
    return files


def _text(text: str) -> str:
    """Text that can be written: no half of a surrogate pair, which JSON can spell, but bytes that are no UTF-8."""
    text.encode("utf-8", "surrogateescape")
    return text


def _argument(text: str) -> str:
    if "\0" in text:
        raise ValueError("it has a NUL in it")
    return _text(text)


def _listed(value: object) -> object:
    """SWE-bench has its lists as JSON in a string in some releases."""
    return _decoded(value) if isinstance(value, str) else value


type _Id = Annotated[str, AfterValidator(check_instance_id)]
type _Path = Annotated[str, AfterValidator(_path)]
type _Text = Annotated[str, AfterValidator(_text)]
type _Argument = Annotated[str, AfterValidator(_argument)]
type _Ids = Annotated[tuple[_Argument, ...], BeforeValidator(_listed)]


class _Row(BaseModel):
    """What every row has.

    Columns that are not named here or below (a reference solution, a gold patch, hints) are dropped when the row is
    read: no planner can see what was never kept.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: _Id
    test_command: Annotated[tuple[_Argument, ...], Field(min_length=1)]


class InlineInstance(_Row):
    """A bug whose whole project stands in the row."""

    files: Annotated[dict[_Path, _Text], Field(min_length=1), AfterValidator(_files)]
    test_files: tuple[_Path, ...] = ()


class RepositoryInstance(_Row):
    """A bug in a commit of a repository, with the columns of SWE-bench; the tests that show it come as a diff.

    `packages` are the exact requirements of the environment; without them it is what the project declares.
    """

    repo: Annotated[str, AfterValidator(_repo)]
    base_commit: Annotated[str, AfterValidator(_commit)]
    test_patch: _Text
    fail_to_pass: _Ids = Field(alias="FAIL_TO_PASS")
    pass_to_pass: _Ids = Field(alias="PASS_TO_PASS", default=())
    packages: tuple[_Argument, ...] | None = None


type Instance = InlineInstance | RepositoryInstance


def read_dataset(path: Path) -> list[Instance]:
    """Every instance of a data set. Raises `UsageError` naming the line that is wrong."""
    instances: dict[str, tuple[int, Instance]] = {}
    for number, instance in _parsed(path):
        name = instance.instance_id.casefold()  # one folder, where the file system tells no case
        if name in instances:
            first, other = instances[name]
            same = f"two rows have the instance_id {instance.instance_id!r}"
            differ = f"the instance_ids {other.instance_id!r} and {instance.instance_id!r} differ in case alone"
            said = same if other.instance_id == instance.instance_id else differ
            raise UsageError(f"{path}:{number}: {said}: the other is in line {first}")
        instances[name] = number, instance
    if not instances:
        raise UsageError(f"{path}: the data set is empty")
    return [instance for _, instance in instances.values()]


def _parsed(path: Path) -> Iterator[tuple[int, Instance]]:
    for number, line in _lines(path):
        try:
            row = _decoded(line.decode())
            if not isinstance(row, dict):
                raise UsageError(f"{path}:{number}: no JSON object: it is a {type(row).__name__}")
            kind = RepositoryInstance if "base_commit" in row else InlineInstance
            yield number, kind.model_validate(row)
        except ValidationError as error:
            raise UsageError(f"{path}:{number}: {_first_problem(error)}") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}:{number}: no JSON object: {shown(str(error))}") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, by number. Only a line feed ends one, whatever else is a break to Unicode."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_MAX_ROW_BYTES + 1):
                number += 1
                if len(line) > _MAX_ROW_BYTES:
                    raise UsageError(f"{path}:{number}: the row takes more than {_MAX_ROW_BYTES >> 20} MiB")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"{path}: not readable: {error.strerror}") from error


def _decoded(text: str) -> object:
    """Strict JSON: what one reader takes for one thing and another for something else is refused. `ValueError`."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(twice)} is there twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _number(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {shown(text)} is too large")
    return number


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=True)[0]
    where = ".".join(shown(str(part)) for part in first["loc"])
    given = f" (it is {shown(first['input'])})" if isinstance(first["input"], str) else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{given}"


def shown(text: str) -> str:
    """A text of the data set in a message: short, and without anything that a terminal would obey."""
    plain = text if text.isprintable() else ascii(text)
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}..."
