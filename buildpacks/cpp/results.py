"""Reads what the driver reports: the parts of its ids, and the lines of its output that name an error."""

from __future__ import annotations

from collections.abc import Iterable

from buildpacks.report import Runner
from buildpacks.results import CaseId, CaseResult, Outcome
from sandbox import CommandResult

__all__ = ["DRIVER_RUNS", "case_id", "unbuilt"]

_UNBUILT = "the code does not compile: "
_NO_TESTS = 5
_REFUSED = 4
_MAX_LINE = 300


def case_id(id: str) -> CaseId:
    """The parts of `test::case`: the name of ctest's test or of the command, and the case within it."""
    name, separator, inner = id.partition("::")
    return CaseId("", (), name, f"{separator}{inner}")


def unbuilt(cases: Iterable[CaseResult]) -> str:
    """What the compiler says of code that does not compile, with file and line; empty if all does."""
    errors = (case.message for case in cases if case.outcome is Outcome.ERROR)
    return next((text.removeprefix(_UNBUILT) for text in errors if text.startswith(_UNBUILT)), "")[:_MAX_LINE]


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


DRIVER_RUNS = Runner("ctest", case_id, _error, _explained, _NO_TESTS, _REFUSED, _refusal)
"""How the driver reports: see `driver/main.cpp`."""
