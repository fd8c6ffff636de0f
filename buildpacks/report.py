"""What a cold run says, and whether it can be trusted: the same for the runner of every language.

A run is trusted where the command ended by itself, the results are the runner's own (see `buildpacks.records`), the
exit code is the one that the runner was about to end with, and the tests that must fail were added where they were
asked for. Whether those failed, and whether every test is there, is for the verdict to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from buildpacks.api import RunRequest, RunResult
from buildpacks.records import RecordError, Records, read_records
from buildpacks.results import CaseId, Outcome, SuiteReport
from sandbox import CommandResult, Ending

__all__ = ["Runner", "report_of"]

_MAX_SAID = 300
_NOTHING = Records((), (), None)


@dataclass(frozen=True, slots=True)
class Runner:
    """What a buildpack knows of its test runner.

    `case_id` takes an id apart, `error` finds the line of the output that names an error, where there is one, and
    `explain` that of a failure's message. `no_tests` is the exit code of a run without tests and `usage_error` that of
    a command line that the runner refuses, where it has such codes; `refusal` finds what it says then.
    """

    name: str
    case_id: Callable[[str], CaseId]
    error: Callable[[CommandResult], str]
    explain: Callable[[str], str]
    no_tests: int | None = None
    usage_error: int | None = None
    refusal: Callable[[CommandResult], str] = lambda _: ""


def _signed(result: RunResult, key: bytes) -> Records:
    return read_records(result.command.stdout, key)


def report_of(
    request: RunRequest,
    result: RunResult,
    runner: Runner,
    read: Callable[[RunResult, bytes], Records] = _signed,
) -> SuiteReport:
    """The report of a run, with what is wrong with it where something is.

    `read` gets the records of a run from how it ended and the key; it raises `RecordError` where they are not, or not
    only, the runner's own.
    """
    command = result.command

    def report(records: Records = _NOTHING, problem: str = "", *, forged: bool = False) -> SuiteReport:
        ended = records.end is not None or command.exit_code == runner.usage_error
        return SuiteReport(
            tuple(replace(case, parts=runner.case_id(case.id)) for case in records.cases),
            command.exit_code,
            command.duration_s,
            problem=problem,
            crashed=command.ending is Ending.EXITED and not ended and not forged,
            canaries=records.canaries,
            forged=forged,
        )

    if command.ending is not Ending.EXITED:
        return report(problem=f"the test command did not finish ({command.ending}) after {command.duration_s:.0f} s")
    try:
        records = read(result, request.key)
    except RecordError as error:
        return report(problem=str(error), forged=True)
    if records.end is None:
        what = "ended before all results were there" if records.cases else "could not run"
        return report(problem=f"the tests {what} (exit code {command.exit_code}): {_cause(command, runner)}")
    if records.end != command.exit_code:
        why = f"the runner was about to end with {records.end}, and the process ended with {command.exit_code}"
        return report(records, why, forged=True)
    if not records.cases and command.exit_code == runner.usage_error and (why := runner.refusal(command)):
        return report(problem=f"{runner.name} refuses the test command: {why}")
    if not records.cases or command.exit_code == runner.no_tests:
        why = runner.error(command)
        return replace(report(records, f"no tests were found: {why}" if why else "no tests were found"), empty=True)
    for case in records.cases:
        if case.outcome is Outcome.ERROR and not runner.case_id(case.id).name:
            why = runner.explain(case.message) or _cause(command, runner)
            return report(records, f"{case.id} could not be collected: {why}")
    if request.canaries and not records.canaries:
        return report(records, "the tests that must fail were not added", forged=True)
    return report(records)


def _cause(command: CommandResult, runner: Runner) -> str:
    """The line of the output that says most: one that names an error, else the last one."""
    lines = command.stderr.decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return runner.error(command) or (said or [""])[-1][:_MAX_SAID]
