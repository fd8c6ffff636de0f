"""The report of a cold run, and whether it can be trusted: the same for the runner of every language.

A run is trusted if the command ended by itself, the results are the runner's own (see `buildpacks.result_lines`), the
exit code is the one that the runner announced, and the canaries were added if they were asked for. The verdict checks
that they failed and that every test is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from buildpacks.api import RunRequest, RunResult
from buildpacks.result_lines import ResultLineError, ResultLines, read_result_lines
from buildpacks.results import CaseId, CaseResult, Outcome, SuiteReport
from sandbox import CommandResult, Ending

__all__ = ["NO_TESTS", "Runner", "report_of"]

NO_TESTS = "no tests were found"
"""How the problem of a run begins that came to its end without a test."""

_MAX_CAUSE = 300
_NOTHING = ResultLines((), (), None)


@dataclass(frozen=True, slots=True)
class Runner:
    """What a buildpack knows about its test runner.

    `case_id` parses an id; `error` finds the line of the output that names an error, and `explain` the line of a
    failure's message, both empty if there is none. `no_tests` is the exit code of a run without tests and `usage_error`
    the exit code for a command line that the runner refuses, if it has such codes; `refusal` finds the reason then.
    """

    name: str
    case_id: Callable[[str], CaseId]
    error: Callable[[CommandResult], str]
    explain: Callable[[str], str]
    no_tests: int | None = None
    usage_error: int | None = None
    refusal: Callable[[CommandResult], str] = lambda _: ""


def _signed(result: RunResult, key: bytes) -> ResultLines:
    return read_result_lines(result.command.stdout, key)


def report_of(
    request: RunRequest,
    result: RunResult,
    runner: Runner,
    read: Callable[[RunResult, bytes], ResultLines] = _signed,
) -> SuiteReport:
    """The report of a run, with its problem if it has one.

    `read` gets the result lines from the result of the command and the key; it raises `ResultLineError` if a line is
    not the runner's own.
    """
    command = result.command

    def report(results: ResultLines = _NOTHING, problem: str = "", *, forged: bool = False) -> SuiteReport:
        ended = results.end is not None or command.exit_code == runner.usage_error
        return SuiteReport(
            tuple(_known(case, runner, command) for case in results.cases),
            command.exit_code,
            command.duration_s,
            problem=problem,
            crashed=command.ending is Ending.EXITED and not ended and not forged,
            canaries=results.canaries,
            forged=forged,
            findings=results.findings,
            touched=results.touched,
        )

    if command.ending is not Ending.EXITED:
        return report(problem=f"the test command did not finish ({command.ending}) after {command.duration_s:.0f} s")
    try:
        results = read(result, request.key)
    except ResultLineError as error:
        return report(problem=str(error), forged=True)
    if results.end is None:
        what = "ended before all results were there" if results.cases else "could not run"
        return report(problem=f"the tests {what} (exit code {command.exit_code}): {_cause(command, runner)}")
    if results.end != command.exit_code:
        why = f"the runner was about to end with {results.end}, and the process ended with {command.exit_code}"
        return report(results, why, forged=True)
    if not results.cases and command.exit_code == runner.usage_error and (why := runner.refusal(command)):
        return report(problem=f"{runner.name} refuses the test command: {why}")
    if not results.cases and command.exit_code not in (runner.no_tests, runner.usage_error, 0):
        # An internal error of the runner, such as a plugin that it cannot load.
        return report(results, f"the tests could not run (exit code {command.exit_code}): {_cause(command, runner)}")
    if not results.cases or command.exit_code == runner.no_tests:
        why = runner.error(command)
        problem = f"{NO_TESTS}: {why}" if why else NO_TESTS
        # Whatever else ends a run without a test, such as a broken conftest.py, is not the same as having none.
        return replace(report(results, problem), empty=command.exit_code == runner.no_tests)
    for case in results.cases:
        # With frames, it is code of the tree that keeps the tests from being loaded, which a repair may change.
        if case.outcome is Outcome.ERROR and not case.frames and not runner.case_id(case.id).name:
            why = runner.explain(case.message) or _cause(command, runner)
            return report(results, f"{case.id} could not be collected: {why}")
    if request.canaries and not results.canaries and any(runner.case_id(case.id).name for case in results.cases):
        return report(results, "the tests that must fail were not added", forged=True)
    return report(results)


def _known(case: CaseResult, runner: Runner, command: CommandResult) -> CaseResult:
    """A case with the parts of its id. A test that sets the clock makes a duration up: none took longer than all."""
    duration_s = min(max(0.0, case.duration_s), command.duration_s)
    return replace(case, parsed=runner.case_id(case.id), duration_s=duration_s)


def _cause(command: CommandResult, runner: Runner) -> str:
    """The most informative line of the output: one that names an error, else the last one."""
    lines = command.stderr.decode(errors="replace").split("\n")
    stripped = [line.strip() for line in lines if line.strip()]
    return runner.error(command) or (stripped or [""])[-1][:_MAX_CAUSE]
