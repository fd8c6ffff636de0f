"""An instance: a buggy project inline, or a commit of a repository, and the tests that show the bug.

A row comes from anywhere: each column that is used is checked, and no other is kept.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = [
    "InlineInstance",
    "Instance",
    "RepositoryInstance",
    "check_instance_id",
    "check_release",
    "check_text",
    "shown",
]

_MAX_ID = 128
_MAX_SHOWN = 80
_MAX_PATH = 4096
_MAX_DEPTH = 64
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@:~-]*")
_REPO = re.compile(r"[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)?")
_RELEASE = re.compile(r"\d\.\d{1,2}(\.\d{1,2})?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_COMMIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./^~@{}-]*")


def check_instance_id(id: str) -> str:
    """The id, if it is a plain name for a folder; raises `ValueError` for any other."""
    if not _PLAIN_ID.fullmatch(id) or id.endswith(".") or len(id) > _MAX_ID:
        raise ValueError(
            f"it names a folder: at most {_MAX_ID} letters, digits and _ . + = @ : ~ -, the first a letter, a digit "
            "or _, the last not a dot"
        )
    return id


def _repo(name: str) -> str:
    """The name of a repository below the folder of clones, never outside it."""
    if not _REPO.fullmatch(name) or {".", ".."} & set(name.split("/")) or name.startswith("-"):
        raise ValueError("it is not an owner/name")
    return name


def _commit(name: str) -> str:
    if not _COMMIT.fullmatch(name):
        raise ValueError("it is not a commit")
    return name


def _path(path: str) -> str:
    """A path that `write_beneath` accepts, and git too."""
    if len(path) > _MAX_PATH or path.count("/") > _MAX_DEPTH:
        raise ValueError(f"{shown(path)} has more than {_MAX_PATH} characters, or more than {_MAX_DEPTH} folders")
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" or len(part.encode()) > 255 for part in parts):
        raise ValueError(f"{shown(path)} is not a plain path within the project")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in path):
        raise ValueError(f"{shown(path)} contains a control character")
    return path


def _files(files: dict[str, str]) -> dict[str, str]:
    for path in files:
        for place in re.finditer("/", path):
            if path[: place.start()] in files:
                raise ValueError(f"{shown(path[: place.start()])} is both a file and a folder")
    return files


def check_text(text: str) -> str:
    """Text that can be written: bytes that are not UTF-8 are allowed, half a surrogate pair (as in JSON) is not.

    Raises `ValueError`.
    """
    text.encode("utf-8", "surrogateescape")
    return text


def check_release(text: str) -> str:
    """A release of Python, such as 3.9: a data set names no file to be run. Raises `ValueError`."""
    if not _RELEASE.fullmatch(text):
        raise ValueError("it is not a release of Python, such as 3.9")
    return text


def _argument(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains a NUL")
    return check_text(text)


type _Id = Annotated[str, AfterValidator(check_instance_id)]
type _Path = Annotated[str, AfterValidator(_path)]
type _Text = Annotated[str, AfterValidator(check_text)]
type _Argument = Annotated[str, AfterValidator(_argument)]
type _Command = Annotated[tuple[_Argument, ...], Field(min_length=1)]


class _Row(BaseModel):
    """The columns that every row has.

    Columns that are not named here or below (a reference solution, a gold patch, hints) are dropped when the row is
    read, so that no planner can see them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    instance_id: _Id
    problem_statement: _Text = ""


class InlineInstance(_Row):
    """A bug whose whole project is in the row."""

    test_command: _Command
    files: Annotated[dict[_Path, _Text], Field(min_length=1), AfterValidator(_files)]
    test_files: tuple[_Path, ...] = ()


class RepositoryInstance(_Row):
    """A bug in a commit of a repository, with the columns of SWE-bench; the tests that show it come as a diff.

    `packages` are the exact requirements of the environment, `python` its version of Python; without them the project's
    own declarations hold. Without a `test_command` the buildpack's own is run. `log_parser` and `eval_type` say how the
    harness reads a log.
    """

    repo: Annotated[str, AfterValidator(_repo)]
    base_commit: Annotated[str, AfterValidator(_commit)]
    test_patch: _Text
    fail_to_pass: Annotated[tuple[_Argument, ...], Field(alias="FAIL_TO_PASS")]
    pass_to_pass: Annotated[tuple[_Argument, ...], Field(alias="PASS_TO_PASS")] = ()
    version: _Text = ""
    test_command: _Command | None = None
    packages: tuple[_Argument, ...] | None = None
    python: Annotated[str, AfterValidator(check_release)] | None = None
    log_parser: _Text = ""
    eval_type: Literal["pass_and_fail", "fail_only"] = "pass_and_fail"

    @property
    def bare_command(self) -> tuple[dict[str, str], tuple[str, ...] | None]:
        """The variables that `env` sets for the test command, and the command itself, as buildpacks know it."""
        command = self.test_command
        if command is None or command[0] != "env":
            return {}, command
        variables = [word.partition("=") for word in takewhile(_VARIABLE.match, command[1:])]
        bare = command[1 + len(variables) :]
        if not bare or bare[0].startswith("-"):
            return {}, command
        return {name: value for name, _, value in variables}, bare


type Instance = InlineInstance | RepositoryInstance


def shown(text: str) -> str:
    """A text of the data set for a message: short, and without anything that a terminal would obey."""
    plain = text if text.isprintable() else ascii(text)
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}..."
