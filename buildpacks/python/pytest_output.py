"""Reads what pytest writes: the parts of its node ids, and the most informative lines of its output."""

from __future__ import annotations

import re

from buildpacks.report import Runner
from buildpacks.results import CaseId, SuiteReport
from sandbox import CommandResult

__all__ = ["PYTEST", "case_id", "misfit_of"]

_REFUSED = re.compile(r"^\S*: error: (.*)$", re.MULTILINE)
_ERROR = re.compile(r"ERROR|E  |ModuleNotFoundError|ImportError|(INTERNALERROR>\s+)?(\w+\.)*\w+(Error|Exception): ")
# How a plugin or a setting of another time ends a run before it has a case.
_OUT_OF_TIME = re.compile(
    r"no longer supported|(?:was|were|been) removed|removed in pytest|Removed\w*Warning|DeprecationWarning"
    r"|No module named|cannot import name|AttributeError: module |PluginValidationError|unexpected keyword argument"
)
_NO_TESTS = 5
_USAGE_ERROR = 4
_MAX_LINE = 300


def case_id(id: str) -> CaseId:
    """The parts of a node id: `file::Class::function[parameters]`."""
    file, _, inside = id.partition("::")
    function, bracket, parameters = inside.partition("[")
    *scope, name = function.split("::")
    return CaseId(file, tuple(scope), name, bracket + parameters)


def misfit_of(report: SuiteReport) -> str:
    """Why the environment seems to keep tests from being loaded; empty if it does not, or all of them are loaded."""
    found = next((case for case in report.cases if case.unloaded and case.misfit), None)
    if found:
        return found.reason
    return report.problem if not report.cases and _OUT_OF_TIME.search(report.problem) else ""


def _explained(text: str) -> str:
    """The last line of pytest's message, as Python words it."""
    lines = [line.strip().removeprefix("E  ").strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_MAX_LINE] if lines else ""


def _error(result: CommandResult) -> str:
    """The last line of the output that begins like an error of pytest or Python."""
    lines = (line.strip() for line in result.stderr.decode(errors="replace").splitlines())
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or [""])[-1][:_MAX_LINE]


def _refusal(result: CommandResult) -> str:
    refused = _REFUSED.search(result.stderr.decode(errors="replace"))
    return refused[1].strip()[:_MAX_LINE] if refused else ""


PYTEST = Runner("pytest", case_id, _error, _explained, _NO_TESTS, _USAGE_ERROR, _refusal)
