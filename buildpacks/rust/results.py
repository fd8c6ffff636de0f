"""Reads what the driver reports: the parts of its ids, and the lines of its output that name an error."""

from __future__ import annotations

from collections.abc import Iterable

from buildpacks.report import Runner
from buildpacks.results import CaseId, CaseResult, Outcome
from sandbox import CommandResult

__all__ = ["CARGO_TEST", "case_id", "unbuilt"]

_UNBUILT = "it does not compile: "
_SOURCE = ".rs::"
_NO_TESTS = 5
_REFUSED = 4
_MAX_LINE = 300


def case_id(id: str) -> CaseId:
    """The parts of `src/lib.rs::module::name`: the source of the test target, the modules, and the test.

    `[build]` stands for the tests of a source that has none and does not compile.
    """
    place = id.find(_SOURCE)
    if place < 0:
        return CaseId(id)
    file = id[: place + len(_SOURCE) - 2]
    *scope, name = id[place + len(_SOURCE) :].split("::")
    return CaseId(file, tuple(scope), name)


def unbuilt(cases: Iterable[CaseResult]) -> str:
    """What the compiler says of the first target that does not compile, with file and line; empty if all do."""
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


CARGO_TEST = Runner("cargo test", case_id, _error, _explained, _NO_TESTS, _REFUSED, _refusal)
"""How the driver reports: see `driver/main.rs`."""
