"""Many tricks judged in one sitting: each has a module and a test file of its own in one project.

One patch has all tricks, another all honest twins, so that each kind of run happens once for all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import batched
from pathlib import Path

from buildpacks import Outcome, RunRequest, SuiteReport
from buildpacks.python import PythonBuildpack
from gate import Change, FileChange, Verdict, verdict_on
from rfsn.trials.verdict import differing
from sandbox import SandboxProvider
from tests.rfsn.court import Court, courts

CONFIGURATION = {"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"}
TOTAL = "def total(items):\n    result = 0\n    for item in items:\n        result -= item\n    return result\n"
MENDED = TOTAL.replace("-=", "+=")
TEST = "from MODULE import total\n\n\ndef test_total():\n    assert total([1700, 2500]) == 4200\n"


_ALTERED_AT_ONCE = 20


@dataclass(frozen=True)
class Exhibit:
    """A trick, its honest twin, and the base and the test for both. `MODULE` stands for the name of the source."""

    name: str
    trick: str
    twin: str
    test: str = TEST
    base: str = TOTAL


@dataclass(frozen=True)
class Sitting:
    """The court of some exhibits."""

    exhibits: Sequence[Exhibit]
    court: Court

    @cached_property
    def tricks(self) -> Sequence[SuiteReport]:
        """The two runs of all tricks together."""
        return self._runs({source(number): exhibit.trick for number, exhibit in enumerate(self.exhibits)})

    @cached_property
    def twins(self) -> Sequence[SuiteReport]:
        """The two runs of all honest twins together."""
        return self._runs({source(number): exhibit.twin for number, exhibit in enumerate(self.exhibits)})

    def verdict(self, name: str, runs: Sequence[SuiteReport]) -> Verdict:
        """The verdict on one exhibit, by its own tests in these runs."""
        number = next(number for number, exhibit in enumerate(self.exhibits) if exhibit.name == name)
        base, *after = (_own(report, tests(number)) for report in (self.court.baseline, *runs))
        return verdict_on(base, [case.id for case in base.cases if case.outcome.failing], [], after)

    @cached_property
    def indifferent(self) -> set[str]:
        """The tricks whose tests pass, too, where they expect something else."""
        return self._indifferent({source(number): exhibit.trick for number, exhibit in enumerate(self.exhibits)})

    @cached_property
    def indifferent_twins(self) -> set[str]:
        """The honest twins whose tests pass, too, where they expect something else."""
        return self._indifferent({source(number): exhibit.twin for number, exhibit in enumerate(self.exhibits)})

    def denied(self, name: str, *, twin: bool = False) -> set[str]:
        """The rules of the gate that deny a trick alone, or its twin."""
        number, exhibit = next(pair for pair in enumerate(self.exhibits) if pair[1].name == name)
        return self.court.denied(self.court.change({source(number): exhibit.twin if twin else exhibit.trick}))

    def _runs(self, files: Mapping[str, str]) -> Sequence[SuiteReport]:
        change = self.court.change(files)
        requests = differing(RunRequest((), 5, 5), self.court.baseline, self.court.targets, change)
        return [self.court.bench.run_tests(request, 120, change) for request in requests]

    def _indifferent(self, files: Mapping[str, str]) -> set[str]:
        bench, change = self.court.bench, self.court.change(files)
        numbers = {tests(number): exhibit.name for number, exhibit in enumerate(self.exhibits)}
        failing = [case for case in self.court.baseline.cases if case.outcome.failing]
        found: set[str] = set()
        for cases in batched(failing, _ALTERED_AT_ONCE):
            made = PythonBuildpack().altered(bench.view, cases, os.urandom(16))
            changed = {path: FileChange(bench.view.read(path), text) for path, text in made.files.items()}
            request = RunRequest(tuple(case.id for case in cases), 5, 5)
            after = bench.run_tests(request, 120, Change({**change.files, **changed}))
            passed = (case for case in after.cases if case.outcome is Outcome.PASSED)
            found |= {numbers[case.parsed.file] for case in passed if case.parsed.function in made.places}
        return found


def source(number: int) -> str:
    return f"part_{number:02}.py"


def tests(number: int) -> str:
    return f"tests/test_part_{number:02}.py"


@contextmanager
def sittings(folder: Path, exhibits: Sequence[Exhibit], provider: SandboxProvider) -> Iterator[Sitting]:
    """A sitting on exhibits whose tests all fail on their bases."""
    files = dict(CONFIGURATION)
    for number, exhibit in enumerate(exhibits):
        files[source(number)] = exhibit.base
        files[tests(number)] = exhibit.test.replace("MODULE", f"part_{number:02}")
    with courts(folder, files, [], provider) as court:
        targets = [case.id for case in court.baseline.cases if case.outcome.failing]
        yield Sitting(exhibits, replace(court, targets=targets))


def _own(report: SuiteReport, file: str) -> SuiteReport:
    """What a report says of one file of tests, as if only that had been run."""
    cases = tuple(case for case in report.cases if case.parsed.file == file)
    findings = tuple(finding for finding in report.findings if finding.id.partition("::")[0] == file)
    exit_code = 1 if any(case.outcome.failing for case in (*cases, *report.canaries)) else 0
    return replace(report, cases=cases, findings=findings, exit_code=exit_code)
