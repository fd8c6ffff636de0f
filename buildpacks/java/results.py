"""Reads what the driver reports: the parts of its ids, and the lines of its output that name an error."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buildpacks.report import Runner
from buildpacks.results import CaseId, CaseResult, Outcome
from sandbox import CommandResult

__all__ = ["JAVA", "case_id", "unbuilt"]

_PARTS = re.compile(r"(?s)(?P<name>[^\[(]*)(?P<parameters>.*)")
_UNBUILT = "does not compile: "
_NO_TESTS = 5
_REFUSED = 4
_MAX_LINE = 300


def case_id(id: str) -> CaseId:
    """The parts of `path/to/ThingTest.java::ThingTest::Inner::name(types)[2]`.

    `[build]` stands for the tests of a module that has none and does not compile.
    """
    place = len(id) if "::" not in id else min(at for at in (id.find("["), id.find("("), len(id)) if at >= 0)
    file, *scope = id[:place].split("::")
    if not scope:
        return CaseId(file)
    match = _PARTS.fullmatch(scope.pop() + id[place:])
    name, parameters = (match["name"], match["parameters"]) if match else ("", "")
    return CaseId(file, tuple(scope), name or parameters, parameters if name else "")


def unbuilt(cases: Iterable[CaseResult]) -> str:
    """What the compiler says of the first code that does not compile, with file and line; empty if all does."""
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


JAVA = Runner("the driver of Java", case_id, _error, _explained, _NO_TESTS, _REFUSED, _refusal)
"""How the driver reports: see `driver/driver/Driver.java`."""
