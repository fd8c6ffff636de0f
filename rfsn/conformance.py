"""The conformance kit: whether a buildpack does what its users rely on, tried on real runs in a sandbox.

`rfsn buildpacks check NAME` runs it, and so can the tests of a pack:

    def test_it_conforms():
        assert not [check for check in conform(LuaBuildpack(), CONFORMANCE) if check.problem]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildpacks import API_VERSION, Basis, Buildpack, Outcome, RunRequest, RunResult, SuiteReport
from buildpacks.conformance import Conformance
from gate import Allowed, Change, Denied, FileChange, Gate, verdict_on
from rfsn.compose import opened_suite
from rfsn.config import Config
from rfsn.machine.home import temporary_folder
from rfsn.project.fence import Fence
from rfsn.project.layout import Layout
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.suite import Suite
from sandbox import CommandResult, Ending

__all__ = ["Check", "conform"]

_LIMIT_S = 3.0
"""CPU seconds of a test here: the one that hangs takes as long."""

_SUITE_LIMIT_S = 300.0
_SURE = 0.8
_UNRELATED = {"README": "nothing to test\n", "notes/today.txt": "1\n", "list.csv": "1,2\n", "page.xyz": "1\n"}
_NOISE = b'\xff\x00{]\x1b[2J 0000 {"case": "a", "outcome": "passed"}\n' * 8


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried, and what is wrong with it; empty if nothing is."""

    name: str
    problem: str


def conform(pack: Buildpack, told: Conformance, config: Config | None = None) -> Iterator[Check]:
    """Try everything that `told` makes possible, one thing after another.

    The `config` chooses the sandbox and its image. Raises the errors of sandboxes and environments.
    """
    settings = config or Config()
    yield Check("the API", "" if pack.api_version == API_VERSION else f"it is version {pack.api_version}")
    with _opened(pack, told.files, settings) as (layout, suite):
        kit = _Kit(pack, told, layout, suite)
        for name, check in kit.checks().items():
            yield Check(name, check())
        for name, files in told.forgeries.items():
            yield Check(f"forged results: {name}", kit.forged(files))
    with _opened(pack, told.empty, settings) as (_, suite):
        report = suite.run_tests(RunRequest(), _SUITE_LIMIT_S)
        yield Check("no tests", "" if report.problem and not report.cases else "a project without tests has a report")


@contextmanager
def _opened(pack: Buildpack, files: Mapping[str, str], config: Config) -> Iterator[tuple[Layout, Suite]]:
    with temporary_folder() as scratch:
        base = Path(scratch) / "base"
        take_files(files, "the conformance kit", base)
        layout = Layout(base, config, parts=(Part("", pack),))
        with opened_suite(layout, Path(scratch)) as suite:
            yield layout, suite


class _Kit:
    """The checks on one project. Each returns what is wrong, empty if nothing is."""

    def __init__(self, pack: Buildpack, told: Conformance, layout: Layout, suite: Suite) -> None:
        self._pack = pack
        self._told = told
        self._layout = layout
        self._suite = suite
        self._base = self._run({}, canaries=True)

    def checks(self) -> dict[str, Callable[[], str]]:
        """The checks that every pack gets, by name."""
        return {
            "detection": self._detection,
            "outcomes": self._outcomes,
            "ids": self._ids,
            "a repair": self._repair,
            "tests that must fail": self._canaries,
            "a hang": self._hang,
            "a crash": self._crash,
            "what does not compile or load": self._broken,
            "an edit of a test": self._test_edit,
            "a hostile output": self._noise,
        }

    def forged(self, files: Mapping[str, str]) -> str:
        """Whether results that the code under test makes up are accepted, by the verdict and by the gate."""
        if not self._accepted(files):
            return ""
        harmless = {path: f"{self._told.files.get(path, '')}\n" for path in files}
        denied = isinstance(self._gate(files), Denied) and not isinstance(self._gate(harmless), Denied)
        return "" if denied else "the verdict accepts it, and the gate allows it, or any edit of this file is denied"

    def _run(self, files: Mapping[str, str], *ids: str, canaries: bool = False) -> SuiteReport:
        request = RunRequest(ids, case_limit_s=_LIMIT_S, canaries=canaries, alone=canaries)
        return self._suite.run_tests(request, _SUITE_LIMIT_S, self._change(files))

    def _change(self, files: Mapping[str, str]) -> Change:
        before = {path: self._told.files.get(path) for path in files}
        return Change(
            {
                path: FileChange(None if (old := before[path]) is None else old.encode(), text.encode())
                for path, text in files.items()
            }
        )

    def _accepted(self, files: Mapping[str, str]) -> bool:
        runs = [self._run(files), self._run(files, canaries=True)]
        targets = [id for id, outcome in self._told.cases.items() if outcome.failing]
        return verdict_on(self._base, targets, (), runs).accepted

    def _detection(self) -> str:
        found = self._pack.detect(self._layout.view)
        if found.confidence < _SURE:
            return f"its own project is detected with {found.confidence:g}, and {_SURE:g} is needed"
        with temporary_folder() as folder:
            take_files(_UNRELATED, "the conformance kit", Path(folder) / "base")
            elsewhere = self._pack.detect(Layout(Path(folder) / "base", Config(), parts=self._layout.parts).view)
        return f"a tree of text files is detected with {elsewhere.confidence:g}" if elsewhere.confidence else ""

    def _outcomes(self) -> str:
        found = {case.id: case.outcome for case in self._base.cases}
        if self._base.problem or found != self._told.cases:
            return f"{self._base.problem or found}, not {dict(self._told.cases)}"
        if not any(outcome.failing for outcome in found.values()) or Outcome.PASSED not in found.values():
            return "a project in which a test passes and one fails would show more"
        return "" if self._by_exit_code or self._base.canaries else "no test that must fail was added"

    @property
    def _by_exit_code(self) -> bool:
        return self._base.basis is Basis.EXIT_CODE

    def _ids(self) -> str:
        if self._by_exit_code:
            return ""
        for id, outcome in self._told.cases.items():
            alone = {case.id: case.outcome for case in self._run({}, id).cases}
            if alone.get(id) is not outcome:
                return f"{id}, chosen by its id, is {alone.get(id)}, not {outcome}"
            if set(alone) == set(self._told.cases) and len(alone) > 1:
                return f"{id} was chosen, and all tests were run"
            if not self._pack.case_id(id).name:
                return f"{id} has no name"
        return ""

    def _repair(self) -> str:
        if isinstance(denied := self._gate(self._told.repair), Denied):
            return f"the gate denies the honest repair: {denied.reason}"
        return "" if self._accepted(self._told.repair) else "the verdict rejects the honest repair"

    def _canaries(self) -> str:
        if self._by_exit_code:
            return ""
        if not self._told.forgeries:
            return "there are no forgeries to try"
        again = self._run({}, canaries=True)
        same = {case.id for case in self._base.canaries} & {case.id for case in again.canaries}
        return f"tests that must fail have the same names in every run: {', '.join(sorted(same))}" if same else ""

    def _hang(self) -> str:
        report = self._run(self._told.hang)
        outcomes = {case.id: case.outcome for case in report.cases}
        if not self._by_exit_code and outcomes.get(self._told.hanging) is not Outcome.TIMEOUT:
            return f"{self._told.hanging} is {outcomes.get(self._told.hanging)}, not timeout; {report.problem}"
        return _lost(self._base, report)

    def _crash(self) -> str:
        if self._accepted(self._told.crash):
            return "the verdict accepts it"
        report = self._suite.run_tests(
            RunRequest(case_limit_s=_LIMIT_S), _SUITE_LIMIT_S, self._change(self._told.crash), singly=_LIMIT_S
        )
        if not any(case.outcome.failing for case in report.cases):
            return f"no test is named that fails; {report.problem}"
        return _lost(self._base, report)

    def _broken(self) -> str:
        report = self._run(self._told.broken)
        said = "\n".join((report.problem, report.unbuilt, *(case.reason for case in report.cases)))
        if self._told.complaint not in said:
            return f"{self._told.complaint!r} is not in the report: {said[:500]}"
        return "the verdict accepts it" if self._accepted(self._told.broken) else ""

    def _test_edit(self) -> str:
        path = self._told.test_file
        denied = isinstance(self._gate({path: self._told.files[path] + "\n"}), Denied)
        return "" if denied else f"the gate allows an edit of {path}"

    def _gate(self, files: Mapping[str, str]) -> Allowed | Denied:
        fence = Fence(self._layout.view, self._layout.parts, Config())
        return Gate().check(self._change(files), fence.context())

    def _noise(self) -> str:
        if self._by_exit_code:
            return ""
        command = CommandResult(0, _NOISE, _NOISE, 0.1, 0.0, Ending.EXITED)
        report = self._pack.parse(RunRequest(), RunResult(command, {"a.xml": _NOISE, "a.json": _NOISE}))
        return "" if report.problem and not report.cases else "noise is taken for results"


def _lost(base: SuiteReport, report: SuiteReport) -> str:
    """The tests that a report does not have, but those after the end of a file in which one failed."""
    ended = {case.parsed.file for case in report.cases if case.outcome.failing} - {""}
    lost = {case.id for case in base.cases if case.parsed.file not in ended} - {case.id for case in report.cases}
    return f"not reported: {', '.join(sorted(lost))}; {report.problem}" if lost else ""
