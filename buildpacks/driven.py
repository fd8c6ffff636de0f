"""What the drivers of the packs for compiled languages say alike.

A driver ends with 5 if there are no tests, and with 4 for a command that it refuses; on standard error, its lines begin
with `error: ` or `refused: `. A test whose code does not compile is an error with a message that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from buildpacks.report import Runner
from buildpacks.results import CaseId, CaseResult, Outcome
from sandbox import CommandResult

__all__ = ["driven", "unbuilt"]

_UNBUILT = re.compile(r"(?:it |the package |the code )?does not compile: ")
_NO_TESTS = 5
_REFUSED = 4
_MAX_LINE = 300


def driven(name: str, case_id: Callable[[str], CaseId]) -> Runner:
    """The runner of such a driver, by the name that messages have for it."""
    return Runner(name, case_id, _error, _explained, _NO_TESTS, _REFUSED, _refusal)


def unbuilt(cases: Iterable[CaseResult]) -> str:
    """What the compiler says of the first code that does not compile, with file and line; empty if all does."""
    errors = ((case.message, _UNBUILT.match(case.message)) for case in cases if case.outcome is Outcome.ERROR)
    return next((message[found.end() :] for message, found in errors if found), "")[:_MAX_LINE]


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
