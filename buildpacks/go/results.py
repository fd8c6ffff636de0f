"""Reads what the driver reports: the parts of its ids, and the lines of its output that name an error."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buildpacks.report import Runner
from buildpacks.results import CaseId, CaseResult, Outcome
from sandbox import CommandResult

__all__ = ["GO_TEST", "case_id", "unbuilt"]

_TEST = re.compile(r"(?:Test|Example|Fuzz)(?:[^a-zß-öø-ÿ].*)?|\[.*")
_UNBUILT = "the package does not compile: "
_NO_TESTS = 5
_REFUSED = 4
_MAX_LINE = 300


def case_id(id: str) -> CaseId:
    """The parts of `folder/TestName/subtest`; the scope is the package, by its folder.

    A folder with a name like that of a test has a backslash before it. `[build]` stands for the tests of a package that
    has none and does not compile.
    """
    parts = id.split("/")
    place = next((place for place, part in enumerate(parts) if _TEST.fullmatch(part)), len(parts))
    folder, name = "/".join(parts[:place]), "".join(parts[place : place + 1])
    inner = parts[place + 1 :]
    return CaseId("", (folder,) if folder else (), name, "".join(f"/{part}" for part in inner))


def unbuilt(cases: Iterable[CaseResult]) -> str:
    """What the compiler says of the first package that does not compile, with file and line; empty if all do."""
    errors = (case.message for case in cases if case.outcome is Outcome.ERROR)
    found = (message.removeprefix(_UNBUILT) for message in errors if message.startswith(_UNBUILT))
    return next(found, "")[:_MAX_LINE]


def _line(result: CommandResult, start: str) -> str:
    lines = result.stderr.decode(errors="replace").splitlines()
    found = [line.removeprefix(start) for line in lines if line.startswith(start)]
    return (found or [""])[-1].strip()[:_MAX_LINE]


def _error(result: CommandResult) -> str:
    return _line(result, "error: ")


def _refusal(result: CommandResult) -> str:
    return _line(result, "refused: ")


def _explained(text: str) -> str:
    return text.partition("\n")[0][:_MAX_LINE]


GO_TEST = Runner("go test", case_id, _error, _explained, _NO_TESTS, _REFUSED, _refusal)
"""How the driver reports: see `driver/main.go`."""
