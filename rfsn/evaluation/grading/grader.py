"""Grading one row: its predictions on the base, with the tests and their configuration as the row has them.

What a patch says of tests, of their configuration and of whatever else the buildpack protects is set aside, so that
code under test cannot choose what is run. Results are those of the verdict: signed by id, by an exit code that agrees.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from buildpacks import RunRequest, SuiteReport
from buildpacks.generic import GenericBuildpack
from gate import Change, FileChange
from rfsn.compose import opened_suite
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.evaluation.clones import clone_of
from rfsn.evaluation.grading.causes import NO_TESTS_COLLECTED, cause_in
from rfsn.evaluation.grading.logs import END, EXIT_CODE, START, blank_report, contradicts, filled_report
from rfsn.evaluation.grading.parsers import Parser, parser_named
from rfsn.evaluation.grading.rows import Row
from rfsn.evaluation.grading.rules import Expected, statuses_of, told
from rfsn.machine.home import temporary_folder
from rfsn.machine.text import one_line
from rfsn.project.fence import Fence
from rfsn.project.layout import Layout
from rfsn.source.patching import DoesNotApply, changes_of
from rfsn.source.snapshot import paths_of
from rfsn.source.source import take_source
from rfsn.trials.suite import Suite
from sandbox import Ending, UnsafePath

__all__ = ["Grade", "Grader", "Status", "opened_grader"]

type Status = Literal["resolved", "unresolved", "error", "infra_failure"]
"""How a grading ended."""

_LONGEST_LINE = 10_000
"""No test has an id of more characters: a parser need not look at longer lines of a hostile output."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How a prediction ended.

    `report` has the fields of the harness's report, if the tests were run. `cause` is the harness's word for what may
    be at fault besides the patch, and `reason` says what is wrong in words. `basis` is what the results rest on: `ids`
    of signed results, or the `output`, which the code under test can write. `set_aside` are the files of the patch that
    the tests did not see. `output` is the log: of the tests, or of the tools that did not apply the patch. `seconds`
    are without those that the row's environment took to make (`environment_seconds`), once for all that is graded on
    it.
    """

    status: Status
    report: dict[str, Any] | None = None
    reason: str = ""
    cause: str = ""
    basis: str = ""
    set_aside: tuple[str, ...] = ()
    output: str = ""
    seconds: float = 0.0
    environment_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Run:
    """The statuses of a run by test; `why` it cannot be trusted, if it cannot; and its log.

    `reports` is whether any test was loaded, whatever became of it.
    """

    statuses: dict[str, str]
    output: str
    basis: str
    reports: bool
    why: str = ""
    note: str = ""
    timed_out: bool = False


class Grader:
    """A row whose base and environment are there; `grade` may be called many times."""

    def __init__(self, row: Row, plain: Path, layout: Layout, suite: Suite, scratch: Path) -> None:
        """`plain` is the base without the row's tests, on which patches are made; `layout` is of the base with them."""
        self._row = row
        self._plain = plain
        self._layout = layout
        self._suite = suite
        self._scratch = scratch
        self._tests = frozenset(paths_of(row.instance.test_patch)) if row.instance.test_patch else frozenset()
        self._fence = Fence(layout.view, layout.parts, layout.config)
        self._parser: Parser | None = None
        self.environment_s = 0.0
        if isinstance(layout.parts[0].pack, GenericBuildpack):
            if not row.log_parser:
                raise UsageError("no buildpack knows the runner of the test command, and the row has no log_parser")
            self._parser = parser_named(row.log_parser)

    def grade(self, patch: str) -> Grade:
        """Grade a patch, or the base if it is empty. Raises `InfraError` or `SandboxError` if the machine fails."""
        return replace(self._timed(patch), environment_seconds=self.environment_s)

    def _timed(self, patch: str) -> Grade:
        began = time.monotonic()
        set_aside: tuple[str, ...] = ()
        try:
            files = self._changes(patch) if patch else {}
            set_aside = tuple(path for path in files if path in self._tests or self._fence.protected(path))
            change = Change({path: file for path, file in files.items() if path not in set_aside})
            run = self._run_output(change) if self._parser else self._run_ids(change)
        except (DoesNotApply, UnsafePath) as error:
            said = error.said if isinstance(error, DoesNotApply) else ""
            return Grade("error", reason=str(error), output=said, seconds=_since(began))
        grade = self._graded(run)
        return replace(grade, set_aside=set_aside, output=run.output, basis=run.basis, seconds=_since(began))

    def _changes(self, patch: str) -> dict[str, FileChange]:
        return changes_of(patch, self._plain, self._scratch / "patching", sandbox=self._layout.config.sandbox)

    def _graded(self, run: _Run) -> Grade:
        if run.timed_out:
            return Grade("error", reason=run.why, cause="tests_timed_out")
        # Only the base can show that the machine is at fault, or a patch could choose how it fails.
        broken = "" if run.reports else self._base_problem
        why = f"no test runs on the base either: {broken}" if broken else run.why
        # What passes before and after ran on this base once. Without such tests, that none runs may be the bug itself.
        if broken and self._row.expected.pass_to_pass:
            return Grade("infra_failure", reason=why, cause="infra_failure")
        report = blank_report() | {"patch_exists": True}
        if not why:
            report = filled_report(report, run.statuses, self._row.expected)
            if report["resolved"]:
                return Grade("resolved", report, run.note)
            return Grade("unresolved", report, "; ".join(filter(None, (told(report["tests_status"]), run.note))))
        # No test can be said to have passed, also where an absent failure would count as a pass.
        expected = Expected(self._row.expected.fail_to_pass, self._row.expected.pass_to_pass)
        report = filled_report(report, {}, expected) | {"resolved": False}
        cause = NO_TESTS_COLLECTED if broken else cause_in(why)
        return Grade("unresolved", report, why, cause.reason if cause else "")

    def _run_ids(self, change: Change) -> _Run:
        limit_s = self._layout.config.time_limit
        request = RunRequest(case_limit_s=limit_s, hang_budget_s=limit_s, canaries=True)
        report = self._suite.run_tests(request, limit_s, change)
        timed_out = bool(report.problem) and report.duration_s >= limit_s
        why = self._distrust(report)
        statuses = {} if why else statuses_of(report, self._row.expected)
        note = "" if why else report.problem
        return _Run(statuses, _log(report, why), "ids", _loaded(report), why, note, timed_out)

    def _distrust(self, report: SuiteReport) -> str:
        """Why the results of a run count for nothing; empty if they count."""
        if report.forged or not report.cases:
            return report.problem or "no test reported a result"
        for part in report.part_runs:
            if not part.problem and (part.exit_code == 0) == part.failing:
                return f"exit code {part.exit_code}, though {'a' if part.failing else 'no'} test failed"
        if any(not canary.outcome.failing for canary in report.canaries) and self._canaries_fail:
            return "tests that must fail did not, so results are forged or hidden"
        return ""

    @cached_property
    def _canaries_fail(self) -> bool:
        """Whether the tests that must fail do so on the base: where they do not, they show nothing."""
        return all(canary.outcome.failing for canary in self._base.canaries)

    @cached_property
    def _base(self) -> SuiteReport:
        limit_s = self._layout.config.time_limit
        return self._suite.run_tests(RunRequest(case_limit_s=limit_s, canaries=True), limit_s)

    @cached_property
    def _base_problem(self) -> str:
        """Why no test runs on the base either; empty if one does.

        If none has to go on passing, a base is sound whose tests are not loaded for want of what the fix adds.
        """
        if self._parser:
            run = self._run_output(None)
            return "" if run.reports else run.why
        if _loaded(self._base):
            return ""
        whole = self._base.cases if self._row.expected.pass_to_pass else ()
        return self._base.problem or next((case.reason for case in whole), "")

    def _run_output(self, change: Change | None) -> _Run:
        assert self._parser is not None
        limit_s = self._layout.config.time_limit
        ran = self._suite.run_command(self._layout.plans[0].test, limit_s, change)
        text = b"\n".join((ran.stdout, ran.stderr)).decode(errors="replace")
        output = f"{START}\n{text}\n{END}\n{EXIT_CODE}: {ran.exit_code}\n"
        if ran.ending is not Ending.EXITED:
            why = f"the test command did not finish ({ran.ending}) after {ran.duration_s:.0f} s"
            return _Run({}, output, "output", reports=False, why=why, timed_out=ran.ending is Ending.TIMEOUT)
        statuses = self._parser("\n".join(line[:_LONGEST_LINE] for line in text.splitlines()))
        why = "" if statuses else f"{self._row.log_parser} finds no test in the output"
        if contradicts(ran.exit_code, statuses):
            why = f"exit code {ran.exit_code}, though no test failed"
        return _Run(statuses, output, "output", bool(statuses), why)


@contextmanager
def opened_grader(row: Row, config: Config, repos: Path | None) -> Iterator[Grader]:
    """A grader for a row, whose base is taken and whose environment is made, for the block.

    Raises `UsageError`, `InfraError` or `SandboxError` if that cannot be done.
    """
    instance = row.instance
    clone = clone_of(instance, repos)
    variables, command = instance.bare_command
    update: dict[str, Any] = {"test": command, "packages": instance.packages, "python": instance.python}
    config = config.model_copy(update=update | {"env": {**config.env, **variables}})
    with temporary_folder() as folder:
        plain, base, scratch = (Path(folder) / name for name in ("plain", "base", "scratch"))
        scratch.mkdir()
        take_source(str(clone), instance.base_commit, plain, sandbox=config.sandbox)
        snapshot = take_source(str(clone), instance.base_commit, base, instance.test_patch, sandbox=config.sandbox)
        layout = Layout(base, config, snapshot.version)
        began = time.monotonic()
        with opened_suite(layout, scratch) as suite:
            grader = Grader(row, plain, layout, suite, scratch)
            grader.environment_s = _since(began)
            yield grader


def _loaded(report: SuiteReport) -> bool:
    return any(not case.unloaded for case in report.cases)


def _log(report: SuiteReport, why: str) -> str:
    """The results of a run as the log of a test command, which the harness could grade as well."""
    cases = (*report.cases, *report.canaries)
    messages = {case.id: f" - {case.message}" if case.message else "" for case in cases}
    statuses = statuses_of(replace(report, cases=cases))
    lines = [START, *(one_line(f"{status} {id}{messages[id]}") for id, status in statuses.items())]
    lines += [END, f"{EXIT_CODE}: {report.exit_code}"]
    return "\n".join([*lines, *([f"Not trusted: {one_line(why)}"] if why else ()), ""])


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
