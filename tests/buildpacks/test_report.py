"""What a cold run says, and whether it can be trusted, whichever the runner is."""

from __future__ import annotations

import pytest

from buildpacks import CaseId, CaseResult, Outcome, RunRequest, RunResult, SuiteReport
from buildpacks.records import RecordError, Records
from buildpacks.report import Runner, report_of
from sandbox import CommandResult, Ending

PASSED = CaseResult("suite/one", Outcome.PASSED)
UNCOLLECTED = CaseResult("suite", Outcome.ERROR, message="no such module: x\nin suite")
CANARY = CaseResult("suite/canary", Outcome.FAILED)
REQUEST = RunRequest(canaries=True)


def parts(id: str) -> CaseId:
    file, _, name = id.partition("/")
    return CaseId(file, (), name)


def first_error(result: CommandResult) -> str:
    return next((line for line in result.stderr.decode().splitlines() if line.startswith("error")), "")


RUNNER = Runner(
    "toy",
    parts,
    first_error,
    lambda message: message.partition("\n")[0],
    no_tests=9,
    usage_error=8,
    refusal=lambda result: result.stderr.decode().strip(),
)


def run(
    records: Records | Exception, code: int | None = 0, stderr: bytes = b"", ending: Ending = Ending.EXITED
) -> SuiteReport:
    def read(result: RunResult, key: bytes) -> Records:
        assert (result.outputs, key) == ({"results.xml": b"<suite/>"}, REQUEST.key)
        if isinstance(records, Exception):
            raise records
        return records

    command = CommandResult(code, b"", stderr, 1.0, 0.5, ending)
    return report_of(REQUEST, RunResult(command, {"results.xml": b"<suite/>"}), RUNNER, read)


def test_a_sound_run_has_its_cases_in_their_parts() -> None:
    report = run(Records((PASSED,), (CANARY,), 1), 1)
    assert (report.problem, report.forged, report.crashed, report.empty) == ("", False, False, False)
    assert [(case.id, case.parts) for case in report.cases] == [("suite/one", CaseId("suite", (), "one"))]
    assert report.canaries == (CANARY,)


@pytest.mark.parametrize(
    ("report", "problem", "flags"),
    [
        (run(RecordError("line 3 was not written by the runner")), "line 3 was not written by the runner", "forged"),
        (run(Records((PASSED,), (CANARY,), 1), 0), "the runner was about to end with 1, and", "forged"),
        (run(Records((PASSED,), (), 1), 1), "the tests that must fail were not added", "forged"),
        (run(Records((), (), None), 134, b"error: o\nx"), "the tests could not run (exit code 134): error", "crashed"),
        (run(Records((PASSED,), (), None), 0, b"bye\n"), "the tests ended before all results were there", "crashed"),
        (run(Records((), (), None), None, ending=Ending.TIMEOUT), "the test command did not finish (timeout)", ""),
        (run(Records((), (), 9), 9), "no tests were found", "empty"),
        (run(Records((), (), 9), 9, b"error: no such folder\n"), "no tests were found: error: no such folder", "empty"),
        (run(Records((), (), 8), 8, b"unknown option --x\n"), "toy refuses the test command: unknown option --x", ""),
        (run(Records((UNCOLLECTED,), (CANARY,), 1), 1), "suite could not be collected: no such module: x", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_run(report: SuiteReport, problem: str, flags: str) -> None:
    assert report.problem.startswith(problem), report.problem
    found = {flag for flag in ("forged", "crashed", "empty") if getattr(report, flag)}
    assert found == set(filter(None, [flags]))
